"""An error at a terminal of 80 columns: no word is torn, no command is broken."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from qtune.errorlines import laid
from tests.commands import terminal

LONG = "the rows of this file are " + "of another form and " * 12 + "cannot be used"
CHINESE = "这个文件里的数据" + "是另一种格式，" * 20 + "无法使用"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("text", [LONG, CHINESE])
def test_prose_is_broken_between_words(text: str) -> None:
    lines = laid(text, "error[TRN005]: ", "  ", Terminal())
    assert len(lines) > 2
    assert all(cell_len(line) <= 80 for line in lines)
    first = lines[0].removeprefix("error[TRN005]: ")
    said = [first, *(line.removeprefix("  ") for line in lines[1:])]
    assert (" " if text is LONG else "").join(said) == text


def test_what_is_indented_stays_so() -> None:
    lines = laid(f"2 rows:\n  a.jsonl:7: {LONG}", "error[TRN005]: ", "  ", Terminal())
    assert lines[0] == "error[TRN005]: 2 rows:"
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(len(line) <= 80 for line in lines)


def test_a_command_can_be_copied_whole() -> None:
    command = "qtune run runs/sft training.learning_rate=0.0006 output_dir=" + "/very/long" * 8
    lines = laid(f"{LONG}\n{command}\n  (why)", "  → ", "    ", Terminal())
    assert f"    {command}" in lines
    assert lines[-1] == "      (why)"


def test_a_path_longer_than_the_line_is_not_torn() -> None:
    path = "/data/" + "x" * 120
    assert any(path in line for line in laid(f"{LONG} {path} {LONG}", "", "  ", Terminal()))


def test_into_a_file_it_goes_as_it_is() -> None:
    assert laid(f"{LONG}\n{LONG}", "e: ", "  ", io.StringIO()) == [f"e: {LONG}", f"  {LONG}"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_real_terminal_no_line_is_wider_than_it(tmp_path: Path) -> None:
    (tmp_path / "sft.yaml").write_text(f"model: ./{'no-such-folder-' * 4}here\ndata: rows.jsonl\n")
    environ = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    command = [sys.executable, "-m", "qtune", "run", "sft.yaml"]
    environ |= {"NO_COLOR": "1", "HOME": str(tmp_path), "QTUNE_LANG": "en"}
    shown = terminal.rest(*terminal.begin(command, environ, tmp_path, size=(24, 80))).decode()
    assert "error[" in shown
    for line in shown.splitlines():
        assert len(line) <= 80 or len(line.split()) == 1, shown  # a path keeps whole
