"""What the parent says on stdin, read in a thread so that an answer can be stopped while it is written."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Iterator
from typing import Any


class Inbox:
    """`stop` is set while the parent wants the answer that is being written to end.

    When stdin ends the parent is gone, or done with us. `patient`: what is under way stops first; else
    the process ends at once.
    """

    def __init__(self, descriptor: int, *, patient: bool) -> None:
        self.stop = threading.Event()
        self._questions: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._descriptor = descriptor
        self._patient = patient
        self._gone = False
        threading.Thread(target=self._listen, daemon=True).start()

    def next(self) -> dict[str, Any] | None:
        """The next question, or None when there will be no more."""
        question = self._questions.get()
        if not self._gone:
            self.stop.clear()
        return question

    def _listen(self) -> None:
        for raw in self._lines():
            said = json.loads(raw)
            if said.get("stop"):
                self.stop.set()
            else:
                self._questions.put(said)
        self._gone = True
        self.stop.set()
        self._questions.put(None)
        if not self._patient:
            os._exit(143)  # what is half written lies aside, where the parent clears it away

    def _lines(self) -> Iterator[bytes]:
        """Unbuffered: at the end of the process a buffered stream would still be held by this thread."""
        held = b""
        while part := os.read(self._descriptor, 65536):
            *lines, held = (held + part).split(b"\n")
            yield from lines
