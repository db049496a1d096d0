"""Keeps `.env` out of git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from qtune.doctor.deeds import add_line


def keep_out(env: Path) -> bool:
    """Adds the file to the .gitignore beside it, where that is in a repository and git would take it."""
    folder = env.absolute().parent
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return False
    return not _ignored(env) and add_line(folder / ".gitignore", env.name)


def _ignored(env: Path) -> bool:
    """As git says; where git cannot be asked, the line is added, which does no harm."""
    git = shutil.which("git")
    if git is None:
        return False
    asked = [git, "-c", "core.fsmonitor=false", "check-ignore", "-q", env.name]
    try:
        done = subprocess.run(asked, cwd=env.absolute().parent, capture_output=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
