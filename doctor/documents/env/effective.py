"""What the settings would be with this text as the project's `.env`, and which line says so."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from qtune.core import envfile
from qtune.core.envfile import Entry, EnvDocument
from qtune.core.origin import Level
from qtune.core.settings import Settings, Value, resolve
from qtune.doctor.documents.world import World


@lru_cache(maxsize=8)
def parsed(document: str, path: Path) -> EnvDocument:
    """As the reader of `.env` sees the text; nothing where it is too long to be one."""
    if len(document) > envfile.LARGEST:
        return EnvDocument(path, "", (), ())
    return envfile.parse(document, path)


def of_text(document: str, path: Path, world: World) -> Settings:
    """Process > the user's config > this text > defaults."""
    return resolve(None, world.environ, world.user, parsed(document, path))


def of_project(root: Path | None, world: World) -> Settings:
    """The same with the saved `.env` of the project, for the other kinds of documents."""
    project = None
    if root is not None:
        try:
            project = envfile.read(root / ".env", world.environ)
        except (OSError, ValueError):
            project = None
    return resolve(None, world.environ, world.user, project)


def counts(entry: Entry, path: Path, value: Value) -> bool:
    """Is it this line that decides?"""
    origin = value.origin
    return origin.level is Level.PROJECT and (origin.path, origin.line) == (path, entry.line)


def entry_at(document: EnvDocument, line: int) -> Entry | None:
    """The one that this line is part of."""
    return next((e for e in document.entries if e.line <= line <= e.end_line), None)
