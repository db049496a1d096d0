"""One function judges a file's text: as the doctor would, whatever the text."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtune.core.errors import ConfigError
from qtune.doctor.documents.check import DATASET, DOTENV, Checked, check
from qtune.doctor.documents.dataset import Rows
from qtune.doctor.documents.env.dotenv import BESIDE
from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import Suppression
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import nothing
from qtune.doctor.rules import BY_CODE, RULES
from qtune.doctor.schedule import Limits
from tests.doctor.probes.looking import looking
from tests.hub.worlds import GOOD

WRONG = f"""\
USE_MODELSCOPE=Fals
HF_TOKKEN={GOOD}
MODELSCOPE_TOKEN
HF_ENDPOINT=hf-mirror.com
HF_TOKEN=hf_xxx
HF_TOKEN="{GOOD}"
QTUNE_LANG=${{LANGUAGE_OF_MINE}}
DEFAULT_MODEL=Qwen/Qwen3-4B# the small one
HF_HUB_ENABLE_HF_TRANSFER=1
"""


def codes(checked: Checked) -> list[str]:
    return [finding.code for finding in checked.findings]


def dotenv(text: str, name: str = ".env") -> Checked:
    return check(text, Path(name))


# --- the same findings as the doctor's ------------------------------------------------------------


def told(finding: Finding) -> tuple[object, ...]:
    place = finding.span
    at = (place.line, place.column, place.end_line, place.end_column) if place else None
    return finding.code, finding.severity, finding.message, at, finding.fix


@pytest.mark.parametrize(
    "text",
    [
        WRONG,
        f"USE_MODELSCOPE=False\nHF_TOKEN=your_token_here\nHF_ENDPOINT=https://hf-mirror.com\nHF_TOKEN={GOOD}\n",
        "USE_MODELSCOPE=False\nHF_TOKEN=Bearer hf_abc\n",
        "QTUNE_SOURCES=modelscope,nonsense\n",
        "USE_MODELSCOPE=True\n",
    ],
)
def test_what_is_said_of_env_is_what_the_doctor_says(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".env"
    path.write_text(text)
    path.chmod(0o600)
    checked = check(text, path)
    try:
        with looking(tmp_path) as context:
            options = Options((*DOTENV,), limits=Limits(30, offline=True))
            report = examine(context, options)
    except ConfigError:  # a list of hubs that names none: the doctor's command tells it
        assert codes(checked) == ["ENV805"]
        return
    assert sorted(map(repr, map(told, checked.findings))) == sorted(
        map(repr, map(told, report.findings))
    )


def test_rules_that_need_more_than_the_file_are_named_here() -> None:
    """A rule about `.env` alone that the editor does not know of is an oversight."""
    elsewhere = {
        "ENV806": "the mode of the file, which is no text: its fix is a chmod",
        "ENV811": "files in other folders, in which the finding would stand",
        "DAT904": "a run config",
    }
    alone = {
        rule.code
        for rule in RULES
        if rule.judge is not nothing
        and set(rule.needs) <= {"envfile", "tokens"}
        and not rule.code.startswith("SRC")  # about source code
    }
    beside = {
        "ENV807": "git's index: only what git has taken, not what it would take",
        "ENV808": "the process's variables and the user's own config",
        "TOK304": "the same, for tokens",
    }
    assert {*BESIDE} == beside.keys()
    assert alone - {*DOTENV, *BESIDE} == elsewhere.keys() & alone
    assert {*DOTENV, *BESIDE, *DATASET} <= BY_CODE.keys()


def test_text_bytes_and_file_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(WRONG)
    with path.open("rb") as file:
        from_file = check(file, path)
    assert from_file == check(WRONG, path) == check(WRONG.encode(), path)
    assert len(from_file.findings) > 5


def test_the_environment_of_the_process_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dotenv(WRONG)
    monkeypatch.setenv("USE_MODELSCOPE", "False")
    monkeypatch.setenv("HF_ENDPOINT", "https://hf-mirror.com")
    monkeypatch.setenv("HF_TOKEN", GOOD)
    assert dotenv(WRONG) == before


@pytest.mark.triggers("ENV800", "ENV801", "ENV804", "ENV805", "HUB203")
def test_findings_come_in_the_order_of_the_lines() -> None:
    lines = [finding.span.line for finding in dotenv(WRONG).findings if finding.span]
    assert lines == sorted(lines) and len(lines) == len(dotenv(WRONG).findings)
    assert {"ENV800", "ENV801", "ENV803", "ENV804", "ENV805", "HUB203"} <= {*codes(dotenv(WRONG))}


@pytest.mark.spares("ENV800", "ENV801", "ENV804", "ENV805", "HUB203", "TOK301")
def test_a_file_that_is_fine_is_fine() -> None:
    text = f"# mine\nUSE_MODELSCOPE=False\nHF_TOKEN={GOOD}\nPORT=8000\nOPENAI_API_KEY=sk-1\n"
    assert dotenv(text) == Checked("dotenv")


@pytest.mark.spares("TOK301")
def test_a_template_holds_what_is_to_be_replaced() -> None:
    text = "USE_MODELSCOPE=False\nHF_TOKEN=your_token_here\n"
    assert codes(dotenv(text)) == ["TOK301"]
    assert codes(dotenv(text, ".env.example")) == []
    assert codes(dotenv(text + "USE_MODELSCOPE=Ture\n", ".env.example")) == ["ENV801", "ENV805"]


def test_no_secret_is_in_a_finding() -> None:
    shown = repr(dotenv(WRONG + f"HF_ENDPOINT=https://evil.example\nHF_TOKEN={GOOD}\n").findings)
    assert GOOD not in shown


# --- run configs ----------------------------------------------------------------------------------

CONFIG = """\
model: Qwen/Qwen3-4B
data: train.jsonl
tuning: lorra
training:
  learning_rat: 1.0e-4
