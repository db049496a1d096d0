"""A report as a program reads it; under GitHub Actions, also as a table on the page of the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from qtune.doctor.outcome import Report
from qtune.doctor.report import markdown
from qtune.doctor.report.formats import renderer
from qtune.doctor.report.paths import checkout, relocated
from qtune.speech import current, say

# These are read elsewhere, by programs that know files by their place in the repository.
_ELSEWHERE = ("sarif", "github", "gitlab")


def write(report: Report, name: str, exit_code: int) -> str:
    """The document that `--format name` asks for."""
    if name in _ELSEWHERE:
        folder = Path.cwd()
        report = relocated(report, checkout(os.environ, folder), folder)
    if name == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        _append(markdown.summary(report, current()), Path(summary))
    return renderer(name).render(report, exit_code, current())


def _append(text: str, path: Path) -> None:
    """A summary that cannot be written costs no report."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        reason = error.strerror or str(error)
        words = say(f"cannot write {path}: {reason}", f"无法写入 {path}：{reason}")
        print(words, file=sys.stderr)
