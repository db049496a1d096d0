"""Starts the training child and listens to it; imports nothing heavy.

The child is offline, gets the environment that is handed in (without the hubs' tokens, which it
does not need), and ends with its parent: its stdin closes when the parent dies, whatever killed it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from qtune.core.errors import TrainError
from qtune.core.text import plain
from qtune.train import gang as gangs
from qtune.train import job as jobs
from qtune.train.causes import failure
from qtune.train.events import Crashed, Event, Failed, decode
from qtune.train.gang import ALONE, Gang
from qtune.train.job import Job

TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN")
# How long torch's threads stay awake for each other. At once asleep, they lose half of their speed to waking
# up; awake as long as libgomp likes, they starve each other where other work runs. Samples a second on two
# cores, idle and busy: 51 and 55 asleep, 98 and 35 with this, 102 and 13 as libgomp does (bench/train).
SPINS = "5000"
TAIL = 40  # lines of stderr kept for the report of a crash


@dataclass(frozen=True)
class Ended:
    """How the child ended: 0, 1 with `error`, 3 with `traceback` (a bug), or 130 and 143.

    `tail` are the last lines the libraries wrote, not redacted.
    """

    code: int
    error: TrainError | None
    traceback: str
    tail: tuple[str, ...]


def launch(
    job: Job,
    environ: Mapping[str, str],
    on_event: Callable[[Event], None],
    on_noise: Callable[[str], None] = lambda line: None,
    gang: Gang = ALONE,
) -> Ended:
    """Train in a child process, or in a gang of them; SIGINT and SIGTERM make it save and stop.

    `on_event` runs in this thread; `on_noise` gets each line of the child's stderr, in another.
    """
    with tempfile.TemporaryDirectory(prefix="qtune-job-") as folder:
        path = Path(folder) / "job.json"
        jobs.write(job, path)
        child = subprocess.Popen(
            # -P: a file torch.py in the user's folder must not be imported in torch's place.
            gangs.command(gang, path, Path(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=gangs.environment(gang, _environment(environ)),
            # Ctrl-C reaches the whole terminal group; the child shall hear it once, from us.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        return _listen(child, on_event, on_noise, Path(folder), gang)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in environ.items() if key not in TOKENS}
    if "OMP_WAIT_POLICY" not in kept:
        kept.setdefault("GOMP_SPINCOUNT", SPINS)
    return {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def _listen(
    child: subprocess.Popen[bytes],
    on_event: Callable[[Event], None],
    on_noise: Callable[[str], None],
    folder: Path,
    gang: Gang,
) -> Ended:
    assert child.stdin and child.stdout and child.stderr
    tail: deque[str] = deque(maxlen=TAIL)

    def drain(stream: Iterator[bytes]) -> None:
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip()
            tail.append(line)
            on_noise(line)

    noise = threading.Thread(target=drain, args=(child.stderr,), daemon=True)
    noise.start()
    failed: Failed | None = None
    traceback = ""
    try:
        with _forwarding(child, folder) as heard:
            for raw in child.stdout:
                event = decode(raw.decode("utf-8", "replace"))
                if isinstance(event, Failed):
                    failed = event
                elif isinstance(event, Crashed):
                    traceback = event.traceback
                on_event(event)
            code = child.wait()
    finally:
        child.stdin.close()  # the child takes this for its parent's end, and stops
        child.stdout.close()  # where an error of ours ended the listening, it must not block there
        try:
            child.wait(timeout=60)
        except subprocess.TimeoutExpired:
            _kill(child, folder)
            child.wait()
        noise.join(timeout=5)
        child.stderr.close()
    if gang.size > 1:
        code, ending = gangs.verdict(folder, gang) if code >= 0 else (code, None)
        if isinstance(ending, Failed):
            failed = ending
            on_event(failed)
        elif ending is not None:
            traceback = ending.traceback
    error = TrainError(failed.code, failed.message, failed.fix) if failed else None
    if heard and code != 0:
        code = 128 + heard[0]
    return _ended(code, error, traceback, tuple(tail))


def _ended(code: int, error: TrainError | None, traceback: str, tail: tuple[str, ...]) -> Ended:
    if code in (-signal.SIGINT, -signal.SIGTERM):
        code = 128 - code
    if code in (0, 130, 143) or (code == 3 and traceback):
        return Ended(code, None, traceback, tail)
    if error is None:
        last = plain("\n".join(tail[-5:]))
        error = failure("TRN041" if code == -9 else "TRN042", last if tail else None)
    return Ended(1, error, "", tail)


def _kill(child: subprocess.Popen[bytes], folder: Path) -> None:
    gangs.kill(folder)  # each rank has a session of its own
    child.kill()


@contextmanager
def _forwarding(child: subprocess.Popen[bytes], folder: Path) -> Iterator[list[int]]:
    """Pass SIGINT and SIGTERM on instead of dying of them; a second one stops the child at once.

    Yields the list of the signals that came.
    """
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def forward(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            _kill(child, folder)
        elif sys.platform == "win32" and child.stdin is not None:
            child.stdin.close()  # Windows cannot signal another session's process
        else:
            child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
