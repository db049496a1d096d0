"""One repository's folder in the Hugging Face cache: verified blobs, links, refs, and `.qtune/` beside them.

    blobs/<sha256 of a large file | git sha1 of a small one>    only whole and verified, by rename
    snapshots/<commit>/<path> -> ../../blobs/<name>             written when every file is there
    refs/main                                                  without a newline, which would break the SDK
    refs/modelscope/master                                     the listing of ModelScope, see Manifest.commit
    .qtune/partial/<hash>.part .done   .qtune/provenance.json   .qtune/manifests/<commit>.json   .qtune/writer.N

The folder is `models--o--n`, or `datasets--o--n` for the dataset of the same id.
Where symbolic links are switched off or cannot be made, the snapshot holds the files themselves.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from qtune.core.download import manifests
from qtune.core.download.digest import Digests, blob_name, digests_of
from qtune.core.download.disk import can_link, copy, link, move, write_whole
from qtune.core.download.engine.part import discard
from qtune.core.download.ledger import Ledger, Ref
from qtune.core.download.target import Store as Store
from qtune.core.download.vouched import has_size, verified
from qtune.core.hub.interface import Manifest, RepoFile, RepoType
from qtune.core.hub.names import is_commit

_GIT_BLOB = re.compile(r"[0-9a-f]{40}")


class HubCache:
    def __init__(
        self, cache: Path, repo_id: str, *, repo_type: RepoType = "model", links: bool = True
    ) -> None:
        self._root = cache / f"{repo_type}s--{repo_id.replace('/', '--')}"
        self._state = self._root / ".qtune"
        self._links: bool | None = None if links else False
        self._links_lock = threading.Lock()
        self.ledger = Ledger(self._root, self._state / "provenance.json")

    @property
    def root(self) -> Path:
        return self._root

    @property
    def state(self) -> Path:
        return self._state

    @property
    def links(self) -> bool:
        with self._links_lock:
            if self._links is None:
                self._state.mkdir(parents=True, exist_ok=True)
                self._links = can_link(self._state)
            return self._links

    def snapshot(self, commit: str) -> Path:
        return self._root / "snapshots" / commit

    def find(self, file: RepoFile, commit: str) -> Path | None:
        return verified(self._root, self.ledger, self.candidates(file, commit), file)

    def candidates(self, file: RepoFile, commit: str) -> Iterator[str]:
        yield from self.ledger.holding(file)
        yield from (f"blobs/{name}" for name in (file.sha256, file.git_sha1) if name)
        yield f"snapshots/{commit}/{file.path}"
        if file.git_sha1 is None and not file.lfs:
            # ModelScope lists no git sha1, by which a small file from Hugging Face is named here.
            yield from self._strangers.get(file.size, ())

    @cached_property
    def _strangers(self) -> dict[int, list[str]]:
        """Small blobs by size that another program put here before this run."""
        found: dict[int, list[str]] = {}
        for blob in (self._root / "blobs").glob("*"):
            name = f"blobs/{blob.name}"
            if _GIT_BLOB.fullmatch(blob.name) and blob.is_file() and not self.ledger.knows(name):
                found.setdefault(blob.stat().st_size, []).append(name)
        return found

    def lying(self, file: RepoFile, commit: str) -> Iterator[Path]:
        """Files that may be the wanted one; nothing is hashed for the answer."""
        seen = set()
        for name in self.candidates(file, commit):
            entry, path = self.ledger.knows(name), self._root / name
            if entry is not None and not Digests(entry.sha256 or "", entry.git_sha1).match(file):
                continue
            real = path.resolve()
            if real not in seen and has_size(real, file.size):
                seen.add(real)
                yield real

    def partial(self, file: RepoFile) -> Path:
        return partial_of(self._state, file)

    def keep(
        self, file: RepoFile, commit: str, digests: Digests, source: str, verified_by: str
    ) -> None:
        at = self._place(file, commit, digests)
        take(self.partial(file), at)
        name = at.relative_to(self._root).as_posix()
        self.ledger.record(name, digests.sha256, digests.git_sha1, source, verified_by)

    def _place(self, file: RepoFile, commit: str, digests: Digests) -> Path:
        if self.links:
            return self._root / "blobs" / blob_name(file, digests)
        return self.snapshot(commit) / file.path

    def publish(self, manifest: Manifest, files: tuple[RepoFile, ...], only_harmless: bool) -> Path:
        commit = manifest.commit
        for file in files:
            here = self.find(file, commit)
            assert here is not None, f"{file.path} was verified a moment ago"
            self._show(file, commit, here)
        saved = self._state / "manifests" / f"{commit}.json"
        write_whole(saved, manifests.to_json(manifest, only_harmless))
        for name in _refs_of(manifest):
            self._point(name, manifest)
        self.ledger.save()
        return self.snapshot(commit)

    def is_copied(self, file: RepoFile, commit: str, here: Path | None) -> bool:
        at = self.snapshot(commit) / file.path
        if self.links:
            return here is not None and here != at and here.parent != self._root / "blobs"
        return here != at

    def is_laid_out(
        self, manifest: Manifest, files: tuple[RepoFile, ...], only_harmless: bool
    ) -> bool:
        saved = self.manifest(manifest.commit)
        if saved is None or any(self.ref(name) is None for name in _refs_of(manifest)):
            return False
        own = _refs_of(manifest)[:1]
        if any(self.ref(name) != manifest.commit for name in own):
            return False
        return all(self.seems(file, manifest.commit) for file in files)

    def seems(self, file: RepoFile, commit: str) -> bool:
        """In the snapshot, and of the right size; nothing is hashed for the answer."""
        return has_size(self.snapshot(commit) / file.path, file.size)

    def shows(self, file: RepoFile, commit: str) -> bool:
        """In the snapshot, and what lies there is verified."""
        if not self.seems(file, commit):
            return False
        names = iter([self.shown_as(file, commit)])
        return verified(self._root, self.ledger, names, file) is not None

    def shown_as(self, file: RepoFile, commit: str) -> str:
        at = self.snapshot(commit) / file.path
        # One step along the link: huggingface_hub may link the blob on to a store of its own.
        one = Path(os.path.normpath(at.parent / at.readlink())) if at.is_symlink() else at
        name = one if one.is_relative_to(self._root) else at
        return name.relative_to(self._root).as_posix()

    def _show(self, file: RepoFile, commit: str, here: Path) -> None:
        at = self.snapshot(commit) / file.path
        if here == at:
            return
        if self.links and here.parent != self._root / "blobs":
            here = self._copied(file, here, self._place(file, commit, self._digests(file, here)))
        if self.links:
            link(here, at)
        else:
            self._copied(file, here, at)

    def _digests(self, file: RepoFile, here: Path) -> Digests:
        entry = self.ledger.knows(here.relative_to(self._root).as_posix())
        if entry is None or entry.sha256 is None or not (file.lfs or entry.git_sha1):
            return digests_of(here, file)
        return Digests(entry.sha256, entry.git_sha1)

    def _copied(self, file: RepoFile, here: Path, at: Path) -> Path:
        entry = self.ledger.knows(here.relative_to(self._root).as_posix())
        copy(here, at, self.partial(file))
        name = at.relative_to(self._root).as_posix()
        if entry is not None:
            self.ledger.record(name, entry.sha256, entry.git_sha1, entry.source, entry.verified_by)
        return at

    def ref(self, name: str) -> str | None:
        try:
            text = (self._root / "refs" / name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return text if is_commit(text) else None

    def _point(self, name: str, manifest: Manifest) -> None:
        """Moves the ref, unless Hugging Face's listing set it and another hub would move it."""
        current, ours = self.ref(name), self.ledger.refs.get(name)
        by = manifest.listed_by.kind
        movable = by == "huggingface" or name.startswith("modelscope/")
        if ours is not None and ours.commit == current and ours.by != "huggingface":
            movable = True
        if current is None or (movable and current != manifest.commit):
            write_whole(self._root / "refs" / name, manifest.commit.encode())
            current = manifest.commit
        if current == manifest.commit and (movable or ours is None):
            self.ledger.record_ref(name, Ref(manifest.commit, by))

    def manifest(self, commit: str) -> manifests.Saved | None:
        """What was listed for this commit, by us or by huggingface_hub, whichever left its listing."""
        own = self._state / "manifests" / f"{commit}.json"
        tree = self._root / "trees" / f"{commit}.json"
        return manifests.read_own(own) or manifests.read_tree(tree, self._root, commit)


def _refs_of(manifest: Manifest) -> tuple[str, ...]:
    """Each hub has its own default branch; other tools only ever look at `main`."""
    if is_commit(manifest.revision):
        return ()
    if manifest.listed_by.kind != "modelscope":
        return (manifest.revision,)
    own = f"modelscope/{manifest.revision}"
    return (own, "main") if manifest.revision == "master" else (own,)


def partial_of(state: Path, file: RepoFile) -> Path:
    return state / "partial" / f"{file.sha256 or file.git_sha1}.part"


def take(partial: Path, at: Path) -> None:
    move(partial, at)
    discard(partial)
