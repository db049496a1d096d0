"""Notebooks: one program of many cells, told in the cell or in the file, and never misplaced."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qtune.doctor.documents.check import check
from qtune.doctor.documents.edits import edited, fix_all
from qtune.doctor.documents.source.notebook import check_cells
from qtune.doctor.facts import Suppression
from qtune.doctor.finding import Applicability, Finding
from tests.doctor.documents.coding import MS_TOKEN, TOKEN, codes, only

NB = Path("nb.ipynb")
IMPORT = "import os\nfrom transformers import AutoModel"
LATE = 'os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"'


def code(source: str | list[str], outputs: list[Any] | None = None) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs or []}


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def book(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def written(document: Any, **how: Any) -> str:
    return json.dumps(document, **{"indent": 1, "ensure_ascii": False, **how})


def marked(text: str, finding: Finding) -> str:
    span = finding.span
    assert span is not None and span.line == span.end_line
    return text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


# --- the file -------------------------------------------------------------------------------------


@pytest.mark.triggers("SRC001")
@pytest.mark.parametrize("how", [{}, {"indent": None}, {"ensure_ascii": True}, {"indent": 4}])
@pytest.mark.parametrize("shape", [str, lines])
def test_what_is_found_is_told_at_its_place_in_the_file(how: Any, shape: Any) -> None:
    source = f'# 测试 😀 "quoted" \\n \t\n{IMPORT}\n名 = "😀\\"é"; {LATE}\n'
    text = written(book(code("x = 1"), code(shape(source))), **how)
    finding = only(check(text, NB), "SRC001")
    assert marked(text, finding) == 'os.environ[\\"HF_ENDPOINT\\"]'


def test_an_earlier_cell_imports_and_a_later_one_sets(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_text(
        written(book(code(IMPORT), {"cell_type": "markdown", "source": []}, code(LATE)))
    )
    with path.open("rb") as file:
        checked = check(file, path)
    assert checked.kind == "notebook"
    finding = only(checked, "SRC001")
    assert "code cell 1" in finding.message.en
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL
    assert codes(check(written(book(code(LATE), code(IMPORT))), NB)) == []


@pytest.mark.parametrize("shape", [str, lines])
def test_a_fix_leaves_a_notebook_that_can_be_read(shape: Any) -> None:
    source = f'{IMPORT}\n{LATE}\nAutoModel.from_pretrained("a/b", use_auth_token=True)'
    text = written(book(code(shape(source)), anything={"a": ['"', "\\"]}))
    after = edited(text, fix_all(text, NB, check(text, NB).findings))
    (cell,) = json.loads(after)["cells"]
    assert "".join(cell["source"]) == (
        f"import os\n{LATE}\nfrom transformers import AutoModel\n\n"
        'AutoModel.from_pretrained("a/b", token=True)'
    )
    assert json.loads(after)["metadata"] == json.loads(text)["metadata"]
    assert codes(check(after, NB)) == []


@pytest.mark.triggers("SRC008")
@pytest.mark.parametrize("token", [TOKEN, MS_TOKEN])
@pytest.mark.parametrize(
    "outputs",
    [
        [
            {
                "output_type": "stream",
                "name": "stdout",
                "text": ["logged in with TOKEN\n", "and\nTOKEN!"],
            }
        ],
        [{"output_type": "execute_result", "data": {"text/plain": "'TOKEN'"}}],
        [
            {
                "output_type": "error",
                "traceback": ["\u001b[31mTOKEN\u001b[0m"],
                "ename": "E",
                "evalue": "",
            }
        ],
    ],
)
def test_a_token_in_a_saved_output_is_told_and_not_shown(outputs: list[Any], token: str) -> None:
    text = written(book(code("login()", outputs))).replace("TOKEN", token)
    checked = check(text, NB)
    assert codes(checked) == ["SRC008"] * text.count(token)
    finding = checked.findings[0]
    assert marked(text, finding) == token
    assert "output" in finding.message.en and token not in repr(checked)
    quiet = Suppression("project", ("SRC008",), "shown on purpose", "pyproject.toml", 1, 1, 2)
    assert codes(check(text, NB, given=(quiet,))) == []


@pytest.mark.triggers("SRC008")
def test_a_token_in_a_cell_is_told_once(tmp_path: Path) -> None:
    text = written(book(code(lines(f'!hf auth login --token {TOKEN}\nx = "a"\n'))))
    assert marked(text, only(check(text, NB), "SRC008")) == TOKEN


@pytest.mark.triggers("SRC008")
@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": "markdown", "source": [f"use {TOKEN}"]},
        {"source": f"use {TOKEN}", "cell_type": "raw"},
        code(f"%%bash\nhf auth login --token {TOKEN}"),
    ],
)
def test_a_token_in_any_cell_is_told_once(cell: dict[str, Any]) -> None:
    text = written(book(cell))
    assert marked(text, only(check(text, NB), "SRC008")) == TOKEN
    other = written(book(cell, language_info={"name": "R"}))
    assert marked(other, only(check(other, NB), "SRC008")) == TOKEN


@pytest.mark.spares("SRC008")
def test_an_example_in_an_output_is_fine() -> None:
    shown = [{"output_type": "stream", "text": ["hf_" + "x" * 34]}]
    assert codes(check(written(book(code("1", shown))), NB)) == []


def test_a_comment_in_a_cell_keeps_it_quiet() -> None:
    cell = f"{LATE}  # qtune: ignore[SRC001] the workers read it"
    text = written(book(code(lines(IMPORT)), code(lines(cell))))
    checked = check(text, NB)
    assert codes(checked) == []
    (ignored,) = checked.ignored
    assert ignored.finding.span is not None and ignored.by.line == ignored.finding.span.line
    first = "# qtune: ignore-file[SRC001] the workers read it\n"
    assert codes(check(written(book(code(first + IMPORT), code(LATE))), NB)) == []


def test_the_third_format_is_read_as_well() -> None:
    cells = [
        {"cell_type": "code", "language": "python", "input": lines(IMPORT), "outputs": []},
        {"cell_type": "code", "language": "python", "input": LATE, "outputs": []},
    ]
    text = written({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]})
    assert marked(text, only(check(text, NB), "SRC001")) == 'os.environ[\\"HF_ENDPOINT\\"]'


@pytest.mark.spares("SRC001")
@pytest.mark.parametrize(
    "document",
    [
        book(code(IMPORT), code(LATE), kernelspec={"language": "R", "name": "ir"}),
        book(code(IMPORT), code(LATE), language_info={"name": "julia"}),
        book({"cell_type": "markdown", "source": IMPORT}, {"cell_type": "raw", "source": LATE}),
        book(code(f"%%bash\n{IMPORT}"), code(LATE)),
        book(code(IMPORT), code(LATE), code("!huggingface-cli download Qwen/Qwen3-4B")),
        {"cells": {}, "nbformat": 4},
        {"cells": [None, 1, [], {}], "nbformat": 4},
        {"cells": [{"cell_type": "code", "source": {"a": IMPORT}}]},
        {"other": [code(IMPORT), code(LATE)]},
    ],
)
def test_what_is_no_python_is_left_alone(document: dict[str, Any]) -> None:
    assert codes(check(written(document), NB)) == []


def test_what_a_magic_sets_is_set(tmp_path: Path) -> None:
    text = written(book(code(IMPORT), code(lines("%pip install x\n%env HF_ENDPOINT=https://m\n"))))
    assert marked(text, only(check(text, NB), "SRC001")) == "HF_ENDPOINT=https://m"


@pytest.mark.parametrize("text", ["", "{", "{}", "null", '{"cells": [', "[" * 100_000, "{" * 5_000])
def test_a_broken_notebook_is_nothing_to_speak_of(text: str) -> None:
    assert codes(check(text, NB)) == []


def test_each_beginning_of_a_notebook_and_random_damage_are_read() -> None:
    text = written(book(code(lines(f"{IMPORT}\n{LATE}\n")), code("x = '😀\\n'", [{"text": TOKEN}])))
    for end in range(0, len(text), 5):
        check(text[:end], NB)
    dice = random.Random(3)
    for _ in range(300):
        at = dice.randrange(len(text))
        damage = dice.choice(["", '"', "\\", "\\u", "\ud800", "\0", "{", "]", "\\ud83d"])
        check(text[:at] + damage + text[at + dice.randrange(4) :], NB)


def test_many_images_are_passed_over() -> None:
    image = [{"output_type": "display_data", "data": {"image/png": "iVBOR" * 400_000}}]
    text = written(book(*[code(IMPORT, image) for _ in range(8)], code(LATE)))
    before = time.monotonic()
    assert codes(check(text, NB)) == ["SRC001"]
    assert len(text) > 15_000_000 and time.monotonic() - before < 10


def test_the_command_says_what_the_editor_is_told(tmp_path: Path) -> None:
    text = written(book(code(IMPORT), code(LATE)))
    (tmp_path / "nb.ipynb").write_text(text, "utf-8")
    (tmp_path / "train.py").write_text(f"{IMPORT}\n{LATE}\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "qtune", "check", "nb.ipynb", "train.py", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # warnings are no failure
    told = [
        (f["code"], f["span"]["path"], f["span"]["line"], f["span"]["column"])
        for f in json.loads(done.stdout)["findings"]
    ]
    (found,) = check(text, NB).findings
    assert found.span is not None
    assert told == [
        ("SRC001", "nb.ipynb", found.span.line, found.span.column),
        ("SRC001", "train.py", 3, 1),
    ]


# --- a client that hands in all cells as one text -------------------------------------------------


def test_the_text_of_all_cells_is_judged_as_python() -> None:
    text = f"%pip install x\n{IMPORT}\n\n\n{LATE}\n"
    checked = check(text, NB)
    assert checked.kind == "python"
    span = only(checked, "SRC001").span
    assert span is not None and (span.line, span.column) == (6, 1)


# --- cells, as an editor syncs them ---------------------------------------------------------------


def test_cells_are_one_program_and_each_has_its_own_lines() -> None:
    (found,) = check_cells(["x = 1", IMPORT, "", f"y = 2\n{LATE}"], NB)
    index, finding = found
    assert (index, finding.code) == (3, "SRC001")
    assert finding.span is not None
    assert (finding.span.line, finding.span.column, finding.span.end_column) == (2, 1, 26)
    assert "code cell 2" in finding.message.en


def test_a_fix_of_a_cell_stays_in_it() -> None:
    ((index, finding),) = check_cells(["x = 1", f"{IMPORT}\n{LATE}"], NB)
    assert index == 1 and finding.fix is not None
    assert [(e.span.line, e.span.end_line) for e in finding.fix.edits] == [(2, 2), (3, 3)]
    assert "line 2 of this cell" in finding.message.en
    ((_, apart),) = check_cells([IMPORT, LATE], NB)
    assert apart.fix is not None and not apart.fix.edits


@pytest.mark.parametrize(
    "broken", ["for (", "def f(:", "'''", "x = [", "%%html\n<p>", "\0", "\ud800"]
)
def test_a_broken_cell_spoils_only_itself(broken: str) -> None:
    cells = [IMPORT, broken, LATE]
    assert [(index, f.code) for index, f in check_cells(cells, NB)] == [(2, "SRC001")]


def test_cells_and_file_say_the_same() -> None:
    cells = [
        IMPORT,
        f'{LATE}\nname = "meta-llama/Llama-3.2-1B"',
        "from modelscope import snapshot_download\nsnapshot_download(name, revision='main')",
        f'AutoModel.from_pretrained("a/b", use_auth_token="{TOKEN}")',
        "x = 1  # qtune: ignore[SRC003] nothing here",
    ]
    apart = [(f.code, f.severity, f.message) for _, f in check_cells(cells, NB)]
    together = check(written(book(*map(code, cells))), NB)
    assert apart == [(f.code, f.severity, f.message) for f in together.findings]
    assert {code for code, _, _ in apart} >= {
        "SRC001",
        "SRC002",
        "SRC003",
        "SRC004",
        "SRC008",
        "CFG093",
    }


def test_no_cells_are_no_findings() -> None:
    assert check_cells([], NB) == () == check_cells(["", ""], NB)


def test_a_change_in_one_of_many_cells_is_judged_while_one_types() -> None:
    body = (
        "import os\nfrom transformers import AutoModel\n"
        "def f_{0}(a, b=2):\n    return AutoModel.from_pretrained(a)\n"
        "for step in range(10):\n    print(f'{{step}} {{os}}')\n    x = [a + b for a, b in zip([1], [2])]\n"
        "y_{0} = f_{0}('Qwen/Qwen3-4B')\n"
    )
    cells = [body.format(number) for number in range(200)]
    check_cells(cells, NB)
    took = []
    for number in range(20):
        cells[100] = body.format(100) + f"z = {number}\n"
        before = time.perf_counter()
        check_cells(cells, NB)
        took.append(time.perf_counter() - before)
    # Some 15 ms where nothing else runs; the rest is for a machine that does other things as well.
    assert statistics.median(took) < 0.15
