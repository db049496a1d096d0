"""`.env` itself: its lines without their secrets, who may read it, and what git makes of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal

from qtune.core.envfile import EnvDocument
from qtune.doctor.context import Context
from qtune.doctor.documents.env.dotenv import entries_of, unparsed_of
from qtune.doctor.facts import EnvFile, Facts, Known
from qtune.doctor.probes import git, otherenv

GitState = Literal["no_repository", "ignored", "untracked", "tracked", "unknown"]

_GIT_SECONDS = 1.2


def probe(context: Context, seen: Facts) -> Known[EnvFile]:
    document = context.settings.envfile or EnvDocument(
        context.root / ".env", "", (), (), exists=False
    )
    return Known(
        EnvFile(
            path=str(document.path),
            exists=document.exists,
            encoding=document.encoding,
            mode=_mode(document.path),
            git=git_state(document.path, context),
            entries=entries_of(document),
            unparsed=unparsed_of(document),
            above=otherenv.above(document.path),
        )
    )


def _mode(path: Path) -> int | None:
    if os.name == "nt":
        return None
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except (OSError, ValueError):
        return None


def git_state(path: Path, context: Context) -> GitState:
    """As git itself says, with its own files and variables kept out of the way."""
    folder = path.parent
    try:
        inside = git.in_repository(folder)
    except OSError:
        return "unknown"
    if not inside:
        return "no_repository"
    arguments = ["ls-files", "--error-unmatch", "--", path.name]
    tracked = git.ask(arguments, context, folder, _GIT_SECONDS)
    if tracked is None:
        return "unknown"
    if tracked.status == 0:
        return "tracked"
    if tracked.status != 1:
        return "no_repository" if "not a git repository" in tracked.err else "unknown"
    ignored = git.ask(["check-ignore", "-q", "--", path.name], context, folder, _GIT_SECONDS)
    if ignored is not None and ignored.status == 0:
        return "ignored"
    return "untracked" if ignored is not None and ignored.status == 1 else "unknown"
