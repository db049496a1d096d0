"""Starts the child that holds the model, and speaks with it over pipes; imports nothing heavy.

The child is offline, gets no token of a hub, and ends with its parent: its stdin closes then.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from qtune.core.errors import TrainError
from qtune.core.secret import redact
from qtune.core.text import Text, plain
from qtune.train.after import asked as files
from qtune.train.after.asked import Asked
from qtune.train.after.events import Event, decode
from qtune.train.causes import failure
from qtune.train.child import surroundings
from qtune.train.events import Crashed, Failed

_TAIL = 15  # lines of stderr kept for the report
_PATIENCE_S = 30.0  # for a child that was asked to end


class Child:
    """A child at work. `events` ends with the child, or raises the error that it told."""

    def __init__(self, process: subprocess.Popen[bytes], tail: deque[str]) -> None:
        self._process = process
        self._tail = tail

    def send(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ValueError):  # what became of it, `events` will tell
            self._process.stdin.write(json.dumps(message).encode("ascii") + b"\n")
            self._process.stdin.flush()

    def events(self) -> Iterator[Event]:
        """Raises TrainError for what the child could not do, RuntimeError for a bug in it."""
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            event = decode(raw.decode("utf-8", "replace"))
            if isinstance(event, Failed):
                raise TrainError(event.code, event.message, event.fix)
            if isinstance(event, Crashed):
                raise RuntimeError(redact(event.traceback))
            yield event
        code = self._process.wait()
        if code != 0:
            raise failure("TRN103", self._last(code))

    def _last(self, code: int) -> Text:
        how = Text(f"signal {-code}", f"信号 {-code}") if code < 0 else plain(f"exit {code}")
        lines = "\n".join(redact(line) for line in list(self._tail)[-5:])
        return Text(f"{how.en}\n{lines}".rstrip(), f"{how.zh}\n{lines}".rstrip())


@contextmanager
def child(
    asked: Asked, environ: Mapping[str, str], on_noise: Callable[[str], None] = lambda line: None
) -> Iterator[Child]:
    """The child lives for as long as the block; `on_noise` gets each line of its stderr, in a thread."""
    with tempfile.TemporaryDirectory(prefix="qtune-job-") as folder:
        path = Path(folder) / "asked.json"
        files.write(asked, path)
        process = subprocess.Popen(
            # -P: a file torch.py in the user's folder must not be imported in torch's place.
            [sys.executable, "-P", "-m", "qtune.train.after", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(environ),
            start_new_session=True,  # ^C is the parent's to hear
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        tail: deque[str] = deque(maxlen=_TAIL)
        noise = threading.Thread(target=_drain, args=(process, tail, on_noise), daemon=True)
        noise.start()
        try:
            yield Child(process, tail)
        finally:
            _end(process)
            noise.join(timeout=5)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def _drain(
    process: subprocess.Popen[bytes], tail: deque[str], on_noise: Callable[[str], None]
) -> None:
    assert process.stderr is not None
    for raw in process.stderr:
        line = raw.decode("utf-8", "replace").rstrip()
        tail.append(line)
        on_noise(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its stdin closes, which tells it to go; asked twice (^C again), or too slow, it is killed."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(timeout=_PATIENCE_S)
    except BaseException as error:
        process.kill()
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
