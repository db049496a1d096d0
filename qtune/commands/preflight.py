"""The doctor's look before a run: only what this run needs, and only the hub it will use."""

from __future__ import annotations

import os
from pathlib import Path

from qtune.commands.wishes import suppressions
from qtune.core.http import open_client
from qtune.core.settings import Settings
from qtune.core.sources import candidates
from qtune.doctor.context import Context
from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import Goal
from qtune.doctor.finding import Severity
from qtune.doctor.outcome import Report
from qtune.doctor.schedule import Limits, Observer

TIMEOUT_S = 45.0


def preflight(
    settings: Settings, goal: Goal, root: Path, offline: str, observer: Observer
) -> Report:
    """First the source that the settings put first, alone: where it serves, no other is contacted.

    `offline` is why the network is left out, "" when it is not. Speed is not measured: the download
    that follows will show it.
    """
    limits = Limits(TIMEOUT_S, bool(offline), offline or "--offline", no_speed=True)
    options = Options(skip=("HUB207",), limits=limits)
    with open_client(settings) as client:
        allowed = candidates(settings)

        def look(count: int | None) -> Report:
            sources = allowed[:count]
            context = Context(
                settings, goal, sources, client, os.environ, root,
                suppressions=suppressions(goal.run_config),
            )  # fmt: skip
            return examine(context, options, observer)

        report = look(1)
        if len(allowed) > 1 and blocks(report, allowed[0].name):
            return look(None)
        return report


def blocks(report: Report, source: str) -> list[str]:
    """The codes of errors about `source`: what another hub might make up for."""
    return [
        finding.code
        for finding in report.findings
        if finding.severity is Severity.ERROR and finding.source == source
    ]
