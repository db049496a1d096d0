"""One process at a time writes to a store, over processes and machines; the next one waits, and finds
everything there.

No lock of the system is trusted: flock is local, a no-op or a failure on network disks. A file says who holds
(`lockfile`), and a heartbeat in it that he lives. Who waits passes over a holder that is known to be gone on
this machine at once (`holder`), and over any other after `STALE_S` without a heartbeat, by the waiter's own
clock, which runs only while it looks: no two clocks are compared, and neither a suspended waiter nor a server
that answered nobody makes a living holder look dead.

A holder that is stopped (^Z, a debugger, a suspended laptop) is silent like a dead one, and is passed over
after the same time: whoever waits cannot tell a pause of a minute from one of a week. Continued, it finds out
with its next heartbeat or `Held.check`, writes no more, and ends with DWN012; all that it had is kept, and
went on in the other process. A write that was already on its way when it was stopped still lands. It carries
what was sent for that very place, and so changes nothing, unless the source sent wrong bytes in that moment:
no file system can call a write back, and `qtune cache verify` would find it.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from qtune.core.download import lockfile
from qtune.core.download.holder import is_gone, is_near, myself, read
from qtune.core.download.line import Line
from qtune.core.download.lockfile import Claim
from qtune.core.download.lockwords import taken_over, waiting
from qtune.core.errors import DownloadError

BEAT_S = 3.0
STALE_S = 60.0  # twenty heartbeats: a disk that is written to at full speed delays one for long
FAREWELL_S = 0.5
LOOK_S, LOOK_FAR_S = 0.2, 1.0  # each look at another machine's heartbeat is a request to the server


class Held:
    """The lock, until another took it: then `check` raises, and `lost` was called."""

    def __init__(self, claim: Claim, lost: Callable[[], None]) -> None:
        self._claim = claim
        self._lost = lost
        self._error: DownloadError | None = None
        self._seen = time.monotonic()
        self._end = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._beat, name="lock heartbeat", daemon=True)

    def __enter__(self) -> Held:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(FAREWELL_S)
        if self._thread.is_alive():
            return  # a server that does not answer: its heartbeat ends with this process, and so does the lock
        if self._error is None:
            self._claim.withdraw()
        else:
            self._claim.close()

    def check(self) -> None:
        """Before what must not be done by two: raises DownloadError DWN012.

        Costs nothing but after a pause: who was stopped looks before he goes on.
        """
        if self._error is None and time.monotonic() - self._seen > 2 * BEAT_S:
            self._look()
        if self._error is not None:
            raise self._error

    def _beat(self) -> None:
        count = 0
        while not self._end.wait(BEAT_S):
            self._look()
            if self._error is not None:
                return
            count += 1
            with contextlib.suppress(
                OSError
            ):  # a server that is away for a while; the next one counts
                self._claim.beat(count)

    def _look(self) -> None:
        with self._looking:
            if self._error is not None:
                return
            try:
                there = self._claim.is_there()
                number = lockfile.highest(self._claim.folder)
                if there and number <= self._claim.number:
                    self._seen = time.monotonic()
                    return
                successor = read(lockfile.content(self._claim.folder, number) or b"")
            except OSError:
                return
            self._error = taken_over(self._claim.folder, successor)
        self._lost()


@contextlib.contextmanager
def locked(state: Path, line: Line) -> Iterator[Held]:
    """The lock ends with the process that holds it, however that ends. ^C ends the wait for it.

    Raises OSError where none can be made: no rights, no room, a disk that is read-only; DownloadError
    DWN012 when another took it, and `line` was cut, before the block came to its end.
    """
    with Held(_wait(state, line), line.cut) as held:
        try:
            yield held
        except Exception:
            held.check()  # that the lock was lost says why whatever came of it failed
            raise


@contextlib.contextmanager
def at_once(state: Path) -> Iterator[bool]:
    """Whether nobody else holds the lock, which is held while the block runs.

    Without waiting, but for the next heartbeat of a holder that only its heartbeat shows to be alive.
    """
    watch = _Watch()
    while True:
        number, found = _current(state)
        if found is None or watch.is_over(found):
            claim = _claim(state, number, found)
            if claim is not None:
                break
            time.sleep(random.uniform(0, LOOK_S))
            continue
        holder = read(found)
        if (holder is not None and is_near(holder)) or watch.beats > 1:
            yield False
            return
        time.sleep(LOOK_S)
    with Held(claim, lambda: None):
        yield True


def of_another_tool(lock: Path) -> bool:
    """Does nobody hold this lock file of huggingface_hub's? Those are filelock's."""
    ours = filelock.FileLock(lock)
    try:
        ours.acquire(timeout=0)
    except filelock.Timeout:
        return False
    ours.release()
    return True


def _wait(state: Path, line: Line) -> Claim:
    watch = _Watch()
    said: str | None = None
    while True:
        state.mkdir(parents=True, exist_ok=True)  # also when it went away while we waited
        number, found = _current(state)
        if found is None or watch.is_over(found):
            with contextlib.suppress(FileNotFoundError):
                claim = _claim(state, number, found)
                if claim is not None:
                    return claim
            line.pause(random.uniform(0, LOOK_S))
            continue
        holder = read(found)
        if said != (holder.nonce if holder else ""):
            said = holder.nonce if holder else ""
            line.say(waiting(holder))
        line.pause(LOOK_S if holder is not None and is_near(holder) else LOOK_FAR_S)


def _current(state: Path) -> tuple[int, bytes | None]:
    """The highest number and what its file says; None: nobody holds."""
    number = lockfile.highest(state)
    return number, lockfile.content(state, number) if number else None


def _claim(state: Path, number: int, passed_over: bytes | None) -> Claim | None:
    """None: look again. Raises FileNotFoundError where the folder is gone."""
    try:
        claim = lockfile.claim(state, number + 1, myself())
    except FileNotFoundError:
        if state.is_dir():
            return None  # a new holder swept our draft away
        raise
    if claim is None:
        return None
    # The holder that was passed over must be the one that is still there: otherwise others have come and
    # gone meanwhile, and the names have begun anew.
    before = lockfile.content(state, number) if number else None
    same = passed_over is None or _name(before) == _name(passed_over)
    if not same or lockfile.highest(state) > claim.number:
        claim.withdraw()
        return None
    claim.sweep()
    return claim


def _name(content: bytes | None) -> bytes | None:
    return None if content is None else content.partition(b"\n")[0]


class _Watch:
    """How long a holder has been silent, in time that was spent looking."""

    def __init__(self) -> None:
        self._found = b""
        self._looked = 0.0
        self._silent = 0.0
        self.beats = 0

    def is_over(self, found: bytes) -> bool:
        now = time.monotonic()
        if found != self._found or not self.beats:
            self.beats += 1
            self._found, self._silent = found, 0.0
        else:
            self._silent += min(now - self._looked, 2 * LOOK_FAR_S)
        self._looked = now
        holder = read(found)
        nobody = found == lockfile.NOBODY or (holder is not None and is_gone(holder))
        return nobody or self._silent >= STALE_S
