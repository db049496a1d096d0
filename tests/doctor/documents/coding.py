"""Source code judged from a real file, as `qtune check` judges it, and mended by its own fixes."""

from __future__ import annotations

import textwrap
from pathlib import Path

from qtune.doctor.documents.check import Checked, check
from qtune.doctor.documents.edits import edited, fix_all
from qtune.doctor.documents.world import NOTHING_ELSE, World
from qtune.doctor.finding import Finding

TOKEN = "hf_" + "QmRtYpLkJhGfDsAzXcVbNwEiOuZeBnMvCq"  # real in shape, and nobody's
MS_TOKEN = "ms-3f9c2b7e-4a1d-4c8e-9b6f-0d5e7a2c8b14"


def python(folder: Path, code: str, world: World = NOTHING_ELSE, name: str = "train.py") -> Checked:
    path = folder / name
    path.write_text(textwrap.dedent(code), "utf-8")
    with path.open("rb") as file:
        return check(file, path, folder, world=world)


def codes(checked: Checked) -> list[str]:
    return [finding.code for finding in checked.findings]


def only(checked: Checked, code: str) -> Finding:
    (found,) = [finding for finding in checked.findings if finding.code == code]
    return found


def marked(folder: Path, finding: Finding, name: str = "train.py") -> str:
    """The text that the finding underlines, where it is in one line."""
    span = finding.span
    assert span is not None and span.line == span.end_line
    line = (folder / name).read_text("utf-8").split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


def mended(folder: Path, checked: Checked, *, unsafe: bool = False, name: str = "train.py") -> str:
    """The whole text with the fixes made."""
    path = folder / name
    text = path.read_text("utf-8")
    edits = fix_all(text, path, checked.findings, unsafe, lambda t: check(t, path, folder).findings)
    return edited(text, edits)
