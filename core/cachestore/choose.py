"""Which repositories of the cache, and which of their snapshots, somebody means by REPO or REPO@REVISION."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from qtune.core.cachestore.contents import Repo, Revision, Shelf
from qtune.core.cachestore.free import Goes, all_of
from qtune.core.errors import UsageError
from qtune.core.text import Text

_COMMIT = re.compile(r"[0-9a-f]{4,40}")


def repos(shelf: Shelf, names: Iterable[str]) -> tuple[Repo, ...]:
    """In the order of the shelf, all of them where nobody is named. Raises UsageError CFG092."""
    wanted = [_repo(shelf, name) for name in names]
    return tuple(repo for repo in shelf.repos if not wanted or repo in wanted)


def going(shelf: Shelf, names: Iterable[str]) -> tuple[Goes, ...]:
    """What `REPO` and `REPO@REVISION` stand for, each repository once. Raises UsageError CFG092."""
    asked: dict[str, tuple[Repo, set[str]]] = {}
    for text in names:
        name, _, revision = text.partition("@")
        repo = _repo(shelf, name)
        found = {_revision(repo, revision).commit} if revision else set()
        known = asked.setdefault(repo.label, (repo, found))
        if not found or not known[1]:
            known[1].clear()  # one of them was the whole repository
        else:
            known[1].update(found)
    return tuple(all_of(repo, tuple(sorted(commits))) for repo, commits in asked.values())


def _repo(shelf: Shelf, name: str) -> Repo:
    found = [repo for repo in shelf.repos if name in (repo.label, repo.root.name)]
    if len(found) == 1:
        return found[0]
    if found:
        folders = ", ".join(repo.root.name for repo in found)
        raise UsageError(
            "CFG092",
            Text(f"{name} is more than one: {folders}", f"{name} 不唯一：{folders}"),
            Text("Name the folder in its place.", "请改用文件夹名。"),
        )
    near = difflib.get_close_matches(name, [repo.label for repo in shelf.repos], n=1)
    raise UsageError(
        "CFG092",
        Text(
            f"the cache {shelf.folder} has no {name}"
            + (f"; did you mean {near[0]}?" if near else ""),
            f"缓存 {shelf.folder} 中没有 {name}" + (f"；是否想用 {near[0]}？" if near else ""),
        ),
        Text("`qtune cache` lists what is there.", "`qtune cache` 会列出已有的内容。"),
    )


def _revision(repo: Repo, name: str) -> Revision:
    found = [r for r in repo.revisions if name == r.commit or name in r.refs]
    if not found and _COMMIT.fullmatch(name):
        found = [r for r in repo.revisions if r.commit.startswith(name)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(r.refs[0] if r.refs else r.commit[:8] for r in repo.revisions) or "–"
    raise UsageError(
        "CFG092",
        Text(
            f"{repo.label} has no single snapshot {name}; there are: {there}",
            f"{repo.label} 没有唯一的快照 {name}；现有：{there}",
        ),
    )
