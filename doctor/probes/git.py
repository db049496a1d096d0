"""Asking git about the project, with git's own variables kept out of the way and nothing run or fetched for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtune.doctor.context import Context
from qtune.doctor.probes.program import Outcome, find, run


def in_repository(folder: Path) -> bool:
    """Raises OSError where the folder cannot be looked at."""
    return any((above / ".git").exists() for above in (folder, *folder.resolve().parents))


def ask(arguments: Sequence[str], context: Context, folder: Path, seconds: float) -> Outcome | None:
    """What `git` with these arguments says in `folder`; None where there is no git."""
    git = find("git", context.environ, context.root)
    if git is None:
        return None
    # GIT_DIR and its like would make git speak of another repository; fsmonitor would run a program;
    # a partial clone would fetch what it lacks.
    environ = {k: v for k, v in context.environ.items() if not k.startswith("GIT_")}
    environ |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    environ |= {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    command = [git, "--no-pager", "-c", "core.fsmonitor=false", *arguments]
    return run(command, environ, seconds, folder)
