"""A file is believed when the ledger vouches for it, or once it has been hashed."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from qtune.core.download.digest import Advance, Digests, digests_of, unheard
from qtune.core.download.ledger import Ledger
from qtune.core.hub.interface import RepoFile


def has_size(path: Path, size: int) -> bool:
    try:
        about = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(about.st_mode) and about.st_size == size


def verified(
    root: Path, ledger: Ledger, names: Iterator[str], file: RepoFile, advance: Advance = unheard
) -> Path | None:
    """The first of `names` with exactly this content; what nobody vouched for is hashed, and recorded."""
    for name in names:
        path = root / name
        entry = ledger.knows(name)
        if entry is not None:
            if Digests(entry.sha256 or "", entry.git_sha1).match(file):
                return path
            continue
        try:
            if not has_size(path, file.size):
                continue
            digests = ledger.noted(name, file.lfs) or digests_of(path, file, advance)
            if digests.match(file):
                ledger.record(name, digests.sha256, digests.git_sha1)
                return path
            ledger.note(name, file.lfs, digests)
        except OSError:
            continue
    return None
