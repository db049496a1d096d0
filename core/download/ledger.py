"""provenance.json: what was verified here, by whose listing, and where its bytes came from."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from qtune.core.download.digest import Digests
from qtune.core.download.disk import write_whole
from qtune.core.hub.interface import RepoFile

SCHEMA = 1
SAVE_EVERY_S = 1.0  # what a kill loses of the ledger is hashed again, not fetched again


@dataclass(frozen=True)
class Entry:
    """A file whose content was hashed when it had this size and time. `source`: who sent the bytes."""

    size: int
    mtime_ns: int
    sha256: str | None = None
    git_sha1: str | None = None
    source: str = ""
    verified_by: str = ""


@dataclass(frozen=True)
class Ref:
    commit: str
    by: str


class Ledger:
    """Names are paths below `root`. A ledger that cannot be read is an empty one: files are hashed again."""

    def __init__(self, root: Path, path: Path) -> None:
        self._root = root
        self._path = path
        self._lock = threading.Lock()
        self._saved_at = self._took_s = 0.0
        self._changed = False
        self.files: dict[str, Entry] = {}
        self.refs: dict[str, Ref] = {}
        self._names: dict[str, dict[str, None]] = {}  # hash -> names of files that have it
        self._read: dict[
            tuple[str, bool], Entry
        ] = {}  # hashed in this run, and not what was looked for
        self.load()

    def load(self) -> None:
        """What the disk knows, also of files that another process has brought since the last load."""
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            found = json.loads(self._path.read_bytes())
            if found["schema"] == SCHEMA:
                files = {name: Entry(**entry) for name, entry in found["files"].items()}
                refs = {name: Ref(**ref) for name, ref in found["refs"].items()}
                with self._lock:
                    self.files |= files
                    self.refs |= refs
                    for name, entry in files.items():
                        self._index(name, entry)

    def knows(self, name: str) -> Entry | None:
        """The entry, if the file still has the size and time it had when it was hashed."""
        with self._lock:
            entry = self.files.get(name)
        return self._if_same(name, entry)

    def note(self, name: str, lfs: bool, digests: Digests) -> None:
        """For as long as this run lasts: what was hashed is not vouched for, and need not be hashed again."""
        stat = (self._root / name).stat()
        entry = Entry(stat.st_size, stat.st_mtime_ns, digests.sha256, digests.git_sha1)
        with self._lock:
            self._read[name, lfs] = entry

    def noted(self, name: str, lfs: bool) -> Digests | None:
        """`lfs`: which of the hashes were wanted."""
        with self._lock:
            entry = self._read.get((name, lfs))
        same = self._if_same(name, entry)
        return None if same is None else Digests(same.sha256 or "", same.git_sha1)

    def _if_same(self, name: str, entry: Entry | None) -> Entry | None:
        if entry is None:
            return None
        try:
            stat = (self._root / name).stat()
        except OSError:
            return None
        return entry if (stat.st_size, stat.st_mtime_ns) == (entry.size, entry.mtime_ns) else None

    def holding(self, file: RepoFile) -> Iterator[str]:
        """Names of files here that are known to have exactly this content."""
        with self._lock:
            names = list(self._names.get(file.sha256 or file.git_sha1 or "", ()))
        for name in names:
            entry = self.knows(name)
            if entry is not None and _same(entry, file):
                yield name

    def _index(self, name: str, entry: Entry) -> None:
        for digest in (entry.sha256, entry.git_sha1):
            if digest:
                self._names.setdefault(digest, {})[name] = None

    def record(
        self,
        name: str,
        sha256: str | None,
        git_sha1: str | None,
        source: str = "",
        verified_by: str = "",
    ) -> None:
        stat = (self._root / name).stat()
        entry = Entry(stat.st_size, stat.st_mtime_ns, sha256, git_sha1, source, verified_by)
        with self._lock:
            self.files[name] = entry
            self._index(name, entry)
            self._changed = True
        with contextlib.suppress(OSError):  # a cache that is shared read-only serves all the same
            self.save(every_s=SAVE_EVERY_S)

    def record_ref(self, name: str, ref: Ref) -> None:
        with self._lock:
            self.refs[name] = ref
            self._changed = True

    def save(self, every_s: float = 0.0) -> None:
        with self._lock:
            began = time.monotonic()
            # Of ten thousand files it takes a while: it may have a twentieth of the time.
            pause = max(every_s, 20 * self._took_s) if every_s else 0.0
            if not self._changed or began - self._saved_at < pause:
                return
            files = {name: asdict(entry) for name, entry in sorted(self.files.items())}
            refs = {name: asdict(ref) for name, ref in sorted(self.refs.items())}
            whole = {"schema": SCHEMA, "files": files, "refs": refs}
            write_whole(self._path, json.dumps(whole, indent=1).encode())
            self._saved_at = time.monotonic()
            self._took_s = self._saved_at - began
            self._changed = False


def _same(entry: Entry, file: RepoFile) -> bool:
    if entry.size != file.size:
        return False
    if file.sha256 is not None:
        return entry.sha256 == file.sha256
    return file.git_sha1 is not None and entry.git_sha1 == file.git_sha1
