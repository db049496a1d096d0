"""What a download leaves: the snapshot, and the last event that tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qtune.core.download.catalogue import Listed
from qtune.core.download.engine.loop import Fetched
from qtune.core.download.events import Finished
from qtune.core.download.roster import Roster
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.sources import Source
from qtune.core.text import Text


@dataclass(frozen=True)
class Snapshot:
    """A model on disk. `source` listed it (None: found in the cache, put there by another program);
    `sources_used` sent bytes in this run; `dropped` are the sources that did not serve, and why."""

    path: Path
    repo_id: str
    commit: str
    source: Source | None
    sources_used: tuple[str, ...]
    bytes_fetched: int
    bytes_reused: int
    files: tuple[str, ...]
    dropped: tuple[tuple[str, Text], ...] = ()


def snapshot_of(
    path: Path,
    files: tuple[RepoFile, ...],
    listed: Listed,
    roster: Roster,
    fetched: Fetched,
) -> Snapshot:
    manifest = listed.manifest
    return Snapshot(
        path,
        manifest.repo_id,
        manifest.commit,
        manifest.listed_by,
        fetched.sources,
        fetched.received,
        max(0, sum(f.size for f in files) - fetched.received),
        tuple(sorted(f.path for f in files)),
        listed.failed + roster.dropped,
    )


def at_hand(found: Snapshot, took_s: float) -> Finished:
    """The end of what was found without a hub's listing."""
    listed_by = found.source.title if found.source is not None else ""
    count, size = len(found.files), found.bytes_reused
    return Finished(
        str(found.path), found.repo_id, found.commit, listed_by, count, size, 0, size, took_s,
        (), found.dropped, 0,
    )  # fmt: skip


def finished(snapshot: Snapshot, fetched: Fetched, manifest: Manifest, took_s: float) -> Finished:
    sizes = {file.path: file.size for file in manifest.files}
    return Finished(
        str(snapshot.path),
        snapshot.repo_id,
        snapshot.commit,
        manifest.listed_by.title,
        len(snapshot.files),
        sum(sizes[path] for path in snapshot.files),
        fetched.received,
        snapshot.bytes_reused,
        took_s,
        fetched.sent,
        snapshot.dropped,
        fetched.retries,
    )
