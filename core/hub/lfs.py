"""Large files the way git-lfs sends them: ask what is missing, send each to a signed address, have it verified."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from qtune.core.hub.answers import nonsense
from qtune.core.hub.parcel import Parcel
from qtune.core.hub.sending import Sender, read, refused
from qtune.core.hub.session import Session

KIND = "application/vnd.git-lfs+json"
_AT_ONCE = 256  # files asked about in one request


def send(
    session: Session, sender: Sender, url: str, parcels: Sequence[Parcel], branch: str
) -> None:
    """`url` is the repository's batch address. What the hub has by its sha256 is not sent."""
    for start in range(0, len(parcels), _AT_ONCE):
        some = {parcel.sha256: parcel for parcel in parcels[start : start + _AT_ONCE]}
        asked = {
            "operation": "upload",
            "transfers": ["basic", "multipart"],
            "objects": [{"oid": oid, "size": parcel.size} for oid, parcel in some.items()],
            "hash_algo": "sha256",
            "ref": {"name": branch},
        }
        answer = read(session, sender.json(url, asked, kind=KIND), "the large files")
        objects = answer.get("objects") if isinstance(answer, dict) else None
        if not isinstance(objects, list):
            raise _odd(session)
        missing = {}
        for entry in objects:
            oid, actions = _action(session, entry)
            if actions is not None and oid in some:
                missing[oid] = actions
        for oid, parcel in some.items():
            if oid in missing:
                _one(session, sender, parcel, missing[oid])
            else:
                sender.there_already(parcel.size)


def _action(session: Session, entry: object) -> tuple[str, dict[str, Any] | None]:
    if not isinstance(entry, dict) or not isinstance(entry.get("oid"), str):
        raise _odd(session)
    error = entry.get("error")
    if isinstance(error, dict):
        raise nonsense(session.source, str(error.get("message"))[:200], "拒绝了一个大文件")
    actions = entry.get("actions")
    return entry["oid"], actions if isinstance(actions, dict) and "upload" in actions else None


def _one(session: Session, sender: Sender, parcel: Parcel, actions: dict[str, Any]) -> None:
    href, header = _place(session, actions["upload"])
    size = header.pop("chunk_size", None)
    if size is None:
        sender.put(href, parcel, 0, parcel.size, header)
    else:
        _parts(session, sender, parcel, href, header, int(size))
    if "verify" in actions:
        where, _ = _place(session, actions["verify"])
        told = {"oid": parcel.sha256, "size": parcel.size}
        reply = sender.json(where, told)
        if not 200 <= reply.status < 300:
            raise refused(session, reply, parcel.path)


def _parts(
    session: Session, sender: Sender, parcel: Parcel, href: str, header: dict[str, str], size: int
) -> None:
    """The address of each part is in the header, under its number; `href` is told when all are there."""
    urls = [header[key] for key in sorted((k for k in header if k.isdigit()), key=int)]
    if size <= 0 or len(urls) != ceil(parcel.size / size):
        raise _odd(session)
    parts = []
    for number, url in enumerate(urls, start=1):
        start = (number - 1) * size
        reply = sender.put(url, parcel, start, min(size, parcel.size - start), {})
        etag = reply.headers.get("etag", "")
        if not etag:
            raise _odd(session)
        parts.append({"partNumber": number, "etag": etag})
    reply = sender.json(href, {"oid": parcel.sha256, "parts": parts}, kind=KIND)
    if not 200 <= reply.status < 300:
        raise refused(session, reply, parcel.path)


def _place(session: Session, action: object) -> tuple[str, dict[str, str]]:
    if not isinstance(action, dict) or not isinstance(action.get("href"), str):
        raise _odd(session)
    header = action.get("header")
    given = header if isinstance(header, dict) else {}
    return action["href"], {str(key): str(value) for key, value in given.items()}


def _odd(session: Session) -> Exception:
    return nonsense(session.source, "no place for a large file", "没有给出大文件的上传地址")
