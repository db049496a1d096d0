"""Downloading a model or a dataset, from several hubs at once: `snapshot(repo_id) -> Path`.

From a name to a plan
    fetch      the road from a repository id to a snapshot; result: what it leaves
    catalogue  who lists the files; standin: who may, and which files are taken from it
    untrusted  what of a listing may reach the disk
    plan       which files are wanted, which are missing: pure
    offline    what the disk alone can give; manifests: the listings kept for that

Into a store
    bring      under one lock: what is here, what others left, what is fetched
    target     what a download asks of a store
    store      the cache's layout: verified blobs, links, refs; folder: the same for --local-dir
    checking   what lies here is hashed, told of, and stopped by ^C
    ledger     what was verified, and where it came from; vouched: who is believed
    reuse      whole and begun files of other programs, which leftovers finds; view: ours, for ModelScope's client;
               sharing: clones and hard links
    lock       one writer to a store, by a heartbeat in a file: lockfile, holder, lockwords
    room       bytes and files for all that is to come, before the first byte
    disk       whole writes, synced renames, links; preallocate, positioned, writeback, disk_error

Over the wire
    engine/    pieces, connections, sources, hashes, blame; begins at engine/loop.py
    response   what an answer to a request for bytes really is
    failures   how a transfer fails, in words; patience: how often and how long it is borne with
    roster     the sources of this run, and the ones that were dropped
    line       what everyone in a run shares: settings, whom to tell, when to stop
    digest     the hashes that hubs list
    xet        Xet as one more source: xet_hub in this process, xet_run and xet_child beside it

For whoever watches
    events     what is told, one dataclass each; pace: speed and time left, calmly
    codes      DWN001 … in one line each

fsync policy: a file's bytes are synced before it gets its final name, and the folder after it, so a
name in `blobs/` or `refs/` means whole, verified bytes even after a power cut. Partial files and their
journals are not synced, though their bytes begin their way to the disk early: a killed process loses
none of what they say, and what a power cut spoils in them, the hash finds.
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
