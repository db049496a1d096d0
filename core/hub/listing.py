"""A hub's listing as data: shapes are checked here, what the paths may do to a disk in download.untrusted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from qtune.core.errors import DownloadError
from qtune.core.hub.answers import nonsense
from qtune.core.hub.interface import RepoFile
from qtune.core.sources import Source
from qtune.core.text import Text

MOST_FILES = 100_000

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")


def listed_file(
    source: Source, path: object, size: object, sha256: object, git_sha1: object, lfs: bool
) -> RepoFile:
    """Raises Nonsense HUB223 where a value has not the type or the form that it must have.

    The hashes become file names in the cache: nothing but hex digits may pass.
    """
    if not isinstance(path, str) or not isinstance(size, int) or isinstance(size, bool):
        raise nonsense(source, "a file without a path or a size", "有文件缺少路径或大小")
    return RepoFile(
        path,
        size,
        _hash(source, sha256, _SHA256),
        _hash(source, git_sha1, _SHA1),
        lfs,
    )


def _hash(source: Source, value: object, shape: re.Pattern[str]) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise nonsense(source, "a hash that is none", "哈希值格式不对")
    return value


def too_many(source: Source, repo_id: str) -> DownloadError:
    return DownloadError(
        "DWN004",
        Text(
            f"{source.title} lists more than {MOST_FILES} files for {repo_id}",
            f"{source.title} 为 {repo_id} 列出了超过 {MOST_FILES} 个文件",
        ),
        Text(
            "qtune does not download repositories of so many files.",
            "qtune 不下载文件数如此之多的仓库。",
        ),
    )


def manifest_commit(files: Iterable[RepoFile]) -> str:
    """A name for a listing that has no commit: the sha1 of its sorted lines `path NUL size NUL hash`."""
    digest = hashlib.sha1(usedforsecurity=False)
    for file in sorted(files, key=lambda f: f.path):
        line = f"{file.path}\0{file.size}\0{file.sha256 or file.git_sha1 or ''}\n"
        digest.update(line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
