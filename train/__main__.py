"""The training child: `python -m qtune.train JOB.json`, started by `qtune.train.child`.

Its job may come later than it. Events go to stdout, whatever the libraries print to stderr. Exit codes:
0 done, 1 an error that was told, 3 a bug that was told, 130 and 143 stopped by a signal after saving a
checkpoint. As one of several ranks (`--notes FOLDER`) it leaves its ending as a note in FOLDER, and rank 0
alone speaks.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

from qtune.core.errors import QtuneError
from qtune.core.text import plain
from qtune.train import endings, lazily
from qtune.train import job as jobs
from qtune.train.causes import failure
from qtune.train.events import Crashed, Event, Failed, Say, encode
from qtune.train.stop import Interrupted, Stop

LOOKS_EVERY_S = 0.02


def main(arguments: list[str]) -> int:
    say = _claim_stdout()
    notes = _option(arguments, "--notes")
    if notes is None:
        code, ending = _outcome(arguments, say, Stop())
        if ending is not None:
            say(ending)
        return code
    rank = int(os.environ["RANK"])
    stop = Stop()
    stop.end_with_parent()
    endings.enter(notes, rank)
    code, ending = _outcome(arguments, say if rank == 0 else _nothing, stop)
    endings.note(notes, rank, code, ending)
    if code != 0:
        if "qtune.train.distributed" in sys.modules:
            sys.modules["qtune.train.distributed"].give_up()
        # The libraries' own farewell waits for ranks that may be gone.
        sys.stderr.flush()
        os._exit(code)
    return code


def _outcome(arguments: list[str], say: Say, stop: Stop) -> tuple[int, Failed | Crashed | None]:
    """The exit code, and the error or the bug that it stands for."""
    try:
        stop.listen()
        if "--parent-on-stdin" in arguments:
            stop.end_with(0)
        # Checked before any hub library is imported: they read it at import.
        if os.environ.get("HF_HUB_OFFLINE") != "1":
            raise failure("TRN043")
        _train(Path(arguments[0]), say, stop)
    except Interrupted as interrupted:
        return interrupted.exit_code, None
    except QtuneError as error:
        return 1, Failed(error.code, error.message, error.fix)
    except Exception as error:
        return _unexpected(error)
    return 0, None


def _train(path: Path, say: Say, stop: Stop) -> None:
    lazily.put_off()
    try:
        with lazily.undisturbed():
            from qtune.train import recipe
    except (ImportError, OSError) as error:  # OSError: a library of torch that does not load
        raise failure("TRN040", plain(str(error))) from error
    while not path.exists():  # its model may still be on its way; the parent's end would be heard
        time.sleep(LOOKS_EVERY_S)
    recipe.train(jobs.read(path), say, stop)


def _unexpected(error: Exception) -> tuple[int, Failed | Crashed]:
    from qtune.train.mishaps import translate

    known = translate(error)
    if known is not None:
        return 1, Failed(known.code, known.message, known.fix)
    return 3, Crashed(traceback.format_exc())


def _option(arguments: list[str], name: str) -> Path | None:
    return Path(arguments[arguments.index(name) + 1]) if name in arguments else None


def _nothing(event: Event) -> None:
    pass


def _claim_stdout() -> Say:
    """Keep the real stdout for events; whatever else is printed there goes to stderr."""
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def say(event: Event) -> None:
        with contextlib.suppress(BrokenPipeError):  # the parent is gone; stdin will tell
            events.write(encode(event).encode("ascii") + b"\n")

    return say


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
