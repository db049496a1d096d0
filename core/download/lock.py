"""One process at a time writes to a store; the next one waits, and finds everything there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from qtune.core.download.line import Line
from qtune.core.text import Text


@contextlib.contextmanager
def locked(state: Path, line: Line) -> Iterator[None]:
    """The lock ends with the process that holds it, however that ends."""
    state.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(state / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        line.say(
            Text(
                "Another process is downloading this model; waiting for it",
                "另一个进程正在下载该模型，等待其完成",
            )
        )
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def at_once(lock: Path) -> Iterator[bool]:
    """Without waiting: whether nobody else holds this lock file, which is held while the block runs."""
    ours = filelock.FileLock(lock)
    try:
        ours.acquire(timeout=0)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        ours.release()
