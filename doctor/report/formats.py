"""The formats a program reads: name -> the module that writes it; imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, cast

from qtune.doctor.report.asked import DOCTOR

if TYPE_CHECKING:
    from qtune.core.text import Lang
    from qtune.doctor.facts import SettingFact
    from qtune.doctor.outcome import Report

FORMATS: dict[str, str] = {
    "json": "qtune.doctor.report.json",
    "jsonl": "qtune.doctor.report.jsonl",
    "sarif": "qtune.doctor.report.sarif",
    "junit": "qtune.doctor.report.junit",
    "github": "qtune.doctor.report.github",
    "gitlab": "qtune.doctor.report.gitlab",
    "markdown": "qtune.doctor.report.markdown",
    "html": "qtune.doctor.report.html",
}


class Renderer(Protocol):
    """What each of these modules is: a whole document, of a report or of what kept it from being made."""

    def render(self, report: Report, exit_code: int, lang: Lang) -> str: ...

    def failed(
        self,
        error: BaseException,
        exit_code: int,
        lang: Lang,
        settings: Iterable[SettingFact] = (),
        took_ms: int = 0,
        command: str = DOCTOR,
    ) -> str: ...


def renderer(name: str) -> Renderer:
    return cast(Renderer, importlib.import_module(FORMATS[name]))
