"""Python source is read by its text: half-typed, broken, hostile; with comments that keep it quiet, and old reports."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from qtune.doctor.documents.check import check
from qtune.doctor.documents.edits import edits_of
from qtune.doctor.documents.source.python import source
from qtune.doctor.documents.world import World
from qtune.doctor.lastreports import report, save
from tests.doctor.documents.coding import codes, marked, only, python
from tests.doctor.examining import at_home
from tests.doctor.examining import codes as codes_of
from tests.hub.worlds import LLAMA, LLAMA_ON_MODELSCOPE, QWEN

CALL = 'snapshot_download("Qwen/Qwen3-4B", revision="main")'
MS = "from modelscope import snapshot_download\n"


# --- half-typed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "x = (",
        "def f(",
        "if x:",
        "for a in",
        'name = "half',
        "import",
        "from x import (",
        "class A:",
        "try:",
        "@decorator",
        "  unexpected = 1",
        "print(f'{x'",
        "x = {'a': [1, 2}",
        "else:",
        "lambda:",
        "await",
        "1 = x",
        "async",
        "\\",
    ],
)
def test_one_broken_line_spoils_nothing_else(tmp_path: Path, broken: str) -> None:
    for text in (
        f"{MS}{broken}\n{CALL}\n",
        f"{MS}{CALL}\n{broken}\n",
        f"{MS}\n\n{broken}\n\ndef g():\n    return {CALL}\n",
        f"{MS}def g():\n    a = 1\n    {broken.strip()}\n    b = {CALL}\n",
    ):
        assert codes(python(tmp_path, text)) == ["SRC003"], text


def test_what_stands_in_a_string_is_no_code_in_broken_text_either(tmp_path: Path) -> None:
    text = f'{MS}x = (\n"""\n{CALL}\n"""\nd = \'\'\'\n{CALL}\n'
    assert codes(python(tmp_path, text)) == []


def test_magics_are_not_code_and_spoil_none(tmp_path: Path) -> None:
    text = f"%pip install modelscope\n!nvidia-smi\n{MS}files = !ls\nsnapshot_download?\n%matplotlib inline\n{CALL}\n"
    assert codes(python(tmp_path, text)) == ["SRC003"]


def test_a_remainder_at_the_start_of_a_line_is_no_magic(tmp_path: Path) -> None:
    text = f'{MS}text = ("a %s"\n% 1)\n{CALL}\n'
    assert codes(python(tmp_path, text)) == ["SRC003"]


# --- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["名 = '中文'; ", "x = '😀'; ", "é = 'é'; ", ""])
def test_columns_are_characters(tmp_path: Path, before: str) -> None:
    finding = only(python(tmp_path, f"{MS}{before}{CALL}\n"), "SRC003")
    assert marked(tmp_path, finding) == '"main"'


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_as_an_editor_ends_them(newline: str) -> None:
    text = f"# 一\n{MS}\n\f\n{CALL}\n".replace("\n", newline)
    (finding,) = check(text, Path("a.py")).findings
    assert finding.span is not None and (finding.span.line, finding.span.column) == (5, 45)


def test_a_byte_order_mark_moves_nothing() -> None:
    text = f"\ufeffimport modelscope; modelscope.{CALL}\n"
    (finding,) = check(text, Path("a.py")).findings
    assert finding.span is not None
    assert text[finding.span.column - 1 : finding.span.end_column - 1] == '"main"'
    assert len(check(text.encode(), Path("a.py")).findings) == 1


def test_a_file_says_how_it_is_encoded() -> None:
    text = f"# coding: gbk\n# 中文\n{MS}名 = '中文'; {CALL}\n"
    assert check(text.encode("gbk"), Path("a.py")) == check(text, Path("a.py"))
    assert codes(check(b"# coding: nonsense\n" + MS.encode() + CALL.encode(), Path("a.py")))


# --- hostile --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\0" * 1000,
        f"{MS}\0{CALL}",
        "\ud800 = 1\n",
        "(" * 100_000,
        "[" * 300 + "]" * 300,
        "-" * 50_000 + "1",
        "a" + ".a" * 50_000,
        "f(" * 5_000 + ")" * 5_000,
        "+".join(["a"] * 50_000),
        "if x:\n" * 2_000,
        "".join(f"{' ' * i}if x:\n" for i in range(500)),
        "lambda: " * 5_000,
        "x = " * 20_000,
        '"' * 100_001,
        "'''" * 33_333,
        "\\\n" * 50_000,
        "# qtune: ignore[\n" * 20_000,
        "@\n" * 50_000,
        "def f(\n" * 20_000,
        "x = [\n" + "1,\n" * 200_000,
        "\ufeff" * 1000,
        "%" * 100_000,
        "a = b = " * 10_000 + "1",
        "import os\n" * 20_000 + 'os.environ["HF_HOME"] = "/x"\n',
        "hf_" * 200_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_no_text_is_too_much(text: str) -> None:
    before = time.monotonic()
    check(text, Path("a.py"))
    check(text.encode("utf-8", "surrogatepass"), Path("a.py"))
    assert time.monotonic() - before < 20


def installed(package: str) -> Path:
    """Its folder; nothing of it is imported."""
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def test_each_beginning_of_a_real_file_is_read() -> None:
    folder = installed("transformers")
    files = [
        installed("peft") / "auto.py",
        folder / "models" / "qwen3" / "modeling_qwen3.py",
        folder / "pipelines" / "text_generation.py",
    ]
    for path in files:
        text = path.read_text("utf-8")[:30_000]
        for end in range(0, len(text), 50 * 7):
            check(text[:end], path)
    text = files[0].read_text("utf-8")[:4_000]
    for end in range(0, len(text), 50):
        check(text[:end], Path("a.py"))


def test_random_damage_is_read() -> None:
    text = (installed("peft") / "auto.py").read_text("utf-8")[:6_000]
    dice = random.Random(7)
    for _ in range(150):
        at = dice.randrange(len(text))
        piece = dice.choice(
            ["", "(", "'''", '"', "\0", "\t", "\r", "😀", "%", "}", ":", "\\", "\ud800"]
        )
        check(text[:at] + piece + text[at + dice.randrange(40) :], Path("a.py"))


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        f"from modelscope import snapshot_download as dl\n{CALL.replace('snapshot_download', 'dl')}\n",
        f"import modelscope as m\nm.{CALL}\n",
        f"import modelscope.hub.snapshot_download\nmodelscope.hub.snapshot_download.{CALL}\n",
        f"import modelscope\nget = modelscope.snapshot_download\n{CALL.replace('snapshot_download', 'get')}\n",
        f"{MS}BRANCH = 'main'\nsnapshot_download('a/b', revision=BRANCH)\n",
        f"{MS}with open('x') as f, open('y'):\n    async def g():\n        await {CALL}\n",
        f"{MS}x = [{CALL} for _ in range(3)]\n",
        f"{MS}class A:\n    @property\n    def f(self):\n        return lambda: {CALL}\n",
        f"{MS}match x:\n    case 1:\n        {CALL}\n",
        f"{MS}try:\n    pass\nfinally:\n    {CALL}\n",
        f"{MS}print(f'{{{CALL}}}')\n".replace('"', "'").replace("f'{", 'f"{').replace("}')", '}")'),
        f"{MS}if (path := {CALL}):\n    pass\n",
        f"from modelscope.hub.api import HubApi\nHubApi().get_model('a/b')\n{MS}{CALL}\n",
    ],
)
def test_names_are_followed(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, code)) == ["SRC003"]


@pytest.mark.parametrize(
    "code",
    [
        f"from modelscope import snapshot_download\nsnapshot_download = print\n{CALL}\n",
        f"{MS}def f(snapshot_download):\n    {CALL}\n",
        f"{MS}for snapshot_download in x:\n    {CALL}\n",
        f"{MS}def f():\n    global snapshot_download\n    snapshot_download = print\n{CALL}\n",
        f"{MS}del snapshot_download\n{CALL}\n",
        f"from .modelscope import snapshot_download\n{CALL}\n",
        f"{MS}branch = 'main'\nwhile True:\n    snapshot_download('a/b', revision=branch)\n    branch = 'x'\n",
        f"{MS}branch = 'main'\ndef f():\n    snapshot_download('a/b', revision=branch)\nbranch = 'x'\n",
        f"{MS}branch = 'main'\nbranch += 'x'\nsnapshot_download('a/b', revision=branch)\n",
        CALL,
    ],
)
def test_a_name_that_may_mean_two_things_means_nothing(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, code)) == []


def test_facts_hold_no_secrets() -> None:
    text = (
        'import requests\nrequests.get("https://me:secretpassword@host/x", token="hf_aaaaaaaaaa")\n'
    )
    shown = repr(source(text, Path("a.py")))
    assert "secretpassword" not in shown and "hf_aaaaaaaaaa" not in shown


# --- comments that keep it quiet --------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        f"{MS}{CALL}  # qtune: ignore[SRC003] it has one\n",
        f"{MS}# qtune: ignore[revision-of-other-hub] it has one\n\n{CALL}\n",
        f"# qtune: ignore-file[SRC003] they have one\n{MS}{CALL}\n",
        f"{MS}snapshot_download(\n    'a/b',\n    revision='main',\n)  # qtune: ignore[SRC003] it has one\n",
        f"{MS}# qtune: ignore[SRC003] it has one\nsnapshot_download(\n    'a/b',\n    revision='main',\n)\n",
        f"{MS}snapshot_download(\n    'a/b',  # qtune: ignore[SRC003] it has one\n    revision='main',\n)\n",
    ],
)
def test_a_comment_keeps_a_line_quiet(tmp_path: Path, code: str) -> None:
    checked = python(tmp_path, code)
    assert codes(checked) == []
    assert [ignored.finding.code for ignored in checked.ignored] == ["SRC003"]


def test_a_comment_in_a_string_is_none(tmp_path: Path) -> None:
    code = f'{MS}x = "# qtune: ignore-file[SRC003] no"\n"""\n# qtune: ignore-file[SRC003] no\n"""\n{CALL}\n'
    assert codes(python(tmp_path, code)) == ["SRC003"]


