"""The doctor as a child process: its progress while it looks, its report in the end; cancelled, nothing is left of it.

The child runs in the project's folder with `-P`, so that no file of the project is imported, with stdin closed
and its output captured: stdout of this process belongs to the protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtune.core.secret import redact
from qtune.core.text import Lang, Text

LIMIT_S = 300.0  # the doctor's own limit is a minute, unless the project sets another
PATIENCE_S = 2.0  # between asking it to end and ending it
_LARGEST = 32 << 20  # of a report
_LINE = 1 << 16  # of progress; what is longer is none


@dataclass(frozen=True)
class Step:
    """`check` begins, or is finished; `done` of `total` checks are."""

    check: str
    finished: bool
    done: int
    total: int


@dataclass(frozen=True)
class Outcome:
    """`report` is the JSON document of `qtune doctor --format json`; None: there is none, and `message` says why.

    `exit` is the child's exit code, None where it had to be killed.
    """

    report: Mapping[str, Any] | None
    exit: int | None
    message: Text | None = None


async def run(
    root: Path,
    target: str,
    on_progress: Callable[[Step], None] = lambda step: None,
    lang: Lang | None = None,
    limit_s: float = LIMIT_S,
    command: Iterable[str] = (sys.executable, "-P", "-m", "qtune"),
) -> Outcome:
    """Examines `target` (a model, a run config, "" for the default) in the project at `root`.

    Cancelling the task kills the child and all that it started, before CancelledError goes on.
    """
    options = ["--format", "json", "--progress", "jsonl"]
    argv = [*command, "doctor", *options, *(["--", target] if target else [])]
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=root,
            env=_environment(lang),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **_of_its_own(),
        )
    except (OSError, ValueError) as error:
        reason = redact(getattr(error, "strerror", None) or str(error))
        return Outcome(
            None, None, Text(f"cannot start the doctor: {reason}", f"无法启动 doctor：{reason}")
        )
    heard = _Heard(on_progress)
    listening = asyncio.gather(heard.report(process.stdout), heard.progress(process.stderr))
    try:
        async with asyncio.timeout(limit_s):
            code = await _code_of(process)
            # A probe that was left behind may hold the pipes; the doctor's own answer is in them by now.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(listening), PATIENCE_S)
    except TimeoutError:
        return Outcome(
            None,
            None,
            Text(
                f"the doctor did not end within {limit_s:.0f} s and was stopped",
                f"doctor 在 {limit_s:.0f} 秒内没有结束，已被终止",
            ),
        )
    finally:
        await asyncio.shield(_end(process))
        await _hang_up(process, listening)
    return heard.outcome(code)


async def _hang_up(process: asyncio.subprocess.Process, listening: asyncio.Future[Any]) -> None:
    """With the last of them dead the pipes are at their end, unless one went away into a session of its own."""
    await asyncio.wait([listening], timeout=PATIENCE_S)
    if not listening.done():
        listening.cancel()
        transport = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


class _Heard:
    """What has come out of the child so far."""

    def __init__(self, on_progress: Callable[[Step], None]) -> None:
        self._on_progress = on_progress
        self._out = bytearray()
        self._words: deque[str] = deque(maxlen=20)

    async def report(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while data := await stream.read(1 << 16):
            if len(self._out) <= _LARGEST:
                self._out += data

    async def progress(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        rest = b""
        while data := await stream.read(1 << 16):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._line(line.decode("utf-8", "replace").strip())
            rest = rest[-_LINE:]

    def _line(self, line: str) -> None:
        step = _step(line)
        if step is not None:
            self._on_progress(step)
        elif line:
            self._words.append(line)

    def outcome(self, code: int) -> Outcome:
        try:
            report = json.loads(self._out.decode("utf-8")) if len(self._out) <= _LARGEST else None
        except (ValueError, RecursionError):
            report = None
        if isinstance(report, dict) and isinstance(report.get("findings"), list):
            return Outcome(report, code)
        # The last line of a traceback says what it was.
        words = redact(self._words[-1])[:300] if self._words else ""
        tail = f": {words}" if words else ""
        return Outcome(
            None,
            code,
            Text(
                f"the doctor ended with exit code {code} and no report{tail}",
                f"doctor 以退出码 {code} 结束，没有给出报告{tail}",
            ),
        )


def _step(line: str) -> Step | None:
    if not line.startswith('{"event": "progress"'):
        return None
    try:
        event = json.loads(line)
        return Step(
            str(event["check"]), bool(event["finished"]), int(event["done"]), int(event["total"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _environment(lang: Lang | None) -> dict[str, str]:
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return {**environ, "QTUNE_LANG": lang} if lang is not None else environ


# --- its end --------------------------------------------------------------------------------------


def _of_its_own() -> dict[str, Any]:
    """A group of processes that can be ended together, and on Windows no window."""
    if os.name == "posix":
        return {"start_new_session": True}
    names = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
    return {"creationflags": sum(getattr(subprocess, name, 0) for name in names)}


async def _end(process: asyncio.subprocess.Process) -> None:
    """Afterwards neither the child nor anything that it started is running."""
    if os.name != "posix":
        await _end_tree(process)
        return
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_code_of(process), PATIENCE_S)
    _signal(process.pid, signal.SIGKILL)
    await _code_of(process)


async def _code_of(process: asyncio.subprocess.Process) -> int:
    """`process.wait` would wait for its pipes as well, which another process may hold open."""
    while process.returncode is None:
        await asyncio.sleep(0.03)
    return process.returncode


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


async def _end_tree(process: asyncio.subprocess.Process) -> None:
    """Windows knows a tree of processes, and only while its root lives."""
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError, TimeoutError):
        killer = await asyncio.create_subprocess_exec(
            *("taskkill", "/T", "/F", "/PID", str(process.pid)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await asyncio.wait_for(killer.wait(), PATIENCE_S)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await _code_of(process)
