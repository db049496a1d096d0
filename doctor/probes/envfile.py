"""`.env` itself: its lines without their secrets, who may read it, and what git makes of it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Literal

from qtune.core.envfile import Entry, EnvDocument
from qtune.core.origin import DEFAULT
from qtune.core.secret import Secret, mask
from qtune.core.settings import Value
from qtune.core.table import BY_NAME
from qtune.doctor.context import Context
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, Known, UnparsedLine
from qtune.doctor.probes import git

GitState = Literal["no_repository", "ignored", "untracked", "tracked", "unknown"]

_TOKEN = re.compile(r"\b(?:hf_|api_org_|ms-)[A-Za-z0-9_-]{20,}")
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
            entries=tuple(_entry(entry) for entry in document.entries),
            unparsed=tuple(
                UnparsedLine(item.line, item.reason, *(item.mapping or ()))
                for item in document.unparsed
            ),
        )
    )


def _entry(entry: Entry) -> EnvEntry:
    secret = is_secret(entry)
    row = BY_NAME.get(entry.key)
    shown = ""
    if row is not None:
        shown = mask(entry.value) if secret else Value(row, entry.value, DEFAULT).shown
        if row.secret and row.key.endswith("_PROXY"):
            shown = Value(row, entry.value, DEFAULT).shown  # the host of a proxy is no secret
        if not entry.value:
            shown = ""
    return EnvEntry(
        key=entry.key,
        shown=shown,
        line=entry.line,
        column=entry.column,
        value_column=entry.value_column,
        end_line=entry.end_line,
        end_column=entry.end_column,
        quote=entry.quote,
        empty=not entry.value.strip(),
        looks_secret=secret,
        unexpanded=entry.unexpanded,
    )


def is_secret(entry: Entry) -> bool:
    """Would it hurt if others read this line? A proxy's only with a password in it."""
    value = entry.value.strip()
    row = BY_NAME.get(entry.key)
    if not value:
        return False
    if _TOKEN.search(value):
        Secret(value)
        return True
    if row is None:
        return entry.looks_secret
    return row.secret and ("@" in value or not row.key.endswith("_PROXY"))


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
