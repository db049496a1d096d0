"""What is wrong with a run config is told at the very word, with the text to put there where one is certain."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from qtune.doctor.documents.check import check
from qtune.doctor.finding import Applicability, Edit, Finding, Span

HEAD = "model: Qwen/Qwen3-4B\ndata: data/train.jsonl\n"
SAFE, UNSAFE, MANUAL = Applicability.SAFE, Applicability.UNSAFE, Applicability.MANUAL


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    return tmp_path


def found(project: Path, text: str) -> list[Finding]:
    return list(check(text, project / "sft.yaml", project).findings)


def only(project: Path, text: str) -> Finding:
    (finding,) = found(project, text)
    return finding


def _index(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    assert 1 <= line <= len(lines) + 1
    return sum(len(row) + 1 for row in lines[: line - 1]) + column - 1


def under(text: str, span: Span | None) -> str:
    assert span is not None
    begin = _index(text, span.line, span.column)
    return text[begin : _index(text, span.end_line, span.end_column)]


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    (edit,) = edits
    begin = _index(text, edit.span.line, edit.span.column)
    end = _index(text, edit.span.end_line, edit.span.end_column)
    return text[:begin] + edit.text + text[end:]


def mended(project: Path, text: str) -> tuple[str, Applicability]:
    finding = only(project, text)
    assert finding.fix is not None
    return applied(text, finding.fix.edits), finding.fix.applicability


@pytest.mark.parametrize(
    ("wrong", "right", "how", "place"),
    [
        ("tunning: lora", "tuning: lora", SAFE, "tunning"),
        ("Max-Length: 512", "max_length: 512", SAFE, "Max-Length"),
        ("max_lenth: 512", "max_length: 512", SAFE, "max_lenth"),
        ("cutoff_len: 512  # tokens", "max_length: 512  # tokens", SAFE, "cutoff_len"),
        ("finetuning_type: lora", "tuning: lora", SAFE, "finetuning_type"),
        ("training:\n  warmup_ratio: 0.1", "training:\n  warmup_steps: 0.1", SAFE, "warmup_ratio"),
        ("training: {learning_rat: 1e-4}", "training: {learning_rate: 1e-4}", SAFE, "learning_rat"),
        ("training:\n  learn_rates: 1", "training:\n  learning_rate: 1", UNSAFE, "learn_rates"),
        ("training: {seed: '8'}", "training: {seed: 8}", SAFE, "'8'"),
        ('training: {learning_rate: "1e-4"}', "training: {learning_rate: 1e-4}", SAFE, '"1e-4"'),
        ("enable_thinking: ture", "enable_thinking: true", SAFE, "ture"),
        ("training: {lr_scheduler_type: cosin}", "training: {lr_scheduler_type: cosine}", SAFE, "cosin"),
        ("training: {save_strategy: Steps}", "training: {save_strategy: steps}", SAFE, "Steps"),
        ("tuning: lorra", "tuning: lora", SAFE, "lorra"),
        ("tuning: qlroa", "tuning: qlora", SAFE, "qlroa"),
        ("val_size: 0.1", "eval_share: 0.1", SAFE, "val_size"),
        ("method: dpo\npreference: {beat: 0.2}", "method: dpo\npreference: {beta: 0.2}", SAFE, "beat"),
        ("training: {evaluation_strategy: no}", "training: {eval_strategy: no}", SAFE, "evaluation_strategy"),
        ("preference:\n  beta: 0.2\n", "", UNSAFE, "preference"),
        ("training:\n  group_by_length: yes\n  seed: 1",
         "training:\n  train_sampling_strategy: group_by_length\n  seed: 1", SAFE, "group_by_length"),
        ("training:\n  bf16: true # fast\n  seed: 1", "training:\n  seed: 1", UNSAFE, "bf16"),
        ("lora:\n  r: 8\n  use_dora: true", "lora:\n  r: 8\n", UNSAFE, "use_dora"),
        ("max_length: 512\nmax_length: 1024", "max_length: 1024", UNSAFE, "max_length"),
        ("lora:\n  target_modules:\n    - q_proj\n    # mine\n    - v_proj\n\n  r: 8\n  target_modules: all-linear",
         "lora:\n\n  r: 8\n  target_modules: all-linear", UNSAFE, "target_modules"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["", "\n"])
def test_one_certain_text_is_an_edit_of_the_very_word(
    project: Path, wrong: str, right: str, how: Applicability, place: str, newline: str
) -> None:
    text = HEAD + wrong + newline
    finding = only(project, text)
    assert under(text, finding.span) == place
    after, applicability = mended(project, text)
    assert after.rstrip("\n") == (HEAD + right).rstrip("\n")
    assert applicability is how
    assert found(project, after) == []


@pytest.mark.parametrize(
    ("wrong", "written"),
    [
        ("data: data/trian.jsonl", "data: data/train.jsonl"),
        ('data: "data/trian.jsonl"', 'data: "data/train.jsonl"'),
        ("data:\n  - path: ./data/trian.jsonl", "data:\n  - path: ./data/train.jsonl"),
    ],
)
def test_a_data_file_of_nearly_this_name(project: Path, wrong: str, written: str) -> None:
    text = "model: Qwen/Qwen3-4B\n" + wrong + "\n"
    finding = only(project, text)
    assert finding.code == "CFG009"
    after, how = mended(project, text)
    assert (after, how) == ("model: Qwen/Qwen3-4B\n" + written + "\n", UNSAFE)
    assert found(project, after) == []


def test_a_name_that_yaml_would_read_otherwise_is_quoted(project: Path) -> None:
    (project / "data" / "a: #1.jsonl").write_text("{}")
    text = "model: Qwen/Qwen3-4B\ndata: 'data/a: #2.jsonl'\n"
    after, _ = mended(project, text)
    assert after == 'model: Qwen/Qwen3-4B\ndata: "data/a: #1.jsonl"\n'
    assert found(project, after) == []


def test_a_data_file_beside_the_config(project: Path) -> None:
    (project / "runs").mkdir()
    (project / "runs" / "mine.jsonl").write_text("{}")
    text = "model: Qwen/Qwen3-4B\ndata: mine.jsonl\n"
    (finding,) = check(text, project / "runs" / "sft.yaml", project).findings
    assert finding.fix is not None
    assert applied(text, finding.fix.edits) == "model: Qwen/Qwen3-4B\ndata: runs/mine.jsonl\n"


@pytest.mark.parametrize(
    "wrong",
    [
        "tuning: lora\ntunning: lora",  # the right key is there already
        "learning_rate: 1e-4",  # it belongs into another table
        "training: {max_length: 512}",
        "training:\n  warmup_ratio: 5",  # which as warmup_steps would be five steps
        "training: {cutoff_len: 512}",
        "training: {learning_rate: fast}",
        "training: {max_steps: 5, num_train_epochs: 1}",  # which of the two?
        "zzz: 1",
        "training: {bf16: true}",  # its line holds more than this
        "data: data/0000\nmodel: a/b",
    ],
)
def test_no_edit_where_more_than_one_thing_can_be_meant(project: Path, wrong: str) -> None:
    head = "" if "data:" in wrong else HEAD
    for finding in found(project, head + wrong + "\n"):
        assert finding.fix is None or finding.fix.edits == ()


def test_a_key_in_the_wrong_table_is_told_where_it_belongs(project: Path) -> None:
    finding = only(project, HEAD + "training: {max_length: 512}\n")
    assert finding.fix is not None
    assert finding.fix.title.en == "It belongs at the top level, not under training:"
    finding = only(project, HEAD + "training: {lora_alpha: 16}\n")
    assert finding.fix is not None and finding.fix.title.en == "It belongs under lora:"


def test_a_place_counts_characters_and_not_bytes(project: Path) -> None:
    text = HEAD + "# 训练 😀\ntraining: {note😀: 1, learning_rat: 1}\n"
    places = [under(text, finding.span) for finding in found(project, text)]
    assert places == ["note😀", "learning_rat"]


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_every_line_end_is_counted_alike(project: Path, newline: str) -> None:
    text = HEAD + "training:\n  bf16: true\n  sed: 1\n"
    spans = [f.span for f in found(project, text.replace("\n", newline))]
    assert spans == [f.span for f in found(project, text)]


@pytest.mark.triggers("CFG010")
@pytest.mark.spares("CFG010")
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("training: {dataloader_prefetch_factor: 2}",
         "training: {dataloader_prefetch_factor: 2, dataloader_num_workers: 1}"),
        ("training: {dataloader_persistent_workers: true}", "training: {dataloader_persistent_workers: false}"),
        ("training: {dataloader_multiprocessing_context: fork, dataloader_num_workers: 0}",
         "training: {dataloader_multiprocessing_context: fork, dataloader_num_workers: 2}"),
        ("training: {lr_scheduler_type: cosine_with_min_lr}",
         "training: {lr_scheduler_type: cosine_with_min_lr, lr_scheduler_kwargs: {min_lr: 1.0e-6}}"),
        ("training: {lr_scheduler_type: cosine_with_min_lr, lr_scheduler_kwargs: {min_lr: 0, min_lr_rate: 0}}",
         "training: {lr_scheduler_type: cosine_with_min_lr, lr_scheduler_kwargs: {min_lr_rate: 0.1}}"),
        ("training: {lr_scheduler_type: warmup_stable_decay}",
         "training: {lr_scheduler_type: warmup_stable_decay, lr_scheduler_kwargs: {num_decay_steps: 9}}"),
        ("lora: {layers_to_transform: [1]}", "lora: {layers_to_transform: [1], target_modules: [q_proj]}"),
        ("lora: {layers_pattern: [h], target_modules: [q_proj]}",
         "lora: {layers_pattern: [h], target_modules: [q_proj], layers_to_transform: 1}"),
        ("lora: {lora_bias: true, init_lora_weights: gaussian}", "lora: {lora_bias: true}"),
        ("training: {gradient_checkpointing: true, activation_checkpointing: false}",
         "training: {gradient_checkpointing: true}"),
    ],
)  # fmt: skip
def test_values_that_the_library_would_refuse_together(
    project: Path, wrong: str, right: str
) -> None:
    assert [f.code for f in found(project, HEAD + wrong + "\n")] == ["CFG010"]
    assert found(project, HEAD + right + "\n") == []


@pytest.mark.triggers("CFG010")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {fp16: true, use_cpu: true}", "on the CPU"),
        ("training: {fp16: true, bf16: true}", "fp16 and bf16"),
        ("tuning: full\nquantization_bit: 4", "(QLoRA)"),
        ("tuning: full\nlora: {r: 8}", "describes an adapter"),
    ],
)
def test_wishes_that_no_setting_can_meet(project: Path, text: str, said: str) -> None:
    messages = [f.message.en for f in found(project, HEAD + text + "\n") if f.code == "CFG010"]
    assert len(messages) == 1 and said in messages[0]


@pytest.mark.triggers("CFG007", "CFG012")
def test_values_that_end_the_run_by_themselves(project: Path) -> None:
    for text, code in [
        ("training: {torch_empty_cache_steps: 0}", "CFG007"),
        ("training: {optim: galore_adamw}", "CFG012"),
        ("training: {optim: adamw_torch_xla}", "CFG012"),
    ]:
        assert [f.code for f in found(project, HEAD + text + "\n")] == [code]


WHOLE = (
    HEAD
    + """\
