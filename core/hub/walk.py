"""ModelScope's listing, whole: one that stops at the server's silent cap is walked folder by folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtune.core.hub.answers import nonsense
from qtune.core.hub.listing import MOST_FILES
from qtune.core.sources import Source

LISTING_CAP = 3000  # the server says nothing when it stops there
MOST_LISTINGS = 2_000

Entries = list[dict[str, Any]]


def walk(page: Callable[[str, bool], Entries], source: Source) -> Entries:
    """`page(folder, recursive)` is one request. Raises Nonsense HUB223 for a folder beyond the cap."""
    first = page("", True)
    if len(first) < LISTING_CAP:
        return first
    found: dict[str, dict[str, Any]] = {}
    folders = [""]
    for _ in range(MOST_LISTINGS):
        if not folders or len(found) > MOST_FILES:
            return list(found.values())
        folder = folders.pop()
        entries = page(folder, True) if folder else first
        if len(entries) >= LISTING_CAP:
            entries = page(folder, False)
            if len(entries) >= LISTING_CAP:
                raise nonsense(
                    source,
                    f"the folder {folder or '/'!r} holds more files than it lists",
                    f"文件夹 {folder or '/'!r} 的文件数超过其列出的上限",
                )
            inside = [str(e.get("Path")) for e in entries if e.get("Type") == "tree"]
            folders += [name for name in inside if _below(name, folder)]
        found |= {str(e.get("Path")): e for e in entries if e.get("Type") != "tree"}
    raise nonsense(source, "a listing without an end", "文件清单没有尽头")


def _below(path: str, folder: str) -> bool:
    """A listing may only lead deeper; one that names its own parent would be walked for ever."""
    return path.startswith(f"{folder}/" if folder else "") and len(path) > len(folder)
