"""How `qtune cache free` understands its options, shows what would go, asks, and removes it."""

from __future__ import annotations

import sys
from pathlib import Path

from qtune.core.amounts import size
from qtune.core.cachestore import choose
from qtune.core.cachestore.contents import Shelf
from qtune.core.cachestore.free import Goes, all_of, notes_reads, partials_of, remove, unused_for
from qtune.core.cachestore.guard import Busy
from qtune.core.errors import DownloadError, UsageError
from qtune.core.text import Text
from qtune.doctor.report.characters import clean
from qtune.doctor.report.layout import pad_left
from qtune.speech import current, say


def selected(
    shelf: Shelf,
    names: tuple[str, ...],
    partials: bool,
    older_than: float | None,
    all_but: tuple[str, ...],
) -> tuple[Goes, ...]:
    """`older_than` in days. Raises UsageError CFG092 where nothing, or a contradiction, is asked for."""
    if not names and not partials and older_than is None and not all_but:
        raise UsageError(
            "CFG092",
            Text("nothing was named to be freed", "没有指定要删除什么"),
            Text("Name a repository, or give --partials, --older-than or --all-but.",
                 "请给出仓库名，或使用 --partials、--older-than、--all-but。"),
        )  # fmt: skip
    if names and all_but:
        raise UsageError(
            "CFG092",
            Text("--all-but does not go with names", "--all-but 不能与仓库名同时使用"),
        )
    spared = choose.repos(shelf, all_but) if all_but else ()
    others = (all_of(repo) for repo in shelf.repos if repo not in spared)
    goes = choose.going(shelf, names) if names else tuple(others)
    if older_than is not None:
        if not notes_reads(shelf.folder):
            print(
                say(
                    "This disk does not note when files are read (noatime): their age is that of the download.",
                    "该磁盘不记录读取时间（noatime）：这里按下载时间计算。",
                ),
                file=sys.stderr,
            )
        goes = tuple(g for g in goes if unused_for(g.repo, older_than))
    if partials:
        goes = tuple(partials_of(g.repo) for g in goes if g.repo.partials)
    return goes


def free(cache: Path, goes: tuple[Goes, ...], *, dry_run: bool, yes: bool) -> int:
    """Raises UsageError CFG092 where nobody can be asked, DownloadError DWN007 where something stayed."""
    if not goes:
        print(say("There is nothing to free.", "没有可删除的内容。"))
        return 0
    for item in goes:
        print(f"  {pad_left(size(item.bytes), 9)}  {_named(item)}")
    total = size(sum(item.bytes for item in goes))
    if dry_run:
        print(say(f"{total} would be freed.", f"将释放 {total}。"))
        return 0
    if not yes and not _agreed(total):
        print(say("Nothing was removed.", "未删除任何内容。"))
        return 0
    return _make(cache, goes)


def _named(goes: Goes) -> str:
    label = clean(goes.repo.label).replace("\n", "\ufffd")
    if goes.partials:
        count = len(goes.partials)
        return say(f"{label}: {count} begun", f"{label}：{count} 个未下载完的文件")
    if goes.whole:
        return label
    return f"{label} @ {', '.join(commit[:8] for commit in goes.commits)}"


def _agreed(total: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "CFG092",
            Text(
                "nobody can be asked here, and nothing was removed", "此处无法询问，未删除任何内容"
            ),
            Text("Give --yes to remove it.", "确认删除请加 --yes。"),
        )
    sys.stdout.flush()
    asked = say(f"Free {total}? [y/N] ", f"释放 {total}？[y/N] ")
    print(asked, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是", "好")


def _make(cache: Path, goes: tuple[Goes, ...]) -> int:
    done, errors = 0, []
    for item in goes:
        try:
            done += remove(cache, item)
        except Busy:
            label = item.repo.label
            errors.append(
                Text(
                    f"{label}: a download is under way, left as it is",
                    f"{label}：正在下载，保持原样",
                )
            )
        except DownloadError as error:
            errors.append(error.message)
    print(say(f"Freed {size(done)}.", f"已释放 {size(done)}。"))
    if not errors:
        return 0
    raise DownloadError(
        "DWN007",
        Text("\n".join(e.en for e in errors), "\n".join(e.to(current()) for e in errors)),
        Text(
            "Run it again when the download is over, or check the folder's owner and rights.",
            "请在下载结束后重试，或检查该目录的所有者与权限。",
        ),
    )
