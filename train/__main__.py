"""The training child: `python -m qtune.train JOB.json`, started by `qtune.train.launch`.

Events go to stdout, whatever the libraries print to stderr. Exit codes: 0 done, 1 an error that was
told, 3 a bug that was told, 130 and 143 stopped by a signal after saving a checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from qtune.core.errors import QtuneError
from qtune.core.text import plain
from qtune.train import job as jobs
from qtune.train.causes import failure
from qtune.train.events import Crashed, Event, Failed, encode
from qtune.train.stop import Interrupted, Stop


def main(arguments: list[str]) -> int:
    say = _claim_stdout()
    stop = Stop()
    try:
        stop.listen()
        if "--parent-on-stdin" in arguments:
            stop.end_with(0)
        # Checked before any hub library is imported: they read it at import.
        if os.environ.get("HF_HUB_OFFLINE") != "1":
            raise failure("TRN043")
        _train(Path(arguments[0]), say, stop)
    except Interrupted as interrupted:
        return interrupted.exit_code
    except QtuneError as error:
        say(Failed(error.code, error.message, error.fix))
        return 1
    except Exception as error:
        return _unexpected(error, say)
    return 0


def _train(path: Path, say: Callable[[Event], None], stop: Stop) -> None:
    job = jobs.read(path)
    try:
        from qtune.train import recipe
    except (ImportError, OSError) as error:  # OSError: a library of torch that does not load
        raise failure("TRN040", plain(str(error))) from error
    recipe.train(job, say, stop)


def _unexpected(error: Exception, say: Callable[[Event], None]) -> int:
    from qtune.train.mishaps import translate

    known = translate(error)
    if known is not None:
        say(Failed(known.code, known.message, known.fix))
        return 1
    say(Crashed(traceback.format_exc()))
    return 3


def _claim_stdout() -> Callable[[Event], None]:
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
