"""The JSON report as events, one a line: start, each check, each finding, each advice, the facts, the end with its exit.

Made of the JSON document itself, so that both say the same in the same words; pure ASCII, whatever the console.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from qtune.core.text import Lang
from qtune.doctor.facts import SettingFact
from qtune.doctor.outcome import Report
from qtune.doctor.report import json as whole
from qtune.doctor.report.asked import DOCTOR
from qtune.doctor.report.words import writable


def render(report: Report, exit_code: int, lang: Lang) -> str:
    return _lines(whole.render(report, exit_code, lang), report.started)


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    return _lines(whole.failed(error, exit_code, lang, settings, took_ms), None)


def _lines(document: str, started: str | None) -> str:
    events = _events(json.loads(writable(document)), started)
    return "".join(json.dumps(event) + "\n" for event in events)


def _events(document: dict[str, Any], started: str | None) -> Iterator[dict[str, Any]]:
    head = {key: document[key] for key in ("schema", "qtune", "goal", "settings")}
    yield {"event": "start", **head, "started": started}
    for check in document["checks"]:
        yield {"event": "check", **check}
    for finding in document["findings"]:
        yield {"event": "finding", **finding}
    for key, row in document["recommended_env"].items():
        yield {"event": "advice", "key": key, **row}
    yield {"event": "facts", "facts": document["facts"]}
    tail = {key: document[key] for key in ("exit", "suppressed", "took_ms")}
    yield {"event": "end", **tail}
