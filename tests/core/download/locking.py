"""A process that takes the lock of a store, holds it, and is told what to do line by line."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[3]

CHILD = """
import json, pathlib, sys
import httpx
from qtune.core.download import holder, lock
from qtune.core.download.line import Line
from qtune.core.errors import QtuneError
from qtune.core.settings import resolve

given = json.loads(sys.argv[1])
for name, value in given["limits"].items():
    setattr(lock, name, value)
if given["machine"]:
    machine = holder.Machine(**given["machine"])
    holder.here = lambda: machine

def tell(event):
    print("SAY", event.text.en, flush=True)

line = Line(httpx.Client(trust_env=False), resolve(environ={}), tell)
state = pathlib.Path(given["state"])
print("waits", flush=True)
if given["at_once"]:
    with lock.at_once(state) as ours:
        print("ours" if ours else "theirs", flush=True)
    raise SystemExit
try:
    with lock.locked(state, line) as held:
        print("held", flush=True)
        for wish in sys.stdin:
            held.check()
            print("still held", "cut" if line.stop.is_set() else "", flush=True)
except QtuneError as error:
    print("ERROR", error.code, error.message.en, "CUT" if line.stop.is_set() else "", flush=True)
except OSError as error:
    print("OSERROR", error.errno, flush=True)
"""


def begin(
    state: Path,
    machine: Mapping[str, str] | None = None,
    *,
    at_once: bool = False,
    prefix: str = "",
    limits: Mapping[str, float] = MappingProxyType({}),
) -> subprocess.Popen[str]:
    """`machine`: where it believes to be. `limits`: BEAT_S, STALE_S … as in core.download.lock."""
    given = {"state": str(state), "machine": machine, "limits": dict(limits), "at_once": at_once}
    return subprocess.Popen(
        [sys.executable, "-c", prefix + CHILD, json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def told(process: subprocess.Popen[str], beginning: str) -> str:
    """Its next line that begins so. One that says nothing for a minute is killed."""
    assert process.stdout is not None
    seen = []
    guard = threading.Timer(60.0, process.kill)
    guard.start()
    try:
        for line in process.stdout:
            if line.startswith(beginning):
                return line.strip()
            seen.append(line)
    finally:
        guard.cancel()
    raise AssertionError(f"it ended without {beginning!r}: {''.join(seen)}")


def ask(process: subprocess.Popen[str]) -> None:
    """It checks its lock, and answers."""
    assert process.stdin is not None
    process.stdin.write("check\n")
    process.stdin.flush()


def end(process: subprocess.Popen[str]) -> str:
    """It leaves the lock; the rest of what it says."""
    output, _ = process.communicate(timeout=60)
    return output


@contextlib.contextmanager
def locking(
    state: Path,
    machine: Mapping[str, str] | None = None,
    *,
    until: str = "held",
    limits: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[str]]:
    """While the block runs; at its end the process is killed, whatever it does."""
    process = begin(state, machine, limits=limits)
    with process:
        try:
            told(process, until)
            yield process
        finally:
            process.kill()
