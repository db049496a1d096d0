"""`report.html` of a run directory: what was trained, how it went, and what the model says now.

Read from the files of the run alone, without torch, so that it can be made again at any time.
"""

from __future__ import annotations

from pathlib import Path

from qtune.core.text import Lang
from qtune.train import rundir
from qtune.train.report import course, page

NAME = "report.html"


def write(run: Path, lang: Lang) -> Path:
    """Raises OSError where the folder cannot be written to."""
    rundir.replace(run / NAME, page.render(course.read(run), lang))
    return run / NAME
