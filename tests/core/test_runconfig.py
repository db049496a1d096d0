"""A run config is judged whole: every error at once, each with its line, and nothing ignored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from qtune.core import runconfig, runfields, runschema, runwords
from qtune.core.runconfig import Defaults, RunConfig
from qtune.core.runlimits import LIMITS
from qtune.core.runproblems import CAUSES, ConfigProblem, RunConfigError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text("{}\n")
    return tmp_path


def load(project: Path, text: str | bytes, *overrides: str) -> RunConfig:
    path = project / "sft.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    defaults = Defaults("Qwen/Qwen3-4B", Path("runs"), project)
    return runconfig.load(path, overrides, defaults=defaults)


def problems(project: Path, text: str | bytes, *overrides: str) -> tuple[ConfigProblem, ...]:
    with pytest.raises(RunConfigError) as caught:
        load(project, text, *overrides)
    return caught.value.problems


def test_a_missing_data_file_is_not_taken_for_a_program(project: Path) -> None:
    (project / "train.py").touch()
    text = "data: train.jsonl\n"
    found = problems(project, text)
    assert [p.code for p in found] == ["CFG009"]
    assert found[0].fix is not None and "train.py" not in found[0].fix.en


def codes(project: Path, text: str | bytes, *overrides: str) -> list[tuple[str, int]]:
    return [(problem.code, problem.line) for problem in problems(project, text, *overrides)]


@pytest.mark.spares("CFG009", "CFG013")
def test_a_file_that_names_only_its_data_gets_every_default(project: Path) -> None:
    config = load(project, "data: data/train.jsonl\n")
    assert config.model == "Qwen/Qwen3-4B"
    assert config.output_dir == project / "runs" / "sft"
    assert config.data[0].path == project / "data" / "train.jsonl"
    assert config.lora == {
        "r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "target_modules": "all-linear",
    }
    assert config.training["learning_rate"] == 1e-4
    assert config.training["save_total_limit"] == 2


@pytest.mark.triggers("CFG004", "CFG005", "CFG006", "CFG007", "CFG008", "CFG009", "CFG012")
def test_every_error_of_a_file_is_told_at_once_in_its_order(project: Path) -> None:
    text = """\
model: Qwen/Qwen3-0.6B
mehtod: sft
data: data/trian.jsonl
tuning: qlroa
lora:
  r: sixteen
  rr: 4
training:
  learning_rate: -1
  deepspeed: ds.json
  output_dir: /tmp/x
  lr_scheduler_type: cosin
