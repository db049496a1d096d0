"""What a download asks of the place where the files of one repository go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from qtune.core.download.digest import Digests
from qtune.core.download.ledger import Ledger
from qtune.core.hub.interface import Manifest, RepoFile


class Store(Protocol):
    """Where the files of one repository go."""

    ledger: Ledger

    @property
    def root(self) -> Path: ...

    @property
    def state(self) -> Path:
        """The folder of the lock, the partial files and the ledger."""

    def find(self, file: RepoFile, commit: str) -> Path | None:
        """A verified copy of the file, hashing it once if nobody has vouched for it yet."""

    def candidates(self, file: RepoFile, commit: str) -> Iterator[str]:
        """Where `find` looks for it: names below `root`."""

    def is_copied(self, file: RepoFile, commit: str, here: Path | None) -> bool:
        """Will `publish` take room for this file, whose content lies `here`, or (None) is about to come under
        another path?"""

    def is_laid_out(
        self, manifest: Manifest, files: tuple[RepoFile, ...], only_harmless: bool
    ) -> bool:
        """Does everything seem to be where `publish` would put it? Nothing is hashed for the answer."""

    def shown_as(self, file: RepoFile, commit: str) -> str:
        """The name below `root` of what a program finds in place of the file."""

    def partial(self, file: RepoFile) -> Path:
        """Named by content: a partial file is good for every commit and every source."""

    def keep(
        self, file: RepoFile, commit: str, digests: Digests, source: str, verified_by: str
    ) -> None:
        """The partial file, whole and verified, becomes part of the store."""

    def publish(self, manifest: Manifest, files: tuple[RepoFile, ...], only_harmless: bool) -> Path:
        """Every file is there: make them visible, and return the folder that holds them."""
