"""A download for programs: one JSON object a line on stdout, described by docs/download-events.schema.json."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import threading
from typing import Any, TextIO

from qtune.core.download import events
from qtune.core.download.events import Event
from qtune.core.errors import QtuneError
from qtune.core.secret import redact
from qtune.core.text import Lang, Text
from qtune.speech import current, say

NAMES: dict[type[Any], str] = {
    events.Checking: "checking",
    events.Planned: "planned",
    events.Status: "status",
    events.FileDone: "file",
    events.Retried: "retry",
    events.Waiting: "waiting",
    events.Dropped: "dropped",
    events.Said: "message",
    events.Finished: "finished",
}


class Stream:
    """Told by any thread, until `end`: the last line is the last.

    The download goes on where nobody reads any more; `end` then raises what happened.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._over = False
        self._broken: OSError | None = None

    def __call__(self, event: Event) -> None:
        line = _line(NAMES[type(event)], _plain(event, current()))
        with self._lock:
            if self._over:
                return
            try:
                self._stream.write(line)
                self._stream.flush()
            except OSError as error:
                self._broken, self._over = error, True

    def end(self) -> None:
        with self._lock:
            self._over = True
        if self._broken is not None:
            raise self._broken


def failed(error: BaseException, exit_code: int) -> str:
    """The last line of a download that did not come to its end. `code` is null for what has none: ^C, a bug."""
    lang = current()
    if isinstance(error, QtuneError):
        code, message, fix = error.code, error.message.to(lang), error.fix
    else:
        code, fix = None, None
        message = str(error) or say("interrupted", "已中断")
        if isinstance(error, Exception):
            message = f"{type(error).__name__}: {error}"
    mended = redact(fix.to(lang)) if fix is not None else None
    return _line(
        "error", {"code": code, "message": redact(message), "fix": mended, "exit": exit_code}
    )


def tell_failure(error: BaseException, exit_code: int) -> None:
    """Where stdout is the trouble, the error itself is still told on stderr."""
    with contextlib.suppress(OSError):
        sys.stdout.write(failed(error, exit_code))
        sys.stdout.flush()


def _line(name: str, fields: dict[str, Any]) -> str:
    # ASCII: no console and no pipe of a Windows code page can spoil it.
    return json.dumps({"event": name, **fields}) + "\n"


def _plain(value: Any, lang: Lang) -> Any:
    if isinstance(value, Text):
        return redact(value.to(lang))
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, tuple):
        return [_plain(item, lang) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = {f.name: _plain(getattr(value, f.name), lang) for f in dataclasses.fields(value)}
    if isinstance(value, events.Finished):
        fields["dropped"] = [{"source": s, "why": why} for s, why in fields["dropped"]]
    return fields
