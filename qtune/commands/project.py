"""The settings as every command sees them: options, environment, the user's config, the project's `.env`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from qtune.core import envfile, settings
from qtune.core.envfile import EnvDocument
from qtune.core.errors import ConfigError, UsageError
from qtune.core.locations import user_config
from qtune.core.settings import Settings
from qtune.core.text import Text
from qtune.speech import decide

NO_FLAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Project:
    """`root` is where `.env` lies. `problems`: files that are there but cannot be read."""

    settings: Settings
    root: Path
    problems: tuple[ConfigError, ...] = ()


def open_project(env_file: Path | None = None, flags: Mapping[str, str] = NO_FLAGS) -> Project:
    """Raises ConfigError (ENV812) for a `.env` that cannot be read."""
    project = survey(env_file, flags)
    for problem in project.problems:
        raise problem
    return project


def survey(
    env_file: Path | None = None,
    flags: Mapping[str, str] = NO_FLAGS,
    *,
    change: Callable[[EnvDocument], EnvDocument] = lambda document: document,
) -> Project:
    """The same for the doctor, which goes on and reports what could not be read.

    `change` is made to the project's file before it counts. Raises UsageError CFG092 where the working
    folder is gone.
    """
    path = here() / (env_file or Path(".env"))
    user, user_problem = _read(user_config())
    document, problem = _read(path)
    document = change(document)
    resolved = settings.resolve(flags, os.environ, user, document)
    decide(resolved.text("QTUNE_LANG"))
    problems = tuple(p for p in (user_problem, problem) if p is not None)
    return Project(resolved, path.parent, problems)


def here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UsageError(
            "CFG092",
            Text("the folder you are in has been deleted", "当前所在的文件夹已被删除"),
            Text("Change to a folder that exists (cd).", "请先切换到存在的文件夹（cd）。"),
        ) from error


def _read(path: Path) -> tuple[EnvDocument, ConfigError | None]:
    try:
        return envfile.read(path, os.environ), None
    except OSError as error:
        reason = error.strerror or str(error)
        problem = ConfigError(
            "ENV812",
            Text(f"cannot read {path}: {reason}", f"无法读取 {path}：{reason}"),
            Text(
                "It must be a file that you may read and write.", "它必须是你有权读写的普通文件。"
            ),
        )
        return EnvDocument(path, "", (), (), exists=False), problem
