"""`qtune cache`: what lies in the cache, whether it is what it should be, and room made there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtune.helppage import localise
from qtune.misuse import Days
from qtune.speech import say

if TYPE_CHECKING:
    from qtune.core.cachestore.contents import Shelf
    from qtune.core.cachestore.free import Goes
    from qtune.core.cachestore.verify import Verdict
    from qtune.core.settings import Settings


class _Group(click.Group):
    """Without a command it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands:
            ctx.fail(say(f"no such command: {args[0]!r}", f"没有这个命令：{args[0]!r}"))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        return localise(found) if found is not None else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, found.get_short_help_str(200)) for name, found in self.commands.items()]
        with formatter.section(say("Commands", "命令")):
            formatter.write_dl(rows)


@click.group(
    "cache",
    cls=_Group,
    help=say(
        "What lies in the Hugging Face cache, whoever brought it. Without a command: list.",
        "查看和管理 Hugging Face 缓存，无论由哪个程序下载。不带子命令时为 list。",
    ),
)
def command() -> None:
    pass


def _env_file(function: Any) -> Any:
    return click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
    )(function)


@command.command(
    "list",
    help=say(
        "Every repository: size, snapshots, what is missing, who brought it, what was begun.",
        "列出每个仓库：大小、快照、缺少的文件、由谁下载、未下载完的部分。",
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    metavar="FORMAT",
    help=say("text or json.", "text 或 json。"),
)
@_env_file
def list_(form: str, env_file: Path | None) -> int:
    from rich.text import Text

    from qtune.commands import cachelist
    from qtune.commands.console import answer, show
    from qtune.core.cachestore import modelscope
    from qtune.core.download.disk import free_bytes

    settings, shelf = _opened(env_file)
    own = settings.path("MODELSCOPE_CACHE")
    folders = modelscope.read(Path.cwd() / own) if own is not None else ()
    free = free_bytes(shelf.folder)
    if form == "json":
        print(cachelist.document(shelf, free, folders), end="")
        return 0
    console = answer()
    show(console, Text("\n".join(cachelist.text(shelf, free, folders, console.width))))
    return 0


@command.command(
    "verify",
    help=say(
        "Hash the files of REPO (default: all) anew; exit 1 where one is not what it should be.",
        "重新计算 REPO（默认全部）中每个文件的哈希；有文件与应有内容不符时退出码为 1。",
    ),
)
@click.argument("repos", nargs=-1, metavar="[REPO]...")
@click.option(
    "--fix",
    is_flag=True,
    help=say(
        "Remove wrong files, so that the next download fetches them.",
        "删除损坏的文件，下次下载时会重新获取。",
    ),
)
@_env_file
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
def verify(repos: tuple[str, ...], fix: bool, env_file: Path | None, quiet: bool) -> int:
    from qtune.commands import cacheverify
    from qtune.commands.bars import bars
    from qtune.core.cachestore import choose
    from qtune.core.cachestore.verify import claims
    from qtune.core.cachestore.verify import verify as hashed

    _, shelf = _opened(env_file)
    asked = claims(shelf.folder, choose.repos(shelf, repos))
    with bars(quiet) as progress:
        found: tuple[Verdict, ...] = hashed(asked, progress)
    return cacheverify.tell(shelf.folder, found, fix=fix)


@command.command(
    "free",
    help=say(
        "Remove REPO, REPO@REVISION, or what the options select. Shows what would go, then asks.",
        "删除 REPO、REPO@REVISION 或选项所指的内容。先列出将删除的内容，再询问。",
    ),
)
@click.argument("repos", nargs=-1, metavar="[REPO[@REVISION]]...")
@click.option(
    "--partials",
    is_flag=True,
    help=say(
        "Only beginnings of files, of REPO or of all.", "只删未下载完的文件（REPO 的或全部）。"
    ),
)
@click.option(
    "--older-than",
    type=Days(),
    metavar="TIME",
    help=say("Not read or written for this long: 30d, 12h.", "超过该时间未读写的仓库：30d、12h。"),
)
@click.option(
    "--all-but",
    multiple=True,
    metavar="REPO",
    help=say("Everything but this one; may be given again.", "除此之外的全部；可多次给出。"),
)
@click.option("--dry-run", is_flag=True, help=say("Show it, remove nothing.", "只列出，不删除。"))
@click.option("-y", "--yes", is_flag=True, help=say("Do not ask.", "不询问。"))
@_env_file
def free(
    repos: tuple[str, ...],
    partials: bool,
    older_than: float | None,
    all_but: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    env_file: Path | None,
) -> int:
    from qtune.commands import cachefree

    _, shelf = _opened(env_file)
    goes: tuple[Goes, ...] = cachefree.selected(shelf, repos, partials, older_than, all_but)
    return cachefree.free(shelf.folder, goes, dry_run=dry_run, yes=yes)


def _opened(env_file: Path | None) -> tuple[Settings, Shelf]:
    from qtune.commands.project import open_project
    from qtune.core.cachestore import shelf
    from qtune.core.locations import hub_cache

    project = open_project(env_file)
    return project.settings, shelf.read(Path.cwd() / hub_cache(project.settings))