def test_a_comment_that_silences_nothing_is_told_and_taken_out(tmp_path: Path) -> None:
    checked = python(tmp_path, f"{MS}x = 1  # qtune: ignore[SRC003] no more\n")
    finding = only(checked, "CFG093")
    assert finding.fix is not None
    text = (tmp_path / "train.py").read_text()
    (edit,) = edits_of(finding.fix, text, tmp_path / "train.py")
    assert edit.span.line == 2 and edit.text == ""
    assert codes(python(tmp_path, "x = 1  # qtune: ignore[SRC999]\n")) == ["CFG094"]


# --- what the doctor found out --------------------------------------------------------------------


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a real last report about a gated model, and the project that it is about."""
    project = tmp_path_factory.mktemp("project")
    folder = tmp_path_factory.mktemp("cache")
    with at_home(project) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        found = machine.examine(LLAMA, only=("GATE", "HUB220", "HUB221"))
    assert "GATE401" in codes_of(found)
    assert save(found, project, folder) is not None
    return folder, project


def world_of(gated: tuple[Path, Path]) -> World:
    folder, project = gated
    return World(report=lambda model: report(project, model, folder))


USING = "from transformers import AutoModel\nAutoModel.from_pretrained({!r})\n"


def test_a_gated_model_is_told_where_code_names_it(
    gated: tuple[Path, Path], tmp_path: Path
) -> None:
    finding = only(python(tmp_path, USING.format(LLAMA), world_of(gated)), "GATE401")
    assert marked(tmp_path, finding)[1:-1] == LLAMA
    assert "within the last hour" in finding.evidence[-1].en


@pytest.mark.parametrize(
    "code",
    [
        USING.format(QWEN),
        USING.format("./" + LLAMA),
        f"{MS}snapshot_download({LLAMA_ON_MODELSCOPE!r})\n",
        f"import datasets\ndatasets.load_dataset({LLAMA!r})\n",
        f"print({LLAMA!r})\n",
    ],
)
def test_a_report_is_about_one_model_on_one_hub(
    gated: tuple[Path, Path], tmp_path: Path, code: str
) -> None:
    assert codes(python(tmp_path, code, world_of(gated))) == []


def test_of_another_hub_the_report_says_nothing(gated: tuple[Path, Path], tmp_path: Path) -> None:
    code = f"{MS}snapshot_download({LLAMA!r})\n"
    assert codes(python(tmp_path, code, world_of(gated))) == ["SRC002"]


@pytest.mark.parametrize(("days", "believed"), [(6.9, True), (7.1, False), (-1, False)])
def test_a_report_is_believed_for_a_week(
    gated: tuple[Path, Path], tmp_path: Path, days: float, believed: bool
) -> None:
    from dataclasses import replace

    folder, project = gated
    last = report(project, LLAMA, folder)
    assert last is not None
    aged = replace(last, taken=datetime.now(UTC) - timedelta(days=days))
    checked = python(tmp_path, USING.format(LLAMA), World(report=lambda model: aged))
    assert codes(checked) == (["GATE401"] if believed else [])
