"""How long it takes to tell a report of 60 findings, and to check 5,000 lines: `python bench/report.py [rounds]`.

The aim is 0.2 s for each.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtune.core.envpatch import EnvPatch
from qtune.doctor.documents.check import Checked, check
from qtune.doctor.facts import Facts, Goal
from qtune.doctor.finding import Finding
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.report import concise, terminal
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.doctor.report.view import View

AT_MOST_S = 0.2
FINDINGS, LINES = 60, 5000


def env(lines: int, wrong: int, part: int = 0) -> str:
    """A `.env` of that many lines, of which `wrong` have something to be told; another one for each `part`."""
    told = [f"line {number} has no equals sign" for number in range(wrong)]
    rest = (f"NAME_{part}_{number}=value {number}" for number in range(lines - wrong))
    return "\n".join([*told, *rest])


def report(findings: tuple[Finding, ...]) -> Report:
    checks = (CheckState(".env", "ok", None, "", 1),)
    facts = Facts(Goal("train", "Qwen/Qwen3-4B"))
    return Report(findings, checks, facts, (), EnvPatch(), (), "2026-01-01T00:00:00+00:00", 1)


def best(work: Callable[[], object], rounds: int) -> float:
    """Seconds; the first round imports, and does not count."""
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times[1:])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3

    def judged(text: str) -> Checked:
        return check(text, Path(".env"))

    parts = itertools.count()
    told = report(judged(env(200, FINDINGS)).findings)
    assert len(told.findings) == FINDINGS
    again = env(LINES, FINDINGS)
    rows: list[tuple[str, Callable[[], object]]] = [
        (f"check, {LINES} new lines", lambda: judged(env(LINES, FINDINGS, next(parts)))),
        (f"check, {LINES} lines again", lambda: judged(again)),
        ("check's text", lambda: concise.render(told, "en")),
        ("the doctor's text", lambda: terminal.render(told, View())),
    ]
    for name in FORMATS:
        rows.append((name, partial(renderer(name).render, told, 1, "en")))
    print(f"{f'{FINDINGS} findings as':24} {'ms':>7} {'of 0.2 s':>9}")
    for what, work in rows:
        seconds = best(work, rounds)
        print(f"{what:24} {seconds * 1000:7.1f} {seconds / AT_MOST_S:9.2f}")


if __name__ == "__main__":
    main()
