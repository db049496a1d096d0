"""What `qtune cache verify` tells of the hashes, and does about the wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtune.core.amounts import size
from qtune.core.cachestore.guard import Busy
from qtune.core.cachestore.shelf import shown_as
from qtune.core.cachestore.verify import Verdict, discard
from qtune.core.errors import DownloadError
from qtune.core.hub.names import fetching
from qtune.core.text import Text
from qtune.doctor.report.characters import clean
from qtune.speech import say

_LISTED = 20


def tell(cache: Path, found: Sequence[Verdict], *, fix: bool) -> int:
    """Raises DownloadError DSK606 where a file is wrong or cannot be read, removed or not."""
    right = [v for v in found if v.state == "right"]
    unknown = [v for v in found if v.state == "unknown"]
    bad = [v for v in found if v.state in ("wrong", "unreadable")]
    total = size(sum(v.claim.size for v in right))
    print(
        say(
            f"{_files(len(right))} {_be(len(right))} should be ({total}).",
            f"{len(right)} 个文件正确（{total}）。",
        )
    )
    if unknown:
        print(
            say(
                f"{_files(len(unknown))} with no hash to compare with.",
                f"{len(unknown)} 个文件没有可供核对的哈希。",
            )
        )
    if not bad:
        return 0
    lines = [_line(cache, verdict, fix=fix) for verdict in bad[:_LISTED]]
    if fix:
        for verdict in bad[_LISTED:]:
            _removed(cache, verdict)
    raise _error(bad, lines, fix=fix)


def _line(cache: Path, verdict: Verdict, *, fix: bool) -> Text:
    claim = verdict.claim
    name = shown_as(claim.repo.root, claim.path)
    where = clean(f"{claim.repo.label} {name or claim.name}" + (f" ({claim.name})" if name else ""))
    if verdict.state == "unreadable":
        why = clean(verdict.reason)
        return Text(f"{where}: cannot be read: {why}", f"{where}：无法读取：{why}")
    done = _removed(cache, verdict) if fix else Text("", "")
    return Text(f"{where}: another hash{done.en}", f"{where}：哈希不符{done.zh}")


def _removed(cache: Path, verdict: Verdict) -> Text:
    if verdict.state != "wrong":
        return Text("", "")
    try:
        if discard(cache, verdict):
            return Text(", removed", "，已删除")
        return Text(", changed since and left", "，其间已变化，未删除")
    except Busy:
        return Text(", left: a download is under way", "，未删除：正在下载")
    except DownloadError as error:
        return Text(f", left: {error.message.en}", f"，未删除：{error.message.zh}")


def _error(bad: Sequence[Verdict], lines: Sequence[Text], *, fix: bool) -> DownloadError:
    more = len(bad) - len(lines)
    tail = Text(f"\n… and {more} more", f"\n……另有 {more} 个") if more else Text("", "")
    message = Text(
        f"{_files(len(bad))} damaged in the cache:\n"
        + "\n".join(line.en for line in lines)
        + tail.en,
        f"缓存中有 {len(bad)} 个文件损坏：\n" + "\n".join(line.zh for line in lines) + tail.zh,
    )
    repos = list({v.claim.repo.label: v.claim.repo for v in bad}.values())
    again = fetching(repos[0].repo_id, repos[0].kind) if len(repos) == 1 else "qtune download"
    again = f"`{again}`"
    if fix:
        return DownloadError(
            "DSK606",
            message,
            Text(f"{again} fetches what was removed.", f"{again} 会重新获取已删除的文件。"),
        )
    return DownloadError(
        "DSK606",
        message,
        Text(
            f"`qtune cache verify --fix` removes them; {again} then fetches them anew.",
            f"`qtune cache verify --fix` 会删除它们，再用 {again} 重新获取。",
        ),
    )


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"


def _be(count: int) -> str:
    return "is as it" if count == 1 else "are as they"
