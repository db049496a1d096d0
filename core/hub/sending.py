"""Requests that carry something to a hub: short ones whole, files in a stream, each with a deadline.

The token goes to the hub's own address and to nobody else: a storage gets a signed address and no token.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from qtune.core.errors import HubError, Refused, Unreachable
from qtune.core.http import Reply, ask, mapped
from qtune.core.hub.answers import decoded, host_of, is_html, nonsense, portal, unavailable, words
from qtune.core.hub.parcel import Parcel
from qtune.core.hub.session import Session
from qtune.core.text import Text

_BRIEF_S = 60.0
_COMMIT_S = 600.0  # a hub may think long about a commit of many files
_WRITE_S = 60.0  # for as long a connection may take nothing
_CHUNK = 1 << 20
_TRIES = 4
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0


class Sender:
    """`went` is told of the bytes that have gone (and, where some must go again, of a negative number)."""

    def __init__(self, session: Session, went: Callable[[int], None]) -> None:
        self._session = session
        self._went = went

    def json(
        self, url: str, value: object, *, kind: str = "application/json", slow: bool = False
    ) -> Reply:
        """POST, with the token where it may go."""
        return self.post(url, json.dumps(value).encode(), kind=kind, slow=slow)

    def post(self, url: str, body: bytes, *, kind: str, slow: bool = False) -> Reply:
        """Tried again while the hub says "later"; the answer of any other kind is the caller's to read."""
        headers = {**self._session.headers(url), "Content-Type": kind, "Accept": kind}
        deadline = _COMMIT_S if slow else _BRIEF_S

        def once() -> Reply:
            reply = ask(
                self._session.client,
                "POST",
                url,
                headers=headers,
                content=body,
                deadline_s=deadline,
                source=self._session.source.name,
            )
            later = unavailable(reply, self._session.source)
            if later is not None:
                raise later
            return reply

        return self._again(once)

    def there_already(self, size: int) -> None:
        self._went(size)

    def put(
        self, url: str, parcel: Parcel, start: int, length: int, headers: Mapping[str, str]
    ) -> Reply:
        """A part of a file, to a storage. Raises Refused HUB226 where it does not take it."""
        self._check(url)

        def once() -> Reply:
            sent = 0

            def body() -> Iterator[bytes]:
                nonlocal sent
                with parcel.open() as file:
                    file.seek(start)
                    while sent < length:
                        part = file.read(min(_CHUNK, length - sent))
                        if not part:
                            raise changed(parcel)
                        yield part
                        sent += len(part)
                        self._went(len(part))

            try:
                reply = self._put(url, body(), {**headers, "Content-Length": str(length)})
                later = unavailable(reply, self._session.source)
                if later is not None:
                    raise later
            except HubError:
                self._went(-sent)
                raise
            return reply

        reply = self._again(once)
        if not 200 <= reply.status < 300:
            raise refused(self._session, reply, parcel.path)
        return reply

    def _put(self, url: str, body: Iterator[bytes], headers: Mapping[str, str]) -> Reply:
        timeout = httpx.Timeout(_COMMIT_S, connect=_BRIEF_S, write=_WRITE_S)
        with mapped(url, self._session.source.name):
            r = self._session.client.put(url, content=body, headers=dict(headers), timeout=timeout)
            lower = {name.lower(): value for name, value in r.headers.items()}
            return Reply(r.status_code, lower, r.content, str(r.url), 0.0)

    def _check(self, url: str) -> None:
        """A hub on https does not send the bytes of a private model over plain http."""
        plain = urlsplit(url).scheme != "https"
        if plain and urlsplit(self._session.source.endpoint).scheme == "https":
            raise nonsense(self._session.source, "an upload without TLS", "上传地址没有加密")

    def _again(self, once: Callable[[], Reply]) -> Reply:
        for tried in range(1, _TRIES + 1):
            try:
                return once()
            except HubError as error:
                passing = isinstance(error, Unreachable) and error.stage in ("http", "timeout")
                passing = passing or error.status == 429 or (error.status or 0) >= 500
                wait = (
                    error.retry_after
                    if error.retry_after is not None
                    else _FIRST_WAIT_S * 2 ** (tried - 1)
                )
                if not passing or tried == _TRIES or wait > _LONGEST_WAIT_S:
                    raise
                time.sleep(wait)
        raise AssertionError("the last try returns or raises")


def read(session: Session, reply: Reply, what: str) -> Any:
    """The JSON of a success. Raises Refused HUB226 with the hub's own words for anything else."""
    if is_html(reply.headers, reply.body):
        raise portal(session.source, reply.url)
    if not 200 <= reply.status < 300:
        raise refused(session, reply, what)
    return decoded(reply, session.source)


def refused(session: Session, reply: Reply, what: str) -> Refused:
    name, said = session.source.title, words(reply)
    tail = Text(f": {said}", f"：{said}") if said else Text("", "")
    host = host_of(reply.url)
    return Refused(
        "HUB226",
        Text(
            f"{name} ({host}) did not take {what} (status {reply.status}){tail.en}",
            f"{name}（{host}）没有接受 {what}（状态码 {reply.status}）{tail.zh}",
        ),
        Text(
            "What it says names the reason. The same command goes on where it stopped.",
            "原因见上面平台的说明。再次运行同样的命令会接着上传。",
        ),
        source=session.source.name,
        status=reply.status,
    )


def changed(parcel: Parcel) -> Refused:
    return Refused(
        "HUB226",
        Text(
            f"{parcel.path} became shorter while it was sent",
            f"{parcel.path} 在上传过程中变短了",
        ),
        Text("Let nothing write into the folder, and push again.", "请勿改动该文件夹，然后重试。"),
    )
