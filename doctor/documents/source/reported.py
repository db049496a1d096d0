"""What the doctor last found out about a model, told where code names that model for that very hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from qtune.core.text import Text
from qtune.doctor.documents.world import World
from qtune.doctor.facts import SourceCode
from qtune.doctor.finding import Finding
from qtune.doctor.rules.src.functions import repo_calls
from qtune.doctor.rules.src.words import span

if TYPE_CHECKING:
    from qtune.doctor.lastreports import LastReport

BELIEVED = timedelta(days=7)
# About the model itself, and true for whoever asks with these credentials.
_ABOUT_A_MODEL = ("GATE", "HUB220", "HUB221", "HUB223", "HUB224", "HUB225")


def reported(source: SourceCode, world: World) -> Iterator[Finding]:
    """Nothing of a report that is older than a week, or comes from the future."""
    known: dict[str, LastReport | None] = {}
    for found in repo_calls(source):
        if not found.hub or not found.repo_id or found.kind != "model" or found.argument is None:
            continue
        if found.repo_id in source.folders:
            continue
        if found.repo_id not in known:
            known[found.repo_id] = world.report(found.repo_id)
        report = known[found.repo_id]
        if report is None or report.facts.goal.model != found.repo_id:
            continue
        age = datetime.now(UTC) - report.taken
        if not timedelta(0) <= age <= BELIEVED:
            continue
        for finding in report.findings:
            if finding.code.startswith(_ABOUT_A_MODEL) and finding.source == found.hub:
                yield replace(
                    finding,
                    evidence=(*finding.evidence, _aged(age)),
                    span=span(source, found.argument.value.spot),
                    because=None,
                )


def _aged(age: timedelta) -> Text:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return Text("seen by `qtune doctor` within the last hour", "`qtune doctor` 在一小时内看到")
    if hours < 48:
        return Text(
            f"seen by `qtune doctor` {hours} h ago", f"`qtune doctor` 在 {hours} 小时前看到"
        )
    return Text(
        f"seen by `qtune doctor` {hours // 24} days ago",
        f"`qtune doctor` 在 {hours // 24} 天前看到",
    )
