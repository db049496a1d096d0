"""What `qtune cache` shows: every repository with its snapshots, as text of 80 columns or as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from qtune.core.amounts import size
from qtune.core.cachestore.contents import Folder, Partial, Repo, Revision, Shelf
from qtune.doctor.report.characters import clean
from qtune.doctor.report.layout import pad, pad_left, shortened, wrap
from qtune.speech import say

_NUMBER, _DAY = 9, 10
_INDENT = 2 + _NUMBER + 2
_NAMED = 3  # files that are named where more are missing


def text(shelf: Shelf, free: int, folders: tuple[Folder, ...], width: int) -> list[str]:
    lines = wrap(
        say(f"Hugging Face cache: {shelf.folder}", f"Hugging Face 缓存：{shelf.folder}"), width
    )
    for repo in shelf.repos:
        lines.append(_head(repo.size, repo.used, repo.label, width))
        for told in _about(repo):
            lines += [" " * _INDENT + part for part in wrap(told, width - _INDENT)]
    count, total = len(shelf.repos), size(sum(repo.size for repo in shelf.repos))
    lines += wrap(
        say(
            f"{total} in {_plural(count, 'repository', 'repositories')}; {size(free)} free on this disk.",
            f"{count} 个仓库共 {total}；该磁盘剩余 {size(free)}。",
        ),
        width,
    )
    if shelf.left_out:
        names = ", ".join(shelf.left_out[:_NAMED])
        told = say(
            f"Not looked into (links, or closed to you): {names}",
            f"未查看（链接或无权限）：{names}",
        )
        lines += wrap(told, width)
    if folders:
        lines += ["", *_modelscope(folders, width)]
    return [line.rstrip() for line in lines]


def document(shelf: Shelf, free: int, folders: tuple[Folder, ...]) -> str:
    whole = {
        "schema": 1,
        "cache": str(shelf.folder),
        "size": sum(repo.size for repo in shelf.repos),
        "free": free,
        "repositories": [_repo(repo) for repo in shelf.repos],
        "left_out": list(shelf.left_out),
        "modelscope": [
            {
                "kind": f.kind,
                "id": f.repo_id,
                "path": str(f.path),
                "size": f.size,
                "begun": f.begun,
                "shared": f.shared,
            }
            for f in folders
        ],
    }
    return json.dumps(whole, ensure_ascii=True, indent=2) + "\n"


def _repo(repo: Repo) -> dict[str, Any]:
    return {
        "kind": repo.kind,
        "id": repo.repo_id,
        "path": str(repo.root),
        "size": repo.size,
        "whole": repo.whole,
        "brought_by": list(repo.brought_by),
        "sources": list(repo.sources),
        "last_used": round(repo.used) or None,
        "revisions": [
            {
                "commit": r.commit,
                "refs": list(r.refs),
                "files": r.files,
                "missing": list(r.missing),
                "own_size": r.own,
            }
            for r in repo.revisions
        ],
        "partials": [
            {"path": str(p.path), "by": p.by, "file": p.name, "have": p.have, "size": p.size}
            for p in repo.partials
        ],
    }


def _head(count: int, used: float, name: str, width: int) -> str:
    day = time.strftime("%Y-%m-%d", time.localtime(used)) if used else "–"
    shown = shortened(clean(name).replace("\n", "\ufffd"), width - _INDENT - _DAY - 2)
    return f"  {pad_left(size(count), _NUMBER)}  {pad(day, _DAY)}  {shown}"


def _about(repo: Repo) -> Iterator[str]:
    by = " + ".join(repo.brought_by) or say("unknown", "来源不明")
    if repo.sources:
        by += say(f" (from {', '.join(repo.sources)})", f"（来自 {'、'.join(repo.sources)}）")
    for revision in repo.revisions:
        yield " · ".join((_name(revision), _state(revision), by))
    if not repo.revisions:
        yield " · ".join((say("no snapshot", "没有快照"), by))
    for partial in repo.partials:
        yield _begun(partial)


def _name(revision: Revision) -> str:
    return " ".join((*revision.refs, revision.commit[:8]))


def _state(revision: Revision) -> str:
    if not revision.missing:
        files = _plural(revision.files, "file", "files")
        return say(f"whole, {files}", f"完整，{revision.files} 个文件")
    count, names = len(revision.missing), ", ".join(revision.missing[:_NAMED])
    more = " …" if count > _NAMED else ""
    return say(
        f"lacks {_plural(count, 'file', 'files')}: {names}{more}",
        f"缺 {count} 个文件：{names}{more}",
    )


def _begun(partial: Partial) -> str:
    name = partial.name or partial.path.name[:12] + "…"
    have = size(partial.have)
    if partial.size:
        percent = 100 * partial.have // partial.size
        whole = size(partial.size)
        return say(
            f"begun by {partial.by}: {name}, {have} of {whole} ({percent} %)",
            f"{partial.by} 未下载完：{name}，{have} / {whole}（{percent}%）",
        )
    return say(f"begun by {partial.by}: {name}, {have}", f"{partial.by} 未下载完：{name}，{have}")


def _modelscope(folders: tuple[Folder, ...], width: int) -> Iterator[str]:
    total = size(sum(folder.size + folder.begun for folder in folders))
    told = say(
        f"ModelScope's own cache: {total}. Other programs do not find these by name.",
        f"ModelScope 自己的缓存：{total}。其他程序无法按名称找到它们。",
    )
    yield from wrap(told, width)
    for folder in folders:
        name = folder.repo_id if folder.kind == "model" else f"datasets/{folder.repo_id}"
        yield _head(folder.size, 0, name, width)
        for line in wrap(str(folder.path), width - _INDENT):
            yield " " * _INDENT + line
        if folder.begun:
            begun = size(folder.begun)
            yield " " * _INDENT + say(f"begun: {begun}", f"未下载完：{begun}")
        if folder.shared:
            shared = size(folder.shared)
            told = say(
                f"{shared} more are hard links and take no room of their own",
                f"另有 {shared} 为硬链接，不另占空间",
            )
            yield from (" " * _INDENT + line for line in wrap(told, width - _INDENT))


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