tuning: lora
lora: {r: 8, target_modules: [q_proj]}
training:
  bf16: true
  learning_rat: 1.0e-4   # 快 😀
  warmup_ratio: 0.1
  seed: "3"
max_length: 512
max_length: 1024
"""
)


@pytest.mark.parametrize("seed", range(8))
def test_random_edits_never_raise_and_every_place_is_in_the_text(project: Path, seed: int) -> None:
    chance, text = random.Random(seed), WHOLE
    pieces = ["'", '"', "\n", "  ", "[", "]", "{", "}", ":", " - ", "&a ", "*a", "|", "\t", "#", "你😀",
              "\r\n", "\x85", "lora", "true", "8", "\ufeff", "\x00", "data: x\n", "bf16: 1\n"]  # fmt: skip
    for _ in range(60):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(pieces) + text[at + chance.randrange(4) :]
        if chance.random() < 0.1:
            text = WHOLE
        lines = [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        for finding in found(project, text):
            edits = finding.fix.edits if finding.fix is not None else ()
            for span in (finding.span, *(edit.span for edit in edits)):
                assert span is not None
                assert span.line >= 1 and (span.line, span.column) <= (
                    span.end_line or span.line,
                    span.end_column or span.column,
                )
                if not {"\x85"} & set(text):
                    assert span.end_line <= len(lines) + 1


def test_a_share_on_another_machine_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows that would be a connection, at each keystroke, to whom a cloned project names."""
    asked: list[str] = []
    for place, name in (
        (os.path, "isfile"),
        (os.path, "isdir"),
        (os.path, "realpath"),
        (os, "stat"),
        (os, "lstat"),
    ):
        real = getattr(place, name)

        def noting(path: Any, *more: Any, real: Any = real, **named: Any) -> Any:
            asked.append(str(path))
            return real(path, *more, **named)

        monkeypatch.setattr(place, name, noting)
    text = "model: \\\\host\\share\\m\ndata: //host/share/x.jsonl\noutput_dir: //host/runs\ntuning: lora\n"
    assert check(text, tmp_path / "sft.yaml", tmp_path).findings == ()
    assert not [path for path in asked if "host" in path]
    check("model: ./m\ndata: here/x.jsonl\n", tmp_path / "sft.yaml", tmp_path)
    assert [path for path in asked if "here" in path]
