"""`qtune env`: every setting with its value (masked), where it came from, and what reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.speech import current, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from qtune.commands.project import Project
    from qtune.core.settings import Value


@click.command(
    "env",
    help=say(
        "Show the settings in effect: value (secrets masked), origin, and what reads it.",
        "查看生效的设置：值（敏感信息打码）、来源和读取者。",
    ),
)
@click.option(
    "--export",
    "shell",
    type=click.Choice(["bash", "powershell", "cmd"]),
    help=say(
        "Print lines for this shell to evaluate; tokens stand in clear.",
        "输出可由该 shell 执行的语句；其中的 Token 为明文。",
    ),
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help=say("Also the settings that nobody set.", "同时显示未设置的项。"),
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
)
def command(shell: str | None, verbose: bool, env_file: Path | None) -> int:
    from qtune.commands.project import open_project

    project = open_project(env_file)
    if shell is None:
        _show(project, verbose)
        return 0
    from qtune.core.export import lines

    project.settings.require_valid()
    if sys.stdout.isatty():
        print(say("These lines may hold tokens in clear: evaluate them, do not paste them anywhere.",
                  "以下语句可能包含明文 Token：请直接执行，不要粘贴到别处。"), file=sys.stderr)  # fmt: skip
    sys.stdout.write(lines(project.settings, shell))  # type: ignore[arg-type]
    return 0


def _show(project: Project, verbose: bool) -> None:
    from rich.text import Text

    from qtune.commands.console import answer, show
    from qtune.core.locations import user_config
    from qtune.core.origin import Level
    from qtune.doctor.report.layout import wrap

    console, settings = answer(), project.settings
    rows = [v for v in settings if verbose or v.origin.level is not Level.DEFAULT]
    keys = max((len(value.setting.key) for value in rows), default=0)
    lines: list[Text] = []
    for value in rows:
        lines += _block(value, keys, console.width)
        for hidden in settings.shadowed:
            if hidden.setting is value.setting:
                lines += _block(hidden, keys, console.width, overridden=True)
    unset = sum(v.origin.level is Level.DEFAULT for v in settings)
    if lines:
        lines.append(Text())
    if not verbose:
        told = say(
            f"{unset} settings have their default; -v shows them.",
            f"{unset} 项为默认值；加 -v 查看。",
        )
        lines += [Text(line) for line in wrap(told, console.width)]
    lines.append(Text(say(f"Your own settings for every project: {user_config()}",
                          f"对所有项目生效的个人设置：{user_config()}")))  # fmt: skip
    show(console, Text("\n").join(lines))


def _block(value: Value, keys: int, width: int, *, overridden: bool = False) -> Iterator[Text]:
    """The key and its value, whole, so that it can be copied; below them where it is from and who reads it."""
    from rich.text import Text

    from qtune.core.secret import redact
    from qtune.doctor.report.characters import clean
    from qtune.doctor.report.layout import WIDEST_TEXT, pad, wrap

    lang = current()
    about = [_where(value)]
    if overridden:
        about.append(say("overridden", "被覆盖"))
    else:
        readers = ", ".join(value.setting.read_by)
        about.append(say(f"read by {readers}", f"由 {'、'.join(value.setting.read_by)} 读取"))
    told = [" · ".join(about)]
    if value.problem is not None and not overridden:
        told.insert(0, f"! {redact(value.problem.to(lang))}")
    key = pad("" if overridden else value.setting.key, keys)
    yield Text(f"{key}  {clean(redact(value.shown)) or '–'}")
    for line in told:
        for part in wrap(line, max(20, min(width, WIDEST_TEXT) - keys - 2)):
            yield Text(" " * (keys + 2) + part, style="dim")


def _where(value: Value) -> str:
    from qtune.core.origin import Level

    if value.origin.level is Level.ENVIRON and value.origin.name == value.setting.key:
        return say("the environment", "环境变量")
    return value.origin.describe().to(current())
