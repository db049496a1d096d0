"""The partial file of one download: appended to, hashed as it grows, resumed from its length."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from qtune.core.download.digest import BLOCK, Digests, Hasher, Stopped
from qtune.core.hub.interface import RepoFile


class Sink:
    """`inherited` bytes are not of the present source's sending; `received` counts what was written,
    also what was thrown away again."""

    def __init__(self, partial: Path, file: RepoFile, stop: threading.Event) -> None:
        self.file = file
        self._partial = partial
        self._stop = stop
        self._hasher = Hasher(file)
        self.length = 0
        self.inherited = 0
        self.received = 0

    def __enter__(self) -> Self:
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        self._describe()
        self._stream = self._partial.open("r+b" if self._partial.exists() else "w+b", buffering=0)
        try:
            self._resume()
        except BaseException:
            self._stream.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def _describe(self) -> None:
        """For people and `qtune cache`: what this file of hex digits is going to be."""
        file = self.file
        about = {"path": file.path, "size": file.size, "sha256": file.sha256} | {
            "git_sha1": file.git_sha1
        }
        self._partial.with_suffix(".json").write_bytes(json.dumps(about).encode())

    def _resume(self) -> None:
        while block := self._stream.read(BLOCK):
            if self._stop.is_set():
                raise Stopped
            self._hasher.update(block)
            self.length += len(block)
        if self.length > self.file.size:
            self.restart()
        self.inherited = self.length

    @property
    def missing(self) -> int:
        return self.file.size - self.length

    def write(self, data: bytes) -> None:
        """Raises OSError as the disk does, with `length` telling what was written before it."""
        view = memoryview(data)
        while view:
            written = self._stream.write(view) or 0
            self._hasher.update(view[:written])
            self.length += written
            self.received += written
            view = view[written:]

    def restart(self) -> None:
        self._stream.seek(0)
        self._stream.truncate(0)
        self._hasher = Hasher(self.file)
        self.length = self.inherited = 0

    def digests(self) -> Digests:
        return self._hasher.digests()