"""


def test_a_run_config_is_judged_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    found = check(CONFIG, tmp_path / "sft.yaml", tmp_path)
    assert [(f.code, f.span and f.span.line) for f in found.findings] == [
        ("CFG007", 3),
        ("CFG005", 5),
    ]


def test_paths_begin_at_the_root(tmp_path: Path) -> None:
    config = "model: Qwen/Qwen3-4B\ndata: train.jsonl\n"
    assert codes(check(config, tmp_path / "sft.yaml", tmp_path)) == ["CFG009"]
    (tmp_path / "train.jsonl").write_text("{}")
    assert codes(check(config, tmp_path / "sft.yaml", tmp_path)) == []


@pytest.mark.parametrize(
    "text",
    [
        "on: push\njobs: {}\n",
        "version: '3'\nservices:\n  model: x\n",
        "model: x\nother: 1\n",
        "- model: x\n- data: y\n",
        "",
        "just words",
    ],
)
def test_another_programs_yaml_is_left_alone(text: str) -> None:
    assert check(text, Path("ci.yaml")) == Checked(None)


def test_a_broken_run_config_is_known_by_its_keys() -> None:
    found = check('model: Qwen/Qwen3-4B\ndata: "tra', Path("sft.yaml"))
    assert (found.kind, codes(found)) == ("runconfig", ["CFG003"])


# --- data -----------------------------------------------------------------------------------------


def rows(*items: object) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


Q = {"instruction": "q", "output": "a"}


@pytest.mark.triggers("DAT900", "DAT901")
def test_every_bad_row_has_a_finding_of_its_own_up_to_a_few() -> None:
    text = rows(Q, {"text": 1}) + "{bad\n" + rows(*[{"text": 2}] * 30)
    found = check(text, Path("d.jsonl"))
    assert [(f.code, f.span and f.span.line) for f in found.findings] == [
        ("DAT901", 2),
        ("DAT900", 3),
        *(("DAT901", line) for line in (4, 5, 6, 7)),
    ]
    assert "26 more rows" in found.findings[-1].message.en
    assert (found.rows, found.whole) == (33, True)


def test_json_is_data_where_it_is_a_list() -> None:
    assert check(json.dumps([Q]), Path("d.json")).kind == "dataset"
    assert check(json.dumps({"name": "x"}), Path("package.json")).kind is None
    assert codes(check("", Path("d.jsonl"))) == ["DAT900"]


@pytest.mark.triggers("DAT903")
def test_rows_of_the_evaluation_that_are_trained_on() -> None:
    seen = Rows()
    train = rows(*({"instruction": str(n), "output": "a"} for n in range(9)), Q)
    assert codes(check(train, Path("train.jsonl"), among=seen)) == []
    leaking = check(rows(Q), Path("data/eval.jsonl"), among=seen)
    assert codes(leaking) == ["DAT903"]
    assert leaking.findings[0].evidence[0].en == "line 1 is train.jsonl line 10"
    fresh = rows({"instruction": "new", "output": "b"})
    assert codes(check(fresh, Path("dev.jsonl"), among=seen)) == []


def test_a_long_file_is_read_until_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtune.doctor.documents.check.SECONDS", 0.2)
    path = tmp_path / "d.jsonl"
    path.write_text((json.dumps({"instruction": "q" * 2000, "output": "a" * 2000}) + "\n") * 20_000)
    began = time.monotonic()
    with path.open("rb") as file:
        found = check(file, path)
    assert time.monotonic() - began < 1.5
    assert 64 <= found.rows < 20_000
    assert not found.whole


# --- suppressions ---------------------------------------------------------------------------------


def test_what_is_suppressed_is_not_told() -> None:
    found = dotenv("USE_MODELSCOPE=Ture # qtune: ignore[ENV805] later\n")
    assert codes(found) == []
    assert [item.finding.code for item in found.ignored] == ["ENV805"]
    unused = dotenv("USE_MODELSCOPE=True # qtune: ignore[ENV805] later\n")
    assert codes(unused) == ["CFG093"]
    config = "model: a/b\ndata: x.jsonl # qtune: ignore[CFG009] made by CI\n"
    assert codes(check(config, Path("sft.yaml"))) == []


def test_a_suppression_of_another_sort_of_file_is_not_called_unused() -> None:
    assert codes(dotenv("USE_MODELSCOPE=True # qtune: ignore[NET109] my line\n")) == []


def test_what_the_project_suppresses_is_not_told_of_any_file() -> None:
    quiet = Suppression("project", ("ENV805", "DAT901"), "", "pyproject.toml", 3, 1, 9)
    assert codes(check("USE_MODELSCOPE=Ture\n", Path(".env"), given=(quiet,))) == []
    assert codes(check(rows({"text": 1}), Path("d.jsonl"), given=(quiet,))) == []
    assert codes(check("USE_MODELSCOPE=True\n", Path(".env"), given=(quiet,))) == []


# --- any text -------------------------------------------------------------------------------------

NAMES = (".env", "sft.yaml", "d.jsonl", "d.json")
TEXTS = {".env": WRONG, "sft.yaml": CONFIG, "d.jsonl": rows(Q, Q), "d.json": json.dumps([Q, Q])}


def sound(checked: Checked) -> None:
    for finding in checked.findings:
        assert finding.message.en and finding.message.zh
        assert finding.severity in Severity
        assert finding.span is None or finding.span.line >= 1


@pytest.mark.parametrize("name", NAMES)
def test_a_text_that_is_being_typed(name: str) -> None:
    whole = TEXTS[name]
    for end in range(len(whole)):
        sound(check(whole[:end], Path(name)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "a\0b=c\nmodel: x\0\ndata: y\n",
        "\ud800",
        "model: \ud800\ndata: x\n",
        "\ufeffmodel: a/b\ndata: b\n",
        "[" * 100_000,
        "{" * 100_000,
        "model: &a [*a]\ndata: *a\n",
        "\r" * 1000,
    ],
)
def test_a_hostile_text(name: str, text: str) -> None:
    sound(check(text, Path(name)))
    sound(check(text.encode("utf-8", "surrogatepass"), Path(name)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "gbk", "utf-8-sig"])
def test_another_encoding(name: str, encoding: str) -> None:
    sound(check((TEXTS[name] + "# 你好\n").encode(encoding), Path(name)))


@pytest.mark.parametrize("name", NAMES)
def test_ten_megabytes_are_judged_in_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtune.doctor.documents.check.SECONDS", 0.3)
    text = TEXTS[name] * (10_000_000 // len(TEXTS[name]))
    began = time.monotonic()
    found = check(text, Path(name))
    assert time.monotonic() - began < 4
    sound(found)
    assert len(found.findings) < 20


@given(st.text(max_size=300), st.sampled_from(NAMES))
@settings(max_examples=150, deadline=None)
def test_any_text(text: str, name: str) -> None:
    sound(check(text, Path(name)))


@given(st.binary(max_size=300), st.sampled_from(NAMES))
@settings(max_examples=150, deadline=None)
def test_any_bytes(raw: bytes, name: str) -> None:
    checked = check(raw, Path(name))
    sound(replace(checked, rows=0))
