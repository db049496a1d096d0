"""Runs the checks at the same time, each as soon as what it needs went well, none beyond its deadline."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from qtune.core.secret import redact
from qtune.doctor.checks import Check, put, went_well
from qtune.doctor.context import Context
from qtune.doctor.facts import Fact, Facts, Known, Unknown

Observer = Callable[[str, bool], None]  # (check, finished)


@dataclass(frozen=True)
class Limits:
    """`timeout_s` is for all checks together. `offline` and `no_speed` leave checks out, and say so.

    `without` are kinds of checks that a profile leaves out.
    """

    timeout_s: float = 60.0
    offline: bool = False
    offline_reason: str = "--offline"
    no_speed: bool = False
    without: frozenset[str] = frozenset()
    without_reason: str = "--profile"


@dataclass
class _Running:
    check: Check
    started: float
    ends: float


def look(
    checks: Iterable[Check],
    context: Context,
    facts: Facts,
    limits: Limits,
    observer: Observer = lambda check, finished: None,
) -> Facts:
    """`facts` with the outcome of every check.

    A probe runs in a thread of its own, which is left behind when its time is over: a name look-up that
    hangs cannot be stopped from outside, and must not hold up the report.
    """
    waiting = {check.name: check for check in checks}
    outcomes: dict[str, Fact[Any]] = {}
    running: dict[str, _Running] = {}
    done: queue.SimpleQueue[tuple[str, Fact[Any]]] = queue.SimpleQueue()
    end = time.monotonic() + limits.timeout_s

    def settle(check: Check, fact: Fact[Any]) -> None:
        nonlocal facts
        outcomes[check.name] = fact
        facts = put(facts, check, fact)
        observer(check.name, True)

    while waiting or running:
        for check in list(waiting.values()):
            verdict = _ready(check, waiting, running, outcomes, limits)
            if verdict is None:
                continue
            del waiting[check.name]
            if isinstance(verdict, Unknown):
                settle(check, verdict)
                continue
            now = time.monotonic()
            if now >= end:
                settle(check, Unknown("timeout", f"no time was left of {limits.timeout_s:.0f} s"))
                continue
            ends = min(now + check.family.seconds, end)
            running[check.name] = _Running(check, now, ends)
            observer(check.name, False)
            threading.Thread(
                target=_run,
                args=(check, replace(context, ends=ends), facts, done),
                name=check.name,
                daemon=True,
            ).start()
        if not running:
            continue
        patience = min(entry.ends for entry in running.values()) - time.monotonic()
        with contextlib.suppress(queue.Empty):
            name, fact = done.get(timeout=max(patience, 0.001))
            while True:  # all that came in meanwhile is in time, however long the observer took
                if name in running:
                    settle(running.pop(name).check, fact)
                name, fact = done.get_nowait()
        now = time.monotonic()
        for name, entry in list(running.items()):
            if entry.ends <= now:
                del running[name]
                settle(entry.check, _late(entry, now))
    return facts


def _ready(
    check: Check,
    waiting: dict[str, Check],
    running: dict[str, _Running],
    outcomes: dict[str, Fact[Any]],
    limits: Limits,
) -> bool | Unknown | None:
    """True: start it. Unknown: it will not be made. None: something it needs is still under way."""
    if check.family.name in limits.without:
        return Unknown("skipped", limits.without_reason)
    if check.family.network and limits.offline:
        return Unknown("skipped", limits.offline_reason)
    if check.family.name == "speed" and limits.no_speed:
        return Unknown("skipped", "--no-speed")
    if any(name in waiting or name in running for name in check.after):
        return None
    for need in check.needs:
        if need in waiting or need in running:
            return None
        if not went_well(outcomes.get(need)):
            return Unknown("skipped", need)
    return True


def _run(
    check: Check, context: Context, facts: Facts, done: queue.SimpleQueue[tuple[str, Fact[Any]]]
) -> None:
    started = time.monotonic()
    try:
        fact = check.look(context, facts)
        if not isinstance(fact, Known | Unknown):
            raise TypeError(f"{check.name} returned {type(fact).__name__}")
    except BaseException as error:
        # A bug in a probe is reported as one, and the other checks stand; the panics of extensions
        # written in Rust are no Exceptions.
        fact = Unknown("crashed", crash(error))
    took_ms = round((time.monotonic() - started) * 1000)
    done.put((check.name, replace(fact, took_ms=took_ms)))


def _late(entry: _Running, now: float) -> Unknown:
    seconds = now - entry.started
    return Unknown("timeout", f"timed out after {seconds:.0f} s", round(seconds * 1000))


def crash(error: BaseException) -> str:
    """What went wrong and where, as a bug report needs it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('qtune')[2] or frame.filename}:{frame.lineno}"
    return redact(f"{type(error).__name__}: {error} ({place})")
