"""What happened and when: a line each in the log, the last ones at hand for whoever has to explain a failure."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

LAST = 60  # events


class Diary:
    """Thread-safe. Times are seconds since it was begun."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._last: deque[str] = deque(maxlen=LAST)

    def __enter__(self) -> Self:
        self._stream = self.path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def note(self, event: str) -> None:
        line = f"{time.monotonic() - self._began:9.3f}  {event}"
        with self._lock:
            self._last.append(line)
            self._stream.write(line + "\n")
            self._stream.flush()

    @property
    def last(self) -> str:
        with self._lock:
            return "\n".join(self._last)
