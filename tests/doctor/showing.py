"""All that a report can be made to show: every format, in both languages, and the terminal at its most talkative."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.doctor.codec import dump
from qtune.doctor.outcome import Report
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.doctor.report.terminal import render
from qtune.doctor.report.view import View


def shown(report: Report) -> Iterator[tuple[str, str]]:
    """(format, text). The facts are what `--save` writes."""
    yield "facts", dump(report.facts)
    for lang in ("en", "zh"):
        yield f"text.{lang}", render(report, View(lang, 100, 2)).plain
        for name in FORMATS:
            yield f"{name}.{lang}", renderer(name).render(report, 1, lang)
