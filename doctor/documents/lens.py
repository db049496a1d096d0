"""Above the first line of `.env` and run configs: run the doctor, and what it said the last time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core.text import Lang, Text
from qtune.doctor.documents.commands import OPEN_REPORT, RUN_DOCTOR
from qtune.doctor.documents.kinds import is_template
from qtune.doctor.documents.things import kind, leading
from qtune.doctor.documents.world import World
from qtune.doctor.tally import listed, tally

if TYPE_CHECKING:
    from qtune.doctor.lastreports import LastReport


@dataclass(frozen=True)
class Lens:
    line: int
    title: str
    command: str
    arguments: tuple[str, ...] = ()


def lens(document: str, path: Path, world: World, language: Lang) -> tuple[Lens, ...]:
    """`arguments` are the run config to examine, none for `.env`; of a report, the model it is about."""
    what = kind(document, path)
    if what not in ("dotenv", "runconfig") or is_template(path):
        return ()
    run = (str(path),) if what == "runconfig" else ()
    found = [Lens(1, Text("Run the doctor", "运行 doctor").to(language), RUN_DOCTOR, run)]
    report = _report(document, path, world)
    if report is not None:
        model = report.facts.goal.model
        found.append(Lens(1, _told(report, language), OPEN_REPORT, (model,)))
    return tuple(found)


def _report(document: str, path: Path, world: World) -> LastReport | None:
    """About the model that the text names; else the newest one."""
    for thing in leading(document, path, files=False):
        if thing.kind == "repo_id" and thing.key in ("model", "DEFAULT_MODEL"):
            report = world.report(thing.text)
            if report is not None:
                return report
    return world.report(None)


def _told(report: LastReport, lang: Lang) -> str:
    from qtune.doctor.documents.modelwords import age

    parts = tally(finding.severity for finding in report.findings)
    said = listed(parts) if parts else Text("no findings", "没有问题")
    ago = age(report.taken)
    return Text(f"Last run {ago.en}: {said.en}", f"上次运行：{ago.zh}，{said.zh}").to(lang)
