"""The child that holds the model: `python -m qtune.train.after ASKED.json`, started by `.launch`.

Events go to stdout, whatever the libraries print to stderr; what the parent says comes on stdin, and
its end means: go. Exit codes: 0 done, 1 an error that was told, 3 a bug that was told.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path

from qtune.core.errors import QtuneError
from qtune.core.text import plain
from qtune.train import lazily
from qtune.train.after import asked as files
from qtune.train.after.asked import Asked
from qtune.train.after.events import Event, Say, encode
from qtune.train.after.inbox import Inbox
from qtune.train.causes import failure
from qtune.train.events import Crashed, Failed


def main(arguments: list[str]) -> int:
    say = _claim_stdout()
    try:
        # Checked before any hub library is imported: they read it at import.
        if os.environ.get("HF_HUB_OFFLINE") != "1":
            raise failure("TRN043")
        asked = files.read(Path(arguments[0]))
        _do(asked, say, Inbox(0, patient=asked.task == "chat"))
    except QtuneError as error:
        say(Failed(error.code, error.message, error.fix))
        return 1
    except Exception as error:
        return _unexpected(error, say)
    return 0


def _do(asked: Asked, say: Say, inbox: Inbox) -> None:
    try:
        with lazily.undisturbed():
            from transformers.utils import logging

            from qtune.train.after import standing  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: a library of torch that does not load
        raise failure("TRN040", plain(str(error))) from error
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if asked.task == "chat":
        from qtune.train.after.chat import serve

        serve(asked, say, inbox)
    elif asked.task == "eval":
        from qtune.train.after.evaluate import evaluate

        evaluate(asked, say)
    else:
        from qtune.train.after.export import export

        export(asked, say)


def _unexpected(error: Exception, say: Say) -> int:
    from qtune.train.mishaps import translate

    known = translate(error)
    if known is not None:
        say(Failed(known.code, known.message, known.fix))
        return 1
    say(Crashed(traceback.format_exc()))
    return 3


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
