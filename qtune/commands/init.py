"""`qtune init`: a commented `.env` and a starter run config; what is there already stays as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.core.errors import ConfigError


@click.command(
    "init",
    help=say(
        "Write a commented .env, a starter sft.yaml and sample data into this folder. Overwrites nothing.",
        "在当前文件夹生成带注释的 .env、入门用的 sft.yaml 和示例数据。不会覆盖任何文件。",
    ),
)
def command() -> int:
    from qtune.commands import starter
    from qtune.commands.gitignore import keep_out
    from qtune.commands.project import open_project

    settings = open_project().settings
    lang = current()
    _write(Path(".env"), starter.env_file(lang), 0o600)
    _write(Path(starter.DATA), starter.data(lang), 0o666)
    _write(
        Path(starter.RUN_CONFIG), starter.run_config(settings.text("DEFAULT_MODEL"), lang), 0o666
    )
    if keep_out(Path(".env")):
        click.echo(say("added    .env to .gitignore", "已添加   .env 到 .gitignore"))
    click.echo(say(f"Next: qtune doctor {starter.RUN_CONFIG}",
                   f"下一步：qtune doctor {starter.RUN_CONFIG}"))  # fmt: skip
    return 0


def _write(path: Path, text: str, mode: int) -> None:
    """Raises ConfigError ENV812 where the folder cannot be written."""
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        # O_EXCL: nothing that is there is opened, not even through a link
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(path):
            click.echo(say(f"kept     {path}", f"保留     {path}"))
            return
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)  # half a file would be kept the next time
        raise _unwritable(path, error) from error
    click.echo(say(f"wrote    {path}", f"已生成   {path}"))


def _unwritable(path: Path, error: OSError) -> ConfigError:
    from qtune.core.errors import ConfigError
    from qtune.core.text import Text

    reason = error.strerror or str(error)
    return ConfigError(
        "ENV812", Text(f"cannot write {path}: {reason}", f"无法写入 {path}：{reason}")
    )
