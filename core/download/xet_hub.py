"""Hugging Face by Xet as one more source of a run: the same files, lying on loopback."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from qtune.core.download.xet import obstacle, offered, reach
from qtune.core.download.xet_run import XetRun
from qtune.core.errors import QtuneError, Unreachable
from qtune.core.http import open_client, unreachable
from qtune.core.hub.interface import Access, Hub, Identity, Location, Manifest, RateLimit, RepoType
from qtune.core.hub.xet import XetAccess
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.wire.connection import Connection
from qtune.core.wire.pipe import SocketPipe

STARTS_WITHIN_S = 10.0
SETTLES_WITHIN_S = 0.3


def candidate(hub: Hub, listing: Manifest, settings: Settings) -> XetHub | None:
    """Not begun. None where `hub` has nothing for Xet in its own `listing`, or something forbids it. Sends
    nothing."""
    files = offered(listing)
    if files is None or listing.listed_by != hub.source or obstacle(hub.source, settings):
        return None
    return XetHub(hub, files)


@dataclass(frozen=True)
class XetSource(Source):
    """Its name stands in journals and summaries: what came by Xet is told apart, and blamed apart."""

    @property
    def name(self) -> str:
        return "huggingface-xet"

    @property
    def title(self) -> str:
        return "Hugging Face (Xet)"


class XetHub:
    """Of `hub`, which is asked for all but the addresses. `listing` holds the files that Xet serves.

    It serves from `begin` until `end`, or until its process fails.
    """

    def __init__(self, hub: Hub, listing: Manifest) -> None:
        self.listing = listing
        self.run: XetRun | None = None
        self._hub = hub
        self._files = {file.path: file for file in listing.files}
        self._source = XetSource(hub.source.kind, hub.source.endpoint)
        self._lock = threading.Lock()
        self._ended = False

    def begin(self, settings: Settings) -> Text | None:
        """None: it serves; else why not. Two seconds for each of two questions, and a process to start: to be
        called beside the plain path, not before it."""
        found = self._reach(settings)
        if isinstance(found, Text):
            return found
        try:
            run = XetRun(found, settings)
        except OSError as error:
            return Text(str(error), str(error))
        if not run.serves(STARTS_WITHIN_S):
            run.stop()
            return run.why or Text("its process did not start in time", "其进程未能及时启动")
        with self._lock:
            self.run = run
        if self._ended:
            run.stop()
        return None

    def _reach(self, settings: Settings) -> XetAccess | Text:
        """With a client of its own: the run's may be closed before this ends."""
        try:
            with open_client(settings) as client:
                return reach(client, self.listing, settings)
        except QtuneError as error:
            return error.message

    def renew(self, settings: Settings) -> None:
        """A newer token, if there is one; without it, Xet ends with the old one."""
        found = self._reach(settings)
        if isinstance(found, XetAccess) and self.run is not None:
            self.run.renew(found)

    def end(self, why: Text | None = None) -> None:
        """From any thread, and for good."""
        self._ended = True
        with self._lock:
            run = self.run
        if run is not None:
            run.stop(why)

    @property
    def source(self) -> Source:
        return self._source

    @property
    def rate_limit(self) -> RateLimit | None:
        return None

    def manifest(
        self, repo_id: str, revision: str | None = None, *, repo_type: RepoType = "model"
    ) -> Manifest:
        return self.listing

    def identity(self) -> Identity | None:
        return self._hub.identity()

    def access(
        self,
        repo_id: str,
        revision: str | None = None,
        path: str | None = None,
        *,
        repo_type: RepoType = "model",
    ) -> Access:
        return self._hub.access(repo_id, revision, path, repo_type=repo_type)

    def address(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """On loopback, without a header. Raises Unreachable HUB200 where Xet has ended."""
        file = self._files.get(path)
        url = self.run.url_of(file) if file is not None and self.run is not None else None
        if file is None or url is None:
            raise self.ended()
        return Location(url, {}, file.size, self.listing.commit, True)

    def locate(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """For whoever met a fault: waits a moment for the child's own word about it."""
        if self.run is not None:
            self.run.settle(SETTLES_WITHIN_S)
        return self.address(repo_id, commit, path, repo_type=repo_type)

    @property
    def expires(self) -> int:
        """Of the token in use, in seconds since 1970."""
        return self.run.expires if self.run is not None else 0

    def ended(self, why: Text | None = None) -> Unreachable:
        """Why it serves no more, in the child's own words where there are any."""
        why = why or (self.run.why if self.run is not None else None)
        why = why or Text("it serves no more", "已停止")
        return Unreachable(
            "HUB200",
            Text(f"{self.source.title}: {why.en}", f"{self.source.title}：{why.zh}"),
            source=self.source.name,
        )


def open_on_loopback(url: str, connect_s: float, source: str = "") -> Connection:
    """To this process's own child: no proxy lies between, whatever the settings say. Raises Unreachable."""
    parts = urlsplit(url)
    try:
        sock = socket.create_connection((parts.hostname, parts.port), connect_s)
    except OSError as error:
        raise unreachable("tcp", url, source, error.strerror or str(error)) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(url, SocketPipe(sock), source)
