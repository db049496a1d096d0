"""One look of the doctor at this machine: the context that the settings make, and who watches meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx

from qtune.commands.project import Project
from qtune.commands.target import Target
from qtune.commands.watch import Events, watching
from qtune.commands.wishes import in_run_config
from qtune.core.errors import ConfigError
from qtune.core.http import open_client
from qtune.core.sources import Source, candidates
from qtune.doctor import examine as doctor
from qtune.doctor.context import Context
from qtune.doctor.examine import Options
from qtune.doctor.finding import finding_of
from qtune.doctor.judgement import Elsewhere
from qtune.doctor.outcome import Report
from qtune.doctor.report.formats import FORMATS
from qtune.doctor.schedule import Observer
from qtune.doctor.suppression.project import ProjectFile

if TYPE_CHECKING:
    from qtune.commands.doctor import Asked

_TEXT = "qtune.doctor.report.terminal"


def look(
    project: Project, target: Target, options: Options, file: ProjectFile, asked: Asked
) -> Report:
    """A setting with which no client can be made is a finding; what needs no client is looked at."""
    problems = list(project.problems)
    sources: tuple[Source, ...] = ()
    unusable: ConfigError | None = None
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        try:
            sources = candidates(project.settings)
        except ConfigError as problem:
            problems.append(problem)
        try:
            client = stack.enter_context(open_client(project.settings))
        except ConfigError as problem:
            unusable = problem
            client = stack.enter_context(httpx.Client(transport=_Refusing(problem)))
        context = Context(
            project.settings, target.goal, sources, client, os.environ, project.root,
            suppressions=(*in_run_config(target.goal.run_config), *file.suppressions),
        )  # fmt: skip
        told = (*map(finding_of, problems), *file.problems, *target.findings)
        # Where no road is walked, nothing else would show it.
        otherwise = (finding_of(unusable),) if unusable is not None else ()
        events = Events(sys.stderr) if asked.progress == "jsonl" else None
        observer = events or stack.enter_context(watching(asked.quiet))
        observer = _importing(FORMATS.get(asked.format, _TEXT), observer)
        expected = events.expect if events else lambda checks: None
        report = doctor.examine(context, options, observer, Elsewhere(told, otherwise), expected)
    took_ms = round((time.monotonic() - started) * 1000)
    return dataclasses.replace(report, took_ms=took_ms)


def _importing(module: str, observer: Observer) -> Observer:
    """`observer`, and once the checks are out, `module` is imported meanwhile: it will tell their report."""
    begun = False

    def observe(check: str, finished: bool) -> None:
        nonlocal begun
        observer(check, finished)
        if not begun:
            begun = True
            threading.Thread(target=importlib.import_module, args=(module,), daemon=True).start()

    return observe


class _Refusing(httpx.BaseTransport):
    """No request leaves where no client can be made; the roads are still walked, up to what is wrong."""

    def __init__(self, problem: ConfigError) -> None:
        self._problem = problem

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise self._problem
