"""ModelScope's listing, whole: a model's is walked folder by folder where it stops at the server's silent
cap, a dataset's comes in pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtune.core.errors import HubError, Refused, Unreachable
from qtune.core.hub.answers import nonsense
from qtune.core.hub.listing import MOST_FILES
from qtune.core.sources import Source

LISTING_CAP = 3000  # the server says nothing when it stops there
MOST_LISTINGS = 2_000
PAGE = 200  # what ModelScope's own client asks for
_TRIES = 4

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


def turn(page: Callable[[int], Entries], source: Source) -> Entries:
    """`page(number)` is one request, the first is 1. Raises Nonsense HUB223 for a listing without an end."""
    found: dict[str, dict[str, Any]] = {}
    files = 0
    for number in range(1, MOST_LISTINGS + 1):
        entries = page(number) if number == 1 else _again(page, number)
        known = len(found)
        found |= {str(e.get("Path")): e for e in entries}
        files += sum(e.get("Type") != "tree" for e in entries)
        if len(entries) < PAGE or files > MOST_FILES:
            return list(found.values())
        if len(found) == known:
            break  # the server does not turn the page: what it repeats is not the whole
    raise nonsense(source, "a listing without an end", "文件清单没有尽头")


def _again(page: Callable[[int], Entries], number: int) -> Entries:
    """The server now and then refuses a later page of what it has just shown to the same caller; and for
    one fault of the moment a listing of hundreds of pages need not begin anew."""
    for attempt in range(_TRIES):
        try:
            return page(number)
        except HubError as error:
            if attempt == _TRIES - 1 or not _passes(error):
                raise
            time.sleep(0.2 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _passes(error: HubError) -> bool:
    if error.status == 429 or error.retry_after is not None:
        return False  # whoever asked for the listing knows how to wait
    refused = isinstance(error, Refused) or error.code == "GATE400"
    broke = isinstance(error, Unreachable) and error.stage == "http"
    return refused or broke or (error.status or 0) >= 500


def _below(path: str, folder: str) -> bool:
    """A listing may only lead deeper; one that names its own parent would be walked for ever."""
    return path.startswith(f"{folder}/" if folder else "") and len(path) > len(folder)
