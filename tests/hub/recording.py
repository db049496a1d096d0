"""Every request any origin received, kept in order and safe to read while threads write."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fnmatch import fnmatchcase

from tests.hub.http import Request


class Recorder:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[Request] = []

    def add(self, request: Request) -> None:
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def sent(self, request: Request, body_bytes: int) -> None:
        with self._changed:
            request.body_bytes_sent += body_bytes
            self._changed.notify_all()

    def answered(self, request: Request, status: int) -> None:
        with self._changed:
            request.status = status
            self._changed.notify_all()

    def all(self) -> list[Request]:
        with self._changed:
            return list(self._requests)

    def matching(self, origin: str = "*", path: str = "*", method: str = "*") -> list[Request]:
        """Those whose origin, decoded path and method match these shell patterns."""
        return [
            request
            for request in self.all()
            if fnmatchcase(request.origin, origin)
            and fnmatchcase(request.path, path)
            and fnmatchcase(request.method, method)
        ]

    def clear(self) -> None:
        with self._changed:
            self._requests.clear()

    def wait_for(self, ready: Callable[[list[Request]], bool], timeout: float) -> bool:
        """Whether `ready` became true of the requests so far within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: ready(list(self._requests)), timeout)