max_length: 2048
max_length: 4096
"""
    found = problems(project, text)
    assert [(p.code, p.line) for p in found] == [
        ("CFG005", 2),
        ("CFG009", 3),
        ("CFG007", 4),
        ("CFG006", 6),
        ("CFG005", 7),
        ("CFG007", 9),
        ("CFG012", 10),
        ("CFG008", 11),
        ("CFG007", 12),
        ("CFG004", 14),
    ]
    assert [p.fix.en for p in found if p.fix][:2] == [
        "Did you mean method?",
        "Did you mean train.jsonl?",
    ]
    assert all(p.path == str(project / "sft.yaml") for p in found)


def test_the_message_names_file_and_line_of_each_error(project: Path) -> None:
    with pytest.raises(RunConfigError) as caught:
        load(project, "data: data/train.jsonl\nlora: {r: 0}\ntraining: {seed: -1}\n")
    path = project / "sft.yaml"
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines() == [
        f"{path}:2: CFG007 lora.r: must be at least 1",
        f"{path}:3: CFG007 training.seed: must be from 0 to 4294967295",
    ]
    with pytest.raises(RunConfigError) as caught:
        load(project, "data: data/train.jsonl\nlora: {r: 0}\n")
    assert str(caught.value) == f"{path}:2: lora.r: must be at least 1"  # its code is the error's


@pytest.mark.spares("CFG006")
@pytest.mark.parametrize("written", ["1e-4", "1.0e-4", "0.0001", "1E-4", "+1e-4"])
def test_a_learning_rate_is_a_number_however_it_is_written(project: Path, written: str) -> None:
    config = load(project, f"data: data/train.jsonl\ntraining: {{learning_rate: {written}}}\n")
    assert config.training["learning_rate"] == pytest.approx(1e-4)


@pytest.mark.spares("CFG006", "CFG007")
def test_words_that_yaml_takes_for_booleans_mean_what_the_field_means(project: Path) -> None:
    text = "data: data/train.jsonl\npacking: off\ntraining: {save_strategy: no, tf32: yes}\n"
    config = load(project, text)
    assert config.packing == "false"
    assert config.training["save_strategy"] == "no"
    assert config.training["tf32"] is True


@pytest.mark.triggers("CFG006", "CFG007", "CFG015")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("training: {learning_rate: .inf}", "CFG007"),
        ("training: {learning_rate: .nan}", "CFG007"),
        ("training: {learning_rate: 1e999}", "CFG007"),
        ('training: {learning_rate: "1e-4"}', "CFG006"),
        ("training: {learning_rate: fast}", "CFG006"),
        ("training: {per_device_train_batch_size: 1.5}", "CFG006"),
        ("training: {per_device_train_batch_size: yes}", "CFG006"),
        ("training: {per_device_train_batch_size: 0}", "CFG007"),
        ("training: {save_steps: 2.5}", "CFG007"),
        ("training: [1, 2]", "CFG006"),
        ("training: cosine", "CFG006"),
        ("lora: {target_modules: {q: 1}}", "CFG006"),
        ("lora: {modules_to_save: [a, [b]]}", "CFG006"),
        ("lora: {lora_dropout: 1}", "CFG007"),
        ("max_length: 4", "CFG007"),
        ("max_length: [1]", "CFG006"),
        ("enable_thinking: maybe", "CFG006"),
        ("method: dopo", "CFG007"),
        ("method: {a: 1}", "CFG006"),
        ("output_dir: .", "CFG007"),
        ("output_dir: ..", "CFG007"),
        ("output_dir: sft.yaml", "CFG007"),
        ('output_dir: "a\\0b"', "CFG007"),
        ("model: ./nowhere", "CFG015"),
        ("model: data", "CFG015"),
        ("model: just-a-word", "CFG007"),
        ("model: Qwen/千问", "CFG007"),
        ("model: a--b/c", "CFG007"),
        ("model: o/n.git", "CFG007"),
        ("model: [a]", "CFG006"),
    ],
)
def test_a_value_that_makes_no_sense_is_one_error_at_its_line(
    project: Path, line: str, code: str
) -> None:
    assert codes(project, f"data: data/train.jsonl\n{line}\n") == [(code, 2)]


@pytest.mark.spares("CFG001", "CFG003", "CFG004", "CFG005", "CFG007", "CFG008", "CFG014")
@pytest.mark.parametrize(
    "text",
    [
        "#" * ((1 << 20) - 40) + "\n",  # just short of the largest file that is read
        "enable_thinking: &yes true\ntraining: {tf32: *yes}\n",
        "lora: {r: 8}\ntraining: {seed: 8}\nmax_length: 8_192\n",
        "lora:\n  lora_dropout: 0\n  r: 1\ntraining:\n  seed: 4294967295\nmax_length: 16\n",
        "training: {warmup_steps: 3, adam_beta1: 0.9}\n",  # fields of the library that are the user's
        "output_dir: runs/push_to_hub\n",
        "lora: {r: 8}\ntraining:\n  # seed: 1\n  seed: 2\n",
    ],
)
def test_what_comes_close_to_an_error_and_is_none(project: Path, text: str) -> None:
    config = load(project, f"data: data/train.jsonl\n{text}")
    assert config.warnings == ()


@pytest.mark.spares("CFG014")
def test_an_unknown_field_of_the_same_version_is_an_error_and_no_warning(project: Path) -> None:
    text = "data: data/train.jsonl\ntraining: {brand_new: 3}\n"
    assert codes(project, text) == [("CFG005", 2)]


@pytest.mark.triggers("CFG009", "CFG015")
def test_no_path_is_too_odd_for_an_error_with_a_line(project: Path) -> None:
    """A path that just fits, and one behind a link to itself, which some calls answer with a crash."""
    (project / "loop").symlink_to("loop")
    longest = ("a/" * 4096)[: 4090 - len(f"{project}/")]
    assert codes(project, f"data: data/train.jsonl\nmodel: {longest}\n") in (
        [("CFG015", 2)],
        [("CFG007", 2)],
    )
    assert codes(project, "data: data/train.jsonl\nmodel: ./loop\n") == [("CFG015", 2)]
    assert codes(project, "data: loop\n") == [("CFG009", 1)]
    config = load(project, "data: data/train.jsonl\noutput_dir: loop\n")
    assert config.output_dir == project / "loop"  # training will say that it cannot be made


@pytest.mark.triggers("CFG012")
@pytest.mark.parametrize(
    "line",
    [
        "training: {deepspeed: ds.json}",
        "training: {optim: galore_adamw}",
        "training: {train_sampling_strategy: batch_rebalance}",
        "training: {optim_target_modules: [attn]}",
        "lora: {init_lora_weights: pissa}",
        "lora: {init_lora_weights: eva}",
        "lora: {layer_replication: [[0, 2], [1, 2]]}",
        "lora: {use_qalora: true}",
        "lora: {loftq_config: {loftq_bits: 4}}",
    ],
)
def test_what_qtune_cannot_do_is_refused_and_never_ignored(project: Path, line: str) -> None:
    assert codes(project, f"data: data/train.jsonl\n{line}\n") == [("CFG012", 2)]


@pytest.mark.spares("CFG008", "CFG012")
def test_switching_off_what_qtune_cannot_do_is_no_request(project: Path) -> None:
    text = "data: data/train.jsonl\ntraining: {deepspeed: null, auto_find_batch_size: false}\n"
    config = load(project, text + "lora: {use_dora: false}\n")
    assert not {"deepspeed", "auto_find_batch_size"} & config.training.keys()
    assert "use_dora" not in config.lora


@pytest.mark.triggers("CFG008")
@pytest.mark.parametrize(
    "field",
    [
        "output_dir",
        "hub_token",
        "push_to_hub",
        "resume_from_checkpoint",
        "bf16",
        "logging_nan_inf_filter",
        "auto_find_batch_size",
        "fsdp",
        "trackio_space_id",
        "prediction_loss_only",
    ],
)
def test_a_field_that_qtune_owns_is_refused_with_a_reason(project: Path, field: str) -> None:
    (found,) = problems(project, f"data: data/train.jsonl\ntraining: {{{field}: true}}\n")
    assert found.code == "CFG008"
    assert ": " in found.message.en and "：" in found.message.zh


@pytest.mark.triggers("CFG008")
def test_code_named_in_a_lora_field_is_refused(project: Path) -> None:
    text = "data: data/train.jsonl\nlora: {megatron_core: os}\n"
    assert codes(project, text) == [("CFG008", 2)]


@pytest.mark.triggers("CFG005")
def test_old_names_are_answered_with_the_new_ones(project: Path) -> None:
    text = (
        "data: data/train.jsonl\ntraining: {warmup_ratio: 0.1}\ncutoff_len: 512\nlearning_rate: 1\n"
    )
    found = problems(project, text)
    assert [(p.code, p.line) for p in found] == [("CFG005", 2), ("CFG005", 3), ("CFG005", 4)]
    fixes = [p.fix.en if p.fix else "" for p in found]
    assert "warmup_steps" in fixes[0]
    assert "max_length" in fixes[1]
    assert fixes[2] == "It belongs under training:"


@pytest.mark.spares("CFG005")
def test_the_older_name_of_gradient_checkpointing_is_understood(project: Path) -> None:
    text = "data: data/train.jsonl\ntraining: {gradient_checkpointing: false}\n"
    config = load(project, text)
    assert config.training["activation_checkpointing"] is False
    assert "gradient_checkpointing" not in config.training


@pytest.mark.triggers("CFG010")
@pytest.mark.spares("CFG010")
def test_values_that_exclude_each_other_are_a_contradiction(project: Path) -> None:
    text = "data: data/train.jsonl\ntraining:\n  max_steps: 5\n  num_train_epochs: 2\n"
    assert codes(project, text) == [("CFG010", 3)]
    only_steps = load(project, "data: data/train.jsonl\ntraining: {max_steps: 5}\n")
    assert "num_train_epochs" not in only_steps.training


@pytest.mark.spares("CFG011")
def test_an_override_wins_over_the_file_and_mends_its_error(project: Path) -> None:
    text = "data: data/train.jsonl\nlora: {r: wrong}\ntraining: {num_train_epochs: 3}\n"
    config = load(project, text, "lora.r=16", "training.max_steps=5", "model=Qwen/Qwen3-8B")
    assert config.lora["r"] == 16
    assert config.training["max_steps"] == 5
    assert "num_train_epochs" not in config.training
    assert config.model == "Qwen/Qwen3-8B"


@pytest.mark.triggers("CFG005", "CFG006", "CFG008", "CFG011")
@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("lora.r", "CFG011"),
        ("=3", "CFG011"),
        ("a..b=3", "CFG011"),
        ("max_length.x=3", "CFG011"),
        ("lora.r=[1", "CFG011"),
        ("lora.r=four", "CFG006"),
        ("lora.rank=4", "CFG005"),
        ("training.push_to_hub=true", "CFG008"),
    ],
)
def test_an_override_that_cannot_be_used_names_the_command_line(
    project: Path, override: str, code: str
) -> None:
    text = "data: data/train.jsonl\nmax_length: 512\n"
    (found,) = problems(project, text, override)
    assert (found.code, found.path, found.line) == (code, "command line", 0)


def test_an_empty_override_takes_the_default_back(project: Path) -> None:
    text = "data: data/train.jsonl\nlora: {r: 64}\nmodel: a/b\n"
    config = load(project, text, "lora.r=", "model=")
    assert (config.lora["r"], config.model) == (8, "Qwen/Qwen3-4B")


@pytest.mark.triggers("CFG001", "CFG002", "CFG003", "CFG013")
@pytest.mark.parametrize(
    ("raw", "code", "line"),
    [
        (b"", "CFG013", 1),
        (b"# nothing\n", "CFG013", 1),
        (b"- a\n- b\n", "CFG006", 1),
        (b"just text\n", "CFG006", 1),
        (b"a: 1\n\tb: 2\n", "CFG003", 2),
        (b"a: [1, 2\nb: 3\n", "CFG003", 2),
        (b"a: 1\n---\nb: 2\n", "CFG003", 2),
        (b"data: x\x00y\n", "CFG003", 1),
        ("data: 数据\n".encode("gbk"), "CFG002", 1),
        ("data: x\n".encode("utf-16"), "CFG002", 1),
        (b"a: &a [*a]\n", "CFG003", 1),
        (b"a: !!python/object/apply:os.system [echo]\n", "CFG005", 1),
        (b"[" * 5000, "CFG003", 1),
        (b"a: " + b"9" * 5000, "CFG003", 1),
        (b"#" * (1 << 20) + b"\n", "CFG001", 1),
    ],
)
def test_hostile_and_broken_files_give_one_clear_error(
    project: Path, raw: bytes, code: str, line: int
) -> None:
    assert (code, line) in codes(project, raw)


def test_an_alias_bomb_is_refused_quickly(project: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert ("CFG003", 1) in [(code, 1) for code, _ in codes(project, "\n".join(rows))]


@pytest.mark.spares("CFG002", "CFG003")
def test_a_bom_and_windows_line_ends_are_welcome(project: Path) -> None:
    config = load(project, b"\xef\xbb\xbfdata: data/train.jsonl\r\nmax_length: 512\r\n")
    assert config.max_length == 512


@pytest.mark.triggers("CFG001")
def test_a_missing_file_and_a_folder_are_told_apart(project: Path) -> None:
    defaults = Defaults("a/b", Path("runs"), project)
    for path in (project / "absent.yaml", project / "data"):
        with pytest.raises(RunConfigError) as caught:
            runconfig.load(path, defaults=defaults)
        assert caught.value.code == "CFG001"
        assert str(path) in str(caught.value)


@pytest.mark.triggers("CFG013")
@pytest.mark.spares("CFG009")
def test_data_may_be_a_list_with_formats(project: Path) -> None:
    (project / "b.json").write_text("[]")
    text = "data:\n  - path: data/train.jsonl\n    format: alpaca\n    weight: 1\n  - b.json\n"
    config = load(project, text)
    assert [(s.path.name, s.format) for s in config.data] == [
        ("train.jsonl", "alpaca"),
        ("b.json", "auto"),
    ]
    bad = (
        "data:\n  - {pth: a}\n  - {path: data/train.jsonl, weight: 0, format: sharegtp}\n"
        "  - {path: data/train.jsonl, split: ../x, hub: github}\n  - []\n"
    )
    assert codes(project, bad) == [
        ("CFG013", 2),
        ("CFG005", 2),
        ("CFG007", 3),
        ("CFG007", 3),
        ("CFG007", 4),
        ("CFG010", 4),
        ("CFG007", 4),
        ("CFG006", 5),
    ]


@pytest.mark.triggers("CFG009")
def test_a_data_file_beside_the_config_is_pointed_at(project: Path) -> None:
    folder = project / "configs"
    folder.mkdir()
    (folder / "rows.jsonl").write_text("{}\n")
    path = folder / "sft.yaml"
    path.write_text("data: rows.jsonl\n")
    with pytest.raises(RunConfigError) as caught:
        runconfig.load(path, defaults=Defaults("a/b", Path("runs"), project))
    (found,) = caught.value.problems
    assert found.code == "CFG009"
    assert found.fix is not None and str(folder / "rows.jsonl") in found.fix.en


@pytest.mark.spares("CFG015")
def test_a_local_folder_with_a_config_is_a_model(project: Path) -> None:
    (project / "mine").mkdir()
    (project / "mine" / "config.json").write_text("{}")
    config = load(project, "data: data/train.jsonl\nmodel: ./mine\n")
    assert config.model_path == project / "mine"
    assert load(project, "data: quickstart\nmodel: quickstart\n").model_path is None


def test_the_resolved_config_reads_back_to_itself(project: Path) -> None:
    text = "data: data/train.jsonl\nlora: {r: 4}\ntraining: {max_steps: 7, learning_rate: 3e-5}\n"
    config = load(project, text + "enable_thinking: false\npacking: no\n")
    written = yaml.safe_dump(runconfig.recorded(config), allow_unicode=True)
    assert load(project, written) == config


@pytest.mark.triggers("CFG014")
def test_an_unknown_field_is_a_warning_when_the_library_is_another_version(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runschema, "version", lambda library: "99.0")
    config = load(project, "data: data/train.jsonl\ntraining: {brand_new: 3}\n")
    assert config.training["brand_new"] == 3
    (warning,) = config.warnings
    assert (warning.code, warning.severity, warning.line) == ("CFG014", "warning", 2)


def test_every_closed_field_word_and_limit_names_a_real_field() -> None:
    """A table that names a field the library has dropped would refuse nothing."""
    known = {
        section: set(runschema.schema(section).fields)
        for section in ("lora", "training", "preference", *runschema.OF_PREFERENCE)
    }
    for section in ("lora", "training", "preference"):
        assert set(runfields.CLOSED[section]) <= known[section]
    assert set(LIMITS) <= known["lora"] | known["training"] | known["preference"]
    for section, key, *_ in (*runwords.CHOICES, *runwords.REFUSED_WORDS, *runwords.AUTO):
        assert key in known[section]


def test_every_code_is_in_the_catalogue_with_both_languages() -> None:
    assert sorted(CAUSES) == [f"CFG{n:03}" for n in range(1, len(CAUSES) + 1)]
    for cause in CAUSES.values():
        assert cause.text.en and any("一" <= char <= "鿿" for char in cause.text.zh)


def test_reading_a_config_imports_no_heavy_package(project: Path) -> None:
    load(project, "data: data/train.jsonl\n")
    code = (
        "import sys; from pathlib import Path; from qtune.core import runconfig as r;"
        f"root = Path({str(project)!r});"
        "r.load(root / 'sft.yaml', defaults=r.Defaults('a/b', Path('runs'), root));"
        "print({'torch', 'transformers', 'peft', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
