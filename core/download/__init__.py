"""Downloading a model into the Hugging Face cache: `download(repo_id, settings) -> Snapshot`.

    fetch      the road from a repository id to a snapshot
    standin    which hub may list, and which files from it
    untrusted  what of a listing may reach the disk
    plan       which files are wanted, which are missing: pure
    store      the cache's layout: verified blobs, links, refs; folder: the same for --local-dir
    ledger     what was verified, and where it came from
    transfer   one file over HTTP: resume, retries, verification; sink: its bytes on disk
    patience   how long a source is borne with
    roster     the sources of this run, and the ones that were dropped
    workers    several files at once, ended within a second
    codes      DWN001 … in one line each

fsync policy: a file's bytes are synced before it gets its final name, and the folder after it, so a
name in `blobs/` or `refs/` means whole, verified bytes even after a power cut. Partial files are not
synced: what a power cut spoils in them, the hash finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtune.core.download.fetch import download, snapshot
    from qtune.core.download.result import Snapshot

__all__ = ["Snapshot", "download", "snapshot"]


def __getattr__(name: str) -> object:
    """`codes` is read where no HTTP library is wanted, so `fetch` is imported when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qtune.core.download import fetch

    return getattr(fetch, name)
