"""What an answer to a request for bytes really is: the part asked for, the whole, or something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qtune.core.errors import DownloadError, HubError
from qtune.core.hub.answers import host_of, is_html, portal, retry_after, whole_number
from qtune.core.hub.interface import RepoFile
from qtune.core.sources import Source
from qtune.core.text import Text

_PART = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class Expired(Exception):
    """The storage host refuses this (signed) address: ask the hub for a new one."""


class NoRanges(Exception):
    """Parts are not served as asked: take the whole, and skip what is here already."""


@dataclass
class OddLength(Exception):
    """The whole file is announced with another size than listed: another file, or a confused host."""

    size: int


@dataclass
class Throttled(Exception):
    """Asked to wait, for so many seconds or for as long as we see fit."""

    status: int
    seconds: float | None


@dataclass(frozen=True)
class Wanted:
    """What was asked for: the bytes of `file` from `start` on; `part`: with a Range."""

    file: RepoFile
    start: int
    part: bool


def bytes_to_skip(
    status: int, headers: Mapping[str, str], url: str, wanted: Wanted, source: Source
) -> int:
    """How many bytes at the start of the body are not wanted. `headers` have lower-case names.

    Raises one of the above, HubError for a fault of the road or the host, DownloadError DWN006 for another
    file and DWN010 for an encoded body.
    """
    host, file = host_of(url), wanted.file
    match status:
        case 200 | 206:
            pass
        case 401 | 403 | 404 | 410:
            raise Expired
        case 416:
            _not_satisfiable(headers, file, source)
            raise NoRanges
        case 429:
            raise Throttled(429, retry_after(headers))
        case _:
            raise HubError(
                "HUB201",
                Text(f"{host} answered with status {status}", f"{host} 返回状态码 {status}"),
                source=source.name,
                status=status,
                retry_after=retry_after(headers),
            )
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise encoded(host, source)
    size = whole_number(headers.get("content-length"))
    if status == 200:
        if is_html(headers) and size != file.size and not file.path.endswith((".html", ".htm")):
            raise portal(source, url)
        if size is not None and size > file.size:
            raise OddLength(size)
        if wanted.part and wanted.start:
            raise NoRanges
        return wanted.start
    part = _PART.fullmatch(headers.get("content-range", "").strip())
    if part is None or not wanted.part or int(part.group(1)) != wanted.start:
        raise NoRanges
    if part.group(3) not in ("*", str(file.size)):
        raise other_size(file, int(part.group(3)), source)
    return 0


def _not_satisfiable(headers: Mapping[str, str], file: RepoFile, source: Source) -> None:
    total = whole_number(headers.get("content-range", "").rpartition("/")[2])
    if total is not None and total != file.size:
        raise other_size(file, total, source)


def other_size(file: RepoFile, size: int, source: Source) -> DownloadError:
    return DownloadError(
        "DWN006",
        Text(
            f"{source.title} has {file.path} with {size} bytes; the listing says {file.size}",
            f"{source.title} 上的 {file.path} 为 {size} 字节，而清单中为 {file.size} 字节",
        ),
        Text("Use another source: see QTUNE_SOURCES.", "请换一个下载源：见 QTUNE_SOURCES。"),
    )


def encoded(host: str, source: Source) -> DownloadError:
    return DownloadError(
        "DWN010",
        Text(
            f"{host} sent compressed content although none was asked for; a proxy on the road may do that",
            f"{host} 返回了未请求的压缩内容，可能是途中的代理所为",
        ),
        Text(
            "Switch the compression off there, or go around that proxy with NO_PROXY.",
            "请在代理上关闭压缩，或用 NO_PROXY 绕过它。",
        ),
    )
