"""At the cursor: what may be written there, and the text that it replaces, in lines that are half typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core import envfile
from qtune.core.runconfig import Defaults, examine
from qtune.core.runfields import CLOSED
from qtune.core.runwords import FORMATS, HUBS, REPORTERS, TUNINGS
from qtune.core.settings import problem_of
from qtune.core.table import BY_KEY, TABLE
from qtune.core.text import Lang
from qtune.doctor.documents import knownmodels
from qtune.doctor.documents.check import check
from qtune.doctor.documents.complete import Candidate, complete
from qtune.doctor.documents.run.keys import choices_of
from qtune.doctor.documents.run.ownkeys import KEYS
from qtune.doctor.documents.world import World
from tests.doctor.documents.known import LLAMA, report, world
from tests.hub.worlds import GOOD

NOTHING = World()
LANGUAGES: tuple[Lang, ...] = ("en", "zh")


def at(
    marked: str,
    name: str = "run.yaml",
    known: World = NOTHING,
    root: Path | None = None,
    lang: Lang = "en",
) -> tuple[Candidate, ...]:
    """`|` is the cursor."""
    before, _, behind = marked.partition("|")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return complete(before + behind, Path(name), line, column, known, lang, root)


def labels(found: tuple[Candidate, ...]) -> list[str]:
    return [candidate.label for candidate in found]


def taken(marked: str, label: str, name: str = "run.yaml", root: Path | None = None) -> str:
    """The text after the candidate was taken."""
    found = next(c for c in at(marked, name, root=root) if c.label == label)
    lines = marked.replace("|", "").split("\n")
    line, span = lines[found.span.line - 1], found.span
    lines[span.line - 1] = line[: span.column - 1] + found.insert + line[span.end_column - 1 :]
    return "\n".join(lines)


# --- .env -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_settings_that_are_not_given_yet(lang: Lang) -> None:
    found = at("HF_TOKEN=x\nhttp_proxy=y\n|\n", ".env", lang=lang)
    assert set(labels(found)) == {row.key for row in TABLE} - {"HF_TOKEN", "HTTP_PROXY"}
    for candidate in found:
        row = BY_KEY[candidate.label]
        assert candidate.insert == f"{row.key}={row.default}"
        assert (
            candidate.detail == row.summary.to(lang) and row.why.to(lang) in candidate.documentation
        )


def test_a_half_typed_key_is_replaced_and_its_value_kept() -> None:
    assert (
        taken("# 😀\nexport USE_M|", "USE_MODELSCOPE", ".env") == "# 😀\nexport USE_MODELSCOPE=True"
    )
    assert taken("QTUNE_LA|NG=zh", "QTUNE_LANG", ".env") == "QTUNE_LANG=zh"
    assert taken("qtune_la|", "QTUNE_LANG", ".env") == "QTUNE_LANG=auto"
    assert "HF_HOME" not in labels(at("QTUNE|", ".env"))
    assert "HF_ENDPOINT" in labels(at("hfend|", ".env"))


def test_what_a_key_inserts_is_in_order() -> None:
    text = "".join(f"{c.insert}\n" for c in at("|", ".env"))
    assert [f.code for f in check(text, Path(".env")).findings] == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.key)
def test_values_that_are_offered_are_taken_and_secrets_are_not_offered(row: object) -> None:
    assert isinstance(row, type(TABLE[0]))
    found = at(f"{row.key}=|", ".env")
    assert not (row.secret and found)
    assert {*row.choices} <= {*labels(found)}
    for candidate in found:
        assert problem_of(row, candidate.insert) is None


def test_a_value_is_replaced_up_to_its_end() -> None:
    assert taken("USE_MODELSCOPE=Tr|ue # x", "False", ".env") == "USE_MODELSCOPE=False # x"
    assert taken("QTUNE_LANG='|'", "zh", ".env") == "QTUNE_LANG='zh'"
    assert taken("QTUNE_SOURCES=modelscope, h|", "huggingface", ".env") == (
        "QTUNE_SOURCES=modelscope, huggingface"
    )
    assert at("QTUNE_LANG=zh # QTUNE|", ".env") == ()


def test_no_candidate_shows_a_secret_of_the_file_or_of_the_process() -> None:
    text = f"HF_TOKEN={GOOD}\nDEFAULT_MODEL=me/{GOOD}\nHF_ENDPOINT=https://{GOOD}.example\n"
    known = World({"HF_HUB_CACHE": f"/nowhere/{GOOD}", "MODELSCOPE_API_TOKEN": GOOD})
    shown = []
    for number, line in enumerate(text.splitlines(), 1):
        for column in range(1, len(line) + 2):
            shown.append(complete(text, Path(".env"), number, column, known, "en"))
    assert any(shown) and GOOD not in repr(shown)


# --- run configs ----------------------------------------------------------------------------------


def test_keys_of_the_section_that_the_line_is_in() -> None:
    top = [path for path in KEYS if "." not in path]
    assert labels(at("|\nmodel: x\n")) == [key for key in top if key != "model"]
    inside = labels(at("model: x\ntraining:\n  seed: 1\n\n  |\nmax_length: 3\n"))
    assert "learning_rate" in inside and "seed" not in inside and "data" not in inside
    assert not {*inside} & CLOSED["training"].keys()
    assert inside.index("learning_rate") < inside.index("adam_beta1"), "qtune's own come first"
    assert "data" in labels(at("model: x\ntraining:\n  seed: 1\n|"))
    assert labels(at("model: x\ndata:\n- path: a\n- |"))[:4] == [
        "path",
        "format",
        "weight",
        "split",
    ]
    assert labels(at("model: x\ndata:\n  - path: a\n    fo|")) == ["format"]
    assert at("model: x\nnobody:\n  |") == ()


def test_keys_between_braces() -> None:
    found = labels(at("model: x\nlora: {r: 8, lora_|}\n"))
    assert "lora_alpha" in found and "r" not in found
    assert taken("model: x\nlora: {r: 8, lora_al|}\n", "lora_alpha") == (
        "model: x\nlora: {r: 8, lora_alpha: }\n"
    )
    assert labels(at("model: x\ndata: [{path: a, fo|")) == ["format"]
    assert labels(at("model: x\ndata: {path: a, format: m|")) == list(FORMATS)


def test_a_comment_is_left_to_its_author() -> None:
    for text in ("# mo|", "model: x # see {|", "model: x # data: |", "training:\n  # se|"):
        assert at(f"model: x\ndata: y\n{text}") == (), text
    assert labels(at("model: x\ndata: y\noutput_dir: 'a # b'\ntuning: |")) == list(TUNINGS)


def test_a_key_that_has_its_value_keeps_it() -> None:
    assert taken("model: x\ntu|ning: lora", "tuning") == "model: x\ntuning: lora"
    assert taken("model: x\nlo|", "lora") == "model: x\nlora:"
    assert taken("model: x\n数: 1\nmax|", "max_length") == "model: x\n数: 1\nmax_length: "


@pytest.mark.parametrize("lang", LANGUAGES)
def test_keys_come_with_their_words(lang: Lang) -> None:
    found = at("model: x\ntraining:\n  |", lang=lang)
    rate = next(c for c in found if c.label == "learning_rate")
    assert rate.detail == ("a number = 0.0001" if lang == "en" else "数字 = 0.0001")
    assert ("Safe for LoRA" if lang == "en" else "对 LoRA 稳妥") in rate.documentation


PLACES = ("model", "data", "eval_data", "output_dir", "lora", "training", "preference")


def test_words_that_are_offered_are_taken(tmp_path: Path) -> None:
    data = tmp_path / "d.jsonl"
    data.write_text("{}\n")
    default = Defaults("Qwen/Qwen3-4B", tmp_path / "runs", tmp_path)
    tried = 0
    for path in [*KEYS, "lora.bias", "lora.init_lora_weights", "training.lr_scheduler_type",
                 "training.optim", "training.save_strategy", "training.seed",
                 "training.activation_checkpointing"]:  # fmt: skip
        section, dot, name = path.partition(".")
        if name == "path" or (not dot and path in PLACES):
            continue
        head = "model: quickstart\n" + ("" if section == "data" else "data: quickstart\n")
        listed = section in ("data", "eval_data")
        open_line = (
            f"{section}:\n- path: d.jsonl\n  " if listed else f"{section}:\n  " if dot else ""
        )
        for word in labels(at(f"{head}{open_line}{name or path}: |")):
            text = f"{head}{open_line}{name or path}: {word}\n"
            _, problems = examine(text, tmp_path / "run.yaml", defaults=default)
            # Some words want another key beside them.
            assert {problem.code for problem in problems} <= {"CFG010"}, (text, problems)
            tried += 1
    assert tried > 50


def test_what_a_preference_may_say_depends_on_the_method() -> None:
    text = "model: x\nmethod: {}\npreference:\n  |\n"
    dpo, kto, reward = (labels(at(text.format(m))) for m in ("dpo", "kto", "reward"))
    assert "f_divergence_type" in dpo and "f_divergence_type" not in kto
    assert "desirable_weight" in kto and "desirable_weight" not in dpo
    assert "center_rewards_coefficient" in reward and "beta" not in reward
    assert not {*dpo, *kto, *reward} & CLOSED["preference"].keys()
    assert dpo[0] == "beta", "qtune's own come first"
    assert {*dpo, *kto, *reward} == {*labels(at("model: x\npreference:\n  |\n"))}


def test_the_words_of_a_source_stand_behind_its_keys() -> None:
    for section in ("data", "eval_data"):
        assert labels(at(f"model: x\n{section}:\n- path: a\n  format: |")) == list(FORMATS)
        assert labels(at(f"model: x\n{section}: {{repo: a/b, hub: |")) == list(HUBS)
        keys = labels(at(f"model: x\n{section}:\n- |"))
        assert {"path", "repo", "subset", "revision", "weight"} <= {*keys}
    assert "auto" in labels(at("model: x\ntraining:\n  per_device_train_batch_size: |"))
    assert {*labels(at("model: x\ntraining: {report_to: |"))} >= {*REPORTERS}


def test_every_list_of_choices_is_complete() -> None:
    """What the reader of run configs takes is what is offered; what it refuses, it names as its own words."""
    for path in ("method", "tuning", "packing", "distributed", "attn_implementation"):
        _, problems = examine(
            f"model: quickstart\ndata: quickstart\n{path}: nonsense\n",
            Path("run.yaml"),
            defaults=Defaults("", Path("/x/runs"), Path("/x")),
        )
        assert problems[0].message.en.endswith(f"none of: {', '.join(choices_of(path))}")


def test_data_files_below_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "data" / "中文").mkdir(parents=True)
    for name in ("a.jsonl", "b.json", "notes.txt", ".hidden.jsonl", "数据 😀.jsonl"):
        (tmp_path / "data" / name).write_text("x")
    (tmp_path.parent / "outside.jsonl").write_text("x")
    found = at("model: x\ndata: data/|", root=tmp_path)
    assert labels(found) == ["a.jsonl", "b.json", "数据 😀.jsonl", "中文/"]
    assert taken("model: x\ndata:\n- da|", "data/", root=tmp_path) == "model: x\ndata:\n- data/"
    assert (
        taken("model: x\ndata: [data/a|]", "a.jsonl", root=tmp_path)
        == "model: x\ndata: [data/a.jsonl]"
    )
    for line in ("eval_data: data/|", "eval_data:\n- data/|", "eval_data:\n- {path: data/|"):
        assert labels(at(f"model: x\n{line}", root=tmp_path)) == labels(found), line
    for elsewhere in ("../", "/", "~/", "\\\\host\\share\\", "//host/share/", "data/../../", "C:/"):
        found = at(f"model: x\ndata: {elsewhere}|", root=tmp_path)
        assert "outside.jsonl" not in labels(found) and not any(c.kind == "file" for c in found)
    assert labels(at("model: x\ndata: |")) == ["quickstart"]


def test_a_folder_of_a_hundred_thousand_files_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(150):
        (tmp_path / f"{number:03}.jsonl").touch()
    assert len(at("model: x\ndata: |", root=tmp_path)) <= 101
    monkeypatch.setattr("qtune.doctor.documents.run.complete.SECONDS", -1.0)
    assert labels(at("model: x\ndata: |", root=tmp_path)) == ["quickstart"]


# --- models ---------------------------------------------------------------------------------------


def test_models_of_reports_and_of_the_cache_come_first(tmp_path: Path) -> None:
    for name in ("models--acme--own-model", "models--gpt2", "datasets--acme--data", "version.txt",
                 f"models--me--{GOOD}", "models--..--x"):  # fmt: skip
        (tmp_path / "hub" / name).mkdir(parents=True)
    known = world(report(LLAMA), HF_HUB_CACHE=str(tmp_path / "hub"))
    for marked, name in (
        ("model: |\ndata: x", "run.yaml"),
        ("DEFAULT_MODEL=|", ".env"),
        ('x = AutoModel.from_pretrained("|")', "a.py"),
        ('x = pipeline("text-generation", model="|', "a.py"),
    ):
        knownmodels._looked.clear()
        found = labels(at(marked, name, known))
        assert found[:3] == [LLAMA, "acme/own-model", "Qwen/Qwen3-4B"], marked
        assert "Qwen/Qwen3-0.6B" in found and not any(
            GOOD in label or ".." in label for label in found
        )
    assert at('print("|")', "a.py", known) == ()


def test_the_cache_is_the_one_of_the_projects_env(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "hub" / "models--acme--here").mkdir(parents=True)
    (tmp_path / ".env").write_text("HF_HOME=elsewhere\n")
    assert "acme/here" in labels(at("model: ac|\ndata: x", root=tmp_path))
    user = envfile.parse(f"HF_HOME={tmp_path}/nowhere\n", Path("/home/me/config.env"))
    assert labels(at("model: ac|\ndata: x", known=World(user=user), root=tmp_path)) == []


def test_a_model_replaces_what_was_typed_of_it() -> None:
    assert taken("model: Qwen/Qw|en\ndata: x", "Qwen/Qwen3-8B") == "model: Qwen/Qwen3-8B\ndata: x"
    assert taken('数 = A.from_pretrained("Qw|x")', "Qwen/Qwen3-8B", "a.py") == (
        '数 = A.from_pretrained("Qwen/Qwen3-8B")'
    )


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "name", "some"),
    [
        ("# qtune: ignore[|", ".env", {"ENV801", "TOK301", "HUB203"}),
        ("A=1 # qtune: ignore[ENV801, TO|]", ".env", {"TOK301"}),
        ("model: x # qtune: ignore-file[|", "run.yaml", {"CFG005", "DAT901"}),
    ],
)
def test_codes_in_a_suppression(marked: str, name: str, some: set[str]) -> None:
    text = marked if name == ".env" else f"{marked}\ndata: x\n"
    found = at(text, name)
    assert some <= {*labels(found)} and all(c.kind == "code" and c.detail for c in found)
    assert not {"CFG090", "TRN001"} & {*labels(found)}, "no report can hold these"


PYPROJECT = '[project]\nname = "x"\n[tool.qtune.doctor]\nstrict = true\n'


def test_the_doctors_table_of_pyproject() -> None:
    name = "pyproject.toml"
    assert labels(at(f"{PYPROJECT}|\n[tool.other]\n", name)) == [
        "ignore", "skip", "profile", "fail-on", "network-errors"
    ]  # fmt: skip
    assert taken(f"{PYPROJECT}ig|\n", "ignore", name).endswith("strict = true\nignore = \n")
    assert "ENV801" in labels(at(f'{PYPROJECT}ignore = [\n  "GPU500",\n  "E|"]', name))
    assert labels(at(f'{PYPROJECT}fail-on = "|"', name)) == ["error", "warning", "never"]
    assert taken(f"{PYPROJECT}skip = ['net1|01']\n", "NET101", name).endswith("skip = ['NET101']\n")
    assert at("[project]\nna|\n[tool.qtune.doctor]\n", name) == ()
    assert at('[project]\nname = "|"\n', name) == ()


def test_outside_of_what_is_ours_there_is_nothing() -> None:
    assert at("HF_|", "README.md") == () and at("ke|y: 1", "other.yaml") == ()
    assert complete("A=1", Path(".env"), 9, 1, NOTHING, "en") == ()
    assert complete("A=1", Path(".env"), 0, -5, NOTHING, "en") == ()
