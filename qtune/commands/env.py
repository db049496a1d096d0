"""`qtune env`: every setting with its value (masked), where it came from, and what reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.speech import current, say

if TYPE_CHECKING:
    from rich.table import Table

    from qtune.commands.project import Project


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
    from qtune.commands.console import answer
    from qtune.core.locations import user_config
    from qtune.core.origin import Level
    from qtune.core.secret import redact
    from qtune.doctor.report.characters import clean

    console, lang = answer(), current()
    settings = project.settings
    rows = [v for v in settings if verbose or v.origin.level is not Level.DEFAULT]
    if rows:
        table = _table()
        for value in rows:
            shown = clean(redact(value.shown)) or "–"
            if value.problem is not None:
                shown += "  ! " + clean(redact(value.problem.to(lang)))
            where = value.origin.describe().to(lang)
            table.add_row(value.setting.key, shown, where, ", ".join(value.setting.read_by))
        for value in settings.shadowed:
            shown = clean(redact(value.shown))
            hidden = value.origin.describe().to(lang)
            table.add_row(
                f"({value.setting.key})",
                shown,
                say(f"{hidden}, overridden", f"{hidden}，被覆盖"),
                "",
            )
        console.print(table)
        console.print()
    unset = sum(v.origin.level is Level.DEFAULT for v in settings)
    if not verbose:
        console.print(say(f"{unset} settings have their default; -v shows them.",
                          f"{unset} 项为默认值；加 -v 查看。"))  # fmt: skip
    console.print(say(f"Your own settings for every project: {user_config()}",
                      f"对所有项目生效的个人设置：{user_config()}"), soft_wrap=True)  # fmt: skip


def _table() -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(say("setting", "设置"), no_wrap=True)
    table.add_column(say("value", "值"), overflow="fold")
    table.add_column(say("from", "来源"), overflow="fold")
    table.add_column(say("read by", "读取者"), style="dim", overflow="fold")
    return table
