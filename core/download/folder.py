"""A plain folder as the target (`--local-dir`): the files themselves, and `.qtune/` beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qtune.core.download import manifests
from qtune.core.download.digest import Digests
from qtune.core.download.disk import copy, write_whole
from qtune.core.download.engine.part import discard
from qtune.core.download.ledger import Ledger
from qtune.core.download.store import partial_of, take
from qtune.core.download.vouched import verified
from qtune.core.errors import DownloadError
from qtune.core.hub.interface import Manifest, RepoFile, RepoType
from qtune.core.text import Text


class Folder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._state = root / ".qtune"
        self.ledger = Ledger(root, self._state / "provenance.json")

    @property
    def root(self) -> Path:
        return self._root

    @property
    def state(self) -> Path:
        return self._state

    @property
    def _listing(self) -> Path:
        return self._state / "listing.json"

    def listed(self, repo_id: str, repo_type: RepoType = "model") -> manifests.Saved | None:
        """The listing of what was last put here, if it was this repository."""
        saved = manifests.read_own(self._listing)
        if saved is None:
            return None
        of = (saved.manifest.repo_id, saved.manifest.repo_type)
        return saved if of == (repo_id, repo_type) else None

    def find(self, file: RepoFile, commit: str) -> Path | None:
        return verified(self._root, self.ledger, self.candidates(file, commit), file)

    def candidates(self, file: RepoFile, commit: str) -> Iterator[str]:
        yield file.path
        yield from self.ledger.holding(file)

    def partial(self, file: RepoFile) -> Path:
        return partial_of(self._state, file)

    def keep(
        self, file: RepoFile, commit: str, digests: Digests, source: str, verified_by: str
    ) -> None:
        self._require_ours(file)
        take(self.partial(file), self._root / file.path)
        self.ledger.record(file.path, digests.sha256, digests.git_sha1, source, verified_by)

    def require_free(self, files: tuple[RepoFile, ...]) -> None:
        """Raises DownloadError DWN011 before anything is fetched that could not be stored."""
        for file in files:
            self._require_ours(file)

    def _require_ours(self, file: RepoFile) -> None:
        at = self._root / file.path
        if not at.exists() and not at.is_symlink():
            return
        if at.is_file() and not at.is_symlink() and self.ledger.knows(file.path) is not None:
            return
        raise DownloadError(
            "DWN011",
            Text(
                f"{at} exists already with other content, and qtune did not write it",
                f"{at} 已存在且内容不同，并非由 qtune 写入",
            ),
            Text(
                "Move it away, or give another --local-dir.", "请移走该文件，或换一个 --local-dir。"
            ),
        )

    def publish(self, manifest: Manifest, files: tuple[RepoFile, ...], only_harmless: bool) -> Path:
        for file in files:
            whole = self.put(file)
            assert whole, f"{file.path} was verified a moment ago"
        write_whole(self._state / ".gitignore", b"*\n")
        write_whole(self._listing, manifests.to_json(manifest, only_harmless))
        self.ledger.save()
        return self._root

    def is_copied(self, file: RepoFile, commit: str, here: Path | None) -> bool:
        return here != self._root / file.path

    def is_laid_out(
        self, manifest: Manifest, files: tuple[RepoFile, ...], only_harmless: bool
    ) -> bool:
        if manifests.read_own(self._listing) != manifests.Saved(manifest, only_harmless):
            return False
        return all(self._root.joinpath(file.path).is_file() for file in files)

    def shown_as(self, file: RepoFile, commit: str) -> str:
        return file.path

    def put(self, file: RepoFile) -> bool:
        """At its place, where its content lies in this folder under another path; False where it does not."""
        here = self.find(file, "")
        if here is None or here == self._root / file.path:
            return here is not None
        self._require_ours(file)
        entry = self.ledger.knows(here.relative_to(self._root).as_posix())
        assert entry is not None
        partial = self.partial(file)
        copy(here, self._root / file.path, partial)
        discard(partial)
        self.ledger.record(file.path, entry.sha256, entry.git_sha1, entry.source, entry.verified_by)
        return True
