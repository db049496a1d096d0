"""One HTTP/1.1 connection to one origin: a GET at a time, its body read into the memory that the caller gives."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import httpx

from qtune.core.errors import Unreachable
from qtune.core.http import unreachable
from qtune.core.hub.answers import origin_of
from qtune.core.proxy import Proxy
from qtune.core.secret import redact
from qtune.core.wire.body import Body, Inbox, Sized, UntilClose, body_of, keeps_alive
from qtune.core.wire.head import Head, NotHttp, take_head
from qtune.core.wire.pipe import Pipe
from qtune.core.wire.request import BadHeader, get_request, parsed
from qtune.core.wire.tunnel import login, wants_login


class Stale(Unreachable):
    """A kept connection was closed by the other side while it lay idle: nothing was asked; open another."""


class Connection:
    """One thread uses it; `abort` may come from any. `forwarder` is a proxy that is given whole addresses."""

    def __init__(
        self, url: str, pipe: Pipe, source: str = "", forwarder: Proxy | None = None
    ) -> None:
        self.origin = origin_of(url)
        self.source = source
        self._url, self._pipe, self._forwarder = url, pipe, forwarder
        self._inbox = Inbox(pipe)
        self._body: Body = Sized(self._inbox, 0)
        self._served = 0
        self._kept_alive, self._broken, self._aborted = True, False, False

    @property
    def left(self) -> int | None:
        """Bytes of the present body still to come; None: its end is not known beforehand."""
        return self._body.left

    @property
    def reusable(self) -> bool:
        """The body was read to its end, and the other side keeps the connection open."""
        broken = self._broken or self._aborted
        return self._kept_alive and not broken and self.left == 0 and not self._inbox.kept

    def get(self, url: str, headers: Mapping[str, str], timeout_s: float) -> Head:
        """Sends a GET with these headers, and reads the head of its answer within `timeout_s` seconds.

        Raises Unreachable, and Stale where only the idle connection was lost.
        """
        if not self.reusable or origin_of(url) != self.origin:
            raise ValueError("this connection cannot be used for that request")
        self._url = url
        until = time.monotonic() + timeout_s
        with self._failing():
            request = get_request(parsed(url), headers, self._for_the_proxy())
            if self._served and not self._quiet():
                raise self._stale()
            try:
                self._pipe.send(request, timeout_s)
                head = self._head(until)
            except (ConnectionError, EOFError) as error:
                if self._served and not self._inbox.kept and not self._aborted:
                    raise self._stale() from error
                raise
            self._served += 1
            if self._forwarder is not None and head.status == 407:
                raise self._error("proxy", wants_login(self._forwarder).detail)
            self._body = body_of(head, self._inbox)
            self._kept_alive = keeps_alive(head) and not isinstance(self._body, UntilClose)
            return head

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        """Bytes of the body straight into `view`; 0: it ended, or the other side closed (then `left` is not 0).

        Raises TimeoutError when nothing came for `timeout_s` seconds, after which reading may go on; and
        Unreachable.
        """
        with self._failing(in_body=True):
            got = self._body.readinto(view, timeout_s)
            if self._aborted:
                raise ConnectionAbortedError
            if not got and self.left != 0:
                self._broken = True
            return got

    def abort(self) -> None:
        """From any thread: whoever reads here is woken with an error."""
        self._aborted = True
        self._pipe.abort()

    def close(self) -> None:
        self._broken = True
        self._pipe.close()

    def _for_the_proxy(self) -> dict[str, str] | None:
        if self._forwarder is None:
            return None
        return {"Proxy-Authorization": login(self._forwarder)} if self._forwarder.user else {}

    def _quiet(self) -> bool:
        """Whether a connection that lay idle has neither ended nor said anything unasked."""
        try:
            self._inbox.more(0)
        except TimeoutError:
            return True
        except OSError:
            return False
        return False

    def _head(self, until: float) -> Head:
        asked, first_byte = time.monotonic(), 0.0
        while True:
            if not self._inbox.more(max(0.0, until - time.monotonic())):
                raise NotHttp("it ends in the middle") if self._inbox.kept else EOFError
            first_byte = first_byte or time.monotonic()
            head = take_head(self._inbox.kept)
            if head is not None:
                return replace(head, first_byte_ms=round((first_byte - asked) * 1000))

    @contextlib.contextmanager
    def _failing(self, *, in_body: bool = False) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            if in_body:
                raise
            self._broken = True
            raise self._error("timeout") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            raise self._error("url", str(error)) from error
        except BadHeader as error:
            raise self._error("http", str(error)) from error
        except (OSError, EOFError, NotHttp) as error:
            self._broken = True
            raise self._error("http", self._words(error)) from error

    def _words(self, error: Exception) -> str:
        if self._aborted:
            return "it was cut off here"
        if isinstance(error, EOFError):
            return "it hung up without an answer"
        return str(getattr(error, "strerror", None) or error)

    def _error(self, stage: str, detail: str = "") -> Unreachable:
        return unreachable(stage, self._url, self.source, redact(detail))

    def _stale(self) -> Stale:
        self._broken = True
        found = unreachable("http", self._url, self.source, "it lay idle for too long", Stale)
        assert isinstance(found, Stale)
        return found
