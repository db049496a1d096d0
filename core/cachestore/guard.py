"""A repository in the cache is changed only while nobody downloads into it, and only inside the cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from qtune.core.cachestore.shelf import kind_of
from qtune.core.cachestore.walk import entries, is_folder
from qtune.core.download.lock import at_once, of_another_tool
from qtune.core.errors import DownloadError
from qtune.core.text import Text


class Busy(Exception):
    """Another process is downloading into this repository."""


@contextlib.contextmanager
def alone(cache: Path, root: Path) -> Iterator[None]:
    """Raises Busy; DownloadError DWN007 for a folder that is not the cache's own, or is closed to us."""
    state = root / ".qtune"
    strange = root.parent != cache or kind_of(root.name) is None or not is_folder(root)
    if strange or state.is_symlink():
        raise DownloadError(
            "DWN007",
            Text(
                f"{root} is, or holds, a link in place of a folder; nothing was touched",
                f"{root} 本身或其中的目录是链接，未做任何改动",
            ),
        )
    try:
        state.mkdir(exist_ok=True)
        with at_once(state) as ours:
            if not ours or downloading(cache, root):
                raise Busy
            yield
    except OSError as error:
        raise refused(root, error) from error


def downloading(cache: Path, root: Path) -> bool:
    """Does huggingface_hub hold the lock of a blob? It keeps one for each, and leaves the file behind."""
    return any(
        not idle(Path(entry.path))
        for entry in entries(cache / ".locks" / root.name)
        if entry.name.endswith(".lock") and entry.is_file(follow_symlinks=False)
    )


def idle(lock: Path) -> bool:
    return of_another_tool(lock)


def refused(root: Path, error: OSError) -> DownloadError:
    reason = error.strerror or str(error)
    where = error.filename or root
    return DownloadError(
        "DWN007",
        Text(f"Cannot change {where}: {reason}", f"无法修改 {where}：{reason}"),
        Text(
            "Check the folder's owner and rights; what could not be removed is still there.",
            "请检查该目录的所有者与权限；未能删除的内容仍在原处。",
        ),
    )
