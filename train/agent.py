"""torchrun, run by qtune: `python -m qtune.train.agent FOLDER ARGUMENTS…`, one on each machine.

It starts the ranks and ends them when one fails. Signals go on to the ranks, which save first, and
are not torchrun's to handle: it would give them thirty seconds. It gives as many to ranks that wait,
deaf, for one that is gone: those are ended here. What is seen of a death is left in FOLDER.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from qtune.core.text import plain
from qtune.train import endings
from qtune.train.causes import failure
from qtune.train.endings import AGENT, Death
from qtune.train.events import Failed

LOOKS_EVERY_S = 0.5


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not endings.signal_ranks(folder, number):
            os._exit(128 + number)  # still importing torch, or waiting for the other machines

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    for watch in (_end_with_parent, _end_together):
        threading.Thread(target=watch, args=(folder,), daemon=True).start()
    return _run(arguments[1:], folder)


def _run(arguments: list[str], folder: Path) -> int:
    try:
        from torch.distributed import run
        from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    except (ImportError, OSError) as error:
        return _refuse(folder, "TRN040", str(error))
    given = run.parse_args(arguments)  # type: ignore[no-untyped-call]
    given.signals_to_handle = "SIGHUP" if os.name == "posix" else ""
    given.shutdown_timeout = endings.SECONDS_TO_DIE
    try:
        run.run(given)  # type: ignore[no-untyped-call]
    except ChildFailedError as error:
        endings.note_deaths(
            folder,
            [
                Death(rank, failed.exitcode, float(failed.timestamp))
                for rank, failed in error.failures.items()
            ],
        )
        return 1
    except Exception as error:  # the rendezvous: its errors have no type in common
        return _refuse(folder, "TRN080", f"{type(error).__name__}: {error}"[:600])
    return 0


def _refuse(folder: Path, code: str, detail: str) -> int:
    error = failure(code, plain(detail))
    endings.note(folder, AGENT, 1, Failed(error.code, error.message, error.fix))
    return 1


def _end_with_parent(folder: Path) -> None:
    """The ranks hear of their parent's end themselves; before there are any, the agent does."""
    while os.read(0, 1024):
        pass
    if not any(folder.glob("rank-*.pid")):
        os._exit(143)


def _end_together(folder: Path) -> None:
    """A rank that waits inside torch hears no signal; after one has failed, none has long to live."""
    while os.name == "posix" and not endings.failed(folder):
        time.sleep(LOOKS_EVERY_S)
    time.sleep(endings.SECONDS_TO_DIE)
    endings.kill(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
