"""How ModelScope answers for a file: redirects and the first byte, never the body."""

from __future__ import annotations

import httpx

from qtune.core.deadline import within
from qtune.core.http import Reply, mapped
from qtune.core.hub.answers import MOST_HOPS, nonsense, redirect_target, whole_number
from qtune.core.hub.follow import is_own
from qtune.core.hub.session import Session


def opened_file(session: Session, url: str) -> Reply:
    """How the hub answers for a file, its body unread.

    A signature may hold for one method only, so a redirect is asked for again with GET; and a HEAD
    has no envelope to say why it was refused.
    """
    reply = session.follow("HEAD", url)
    return reply if reply.status == 200 else _first_byte(session, reply.url)


def _first_byte(session: Session, url: str) -> Reply:
    for _ in range(MOST_HOPS):
        headers = {
            **session.headers(url),
            "Range": "bytes=0-0",
            "Accept-Encoding": "identity",
        }
        with (
            mapped(url, session.source.name),
            within(session.brief_s),
            session.client.stream("GET", url, headers=headers, timeout=session.brief_s) as r,
        ):
            body = b"" if r.status_code in (200, 206) else _at_most(r, 65_536)
            lower = {name.lower(): value for name, value in r.headers.items()}
            reply = Reply(r.status_code, lower, body, str(r.url), 0.0)
        target = redirect_target(reply.status, lower, url)
        if target is None or not is_own(url, target, session.source):
            return reply
        url = target
    raise nonsense(session.source, "redirects in a circle", "重定向陷入循环")


def whole_size(reply: Reply) -> tuple[int | None, bool]:
    """The whole file's size, and whether a part of it was sent for the asking."""
    if reply.status == 206:
        return whole_number(reply.headers.get("content-range", "").rpartition("/")[2]), True
    if "content-encoding" in reply.headers:
        return None, False
    return whole_number(reply.headers.get("content-length")), False


def _at_most(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])
