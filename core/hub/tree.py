"""One page of Hugging Face's listing: its files, and where the next page is, on the same origin only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qtune.core.http import Reply
from qtune.core.hub.answers import decoded, host_of, nonsense, redirect_target, same_origin
from qtune.core.hub.interface import RepoFile
from qtune.core.hub.listing import listed_file
from qtune.core.sources import Source

_XET_HASH = re.compile(r"[0-9a-f]{64}")
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*\brel="?next"?', re.IGNORECASE)


def files_of(reply: Reply, source: Source) -> list[RepoFile]:
    entries = decoded(reply, source)
    if not isinstance(entries, list):
        raise nonsense(source, "a listing that is no list", "文件清单不是列表")
    return [_file(e, source) for e in entries if isinstance(e, dict) and e.get("type") == "file"]


def _file(entry: Mapping[str, Any], source: Source) -> RepoFile:
    lfs = entry.get("lfs")
    if isinstance(lfs, dict):
        # The oid of a large file is its pointer's; only the sha256 speaks of the content.
        size = lfs.get("size", entry.get("size"))
        file = listed_file(source, entry.get("path"), size, lfs.get("oid"), None, True)
        return replace(file, xet_hash=_xet_hash(entry.get("xetHash")))
    path, size, oid = (entry.get(key) for key in ("path", "size", "oid"))
    return listed_file(source, path, size, None, oid, False)


def _xet_hash(value: object) -> str | None:
    """Without one the file comes another way: a strange value is no reason to refuse the listing."""
    return value if isinstance(value, str) and _XET_HASH.fullmatch(value) else None


def next_page(reply: Reply, source: Source) -> str | None:
    """Raises Nonsense HUB223 where it would lie on another host: the token would go along."""
    match = _NEXT.search(reply.headers.get("link", ""))
    if match is None:
        return None
    target = redirect_target(302, {"location": match.group(1)}, reply.url)
    if target is None or not same_origin(target, reply.url):
        other = host_of(target or match.group(1))
        raise nonsense(
            source,
            f"the next page of the listing would lie on another host ({other})",
            f"清单的下一页指向另一台主机（{other}）",
        )
    return target
