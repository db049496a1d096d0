"""What the clients talk to: the local hub for metadata, nginx before it and for the bodies (or, where
there is no nginx, the hub itself and a plain host of our own)."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.download import nginx, plainhost
from bench.download.meter import metered
from bench.download.profiles import Profile
from tests.hub import Hub, Repo
from tests.hub.tls import make_identity

SO_MAX_PACING_RATE = 47  # Linux; Python does not name it
ROLES = ("hf", "ms", "cdn", "ms-cdn")
HOSTS = ("nginx", "plain")


@dataclass(frozen=True)
class Sent:
    """What the host of the bodies sent between two looks at its log."""

    amount: int  # bytes
    first: float | None  # when the first body began, seconds since the epoch


@dataclass(frozen=True)
class Served:
    hf: str
    ms: str
    ca_file: Path | None
    large: str  # where the large files are by their sha256
    log: Path
    nginx: nginx.Nginx | None

    def mark(self) -> int:
        """Where the log ends, once it has come to rest."""
        before = -1
        while before != (size := self.log.stat().st_size):
            before = size
            time.sleep(0.1)
        return before

    def sent(self, mark: int) -> Sent:
        """Since `mark`; requests under way are not counted yet."""
        end = self.mark()
        amount, first = 0, None
        with self.log.open("rb") as log:
            log.seek(mark)
            for line in log.read(end - mark).decode().splitlines():
                size, ended, took = line.split()
                if int(size):
                    amount += int(size)
                    began = float(ended) - float(took)
                    first = began if first is None else min(first, began)
        return Sent(amount, first)


def missing(profile: Profile, host: str) -> str | None:
    """Why this cannot be measured here."""
    if sys.platform != "linux":
        return "it needs Linux: /proc, pacing"
    if host == "nginx" and nginx.program() is None:
        return "nginx is not installed"
    if host == "plain" and (profile.tls or profile.small or profile.line):
        return "it needs nginx"
    return None


@contextmanager
def serving(
    repo: Repo, profile: Profile, address: str, folder: Path, host: str
) -> Iterator[Served]:
    """Both hubs with this repository, on that address, until the block ends."""
    large = folder / "large"
    large.mkdir()
    for file in repo.entries.values():
        if file.large:
            (large / file.sha256).write_bytes(file.data)
    with ExitStack() as stack:
        roles = ROLES if host == "nginx" else ("cdn", "ms-cdn")
        sockets = {role: stack.enter_context(_listening(address, role, profile)) for role in roles}
        scheme = "https" if profile.tls else "http"
        urls = {r: f"{scheme}://{address}:{s.getsockname()[1]}" for r, s in sockets.items()}
        ca_file = None
        if profile.tls:
            make_identity(folder)
            ca_file = folder / "ca.pem"
        direct = urls["cdn"]
        if profile.total is not None:
            for role in ("cdn", "ms-cdn"):
                front = stack.enter_context(metered(sockets[role].getsockname(), profile.total))
                urls[role] = f"{scheme}://{address}:{front[1]}"
        hub = stack.enter_context(Hub([repo], public_urls=urls))
        server = None
        if host == "nginx":
            nginx.write_config(sockets, hub.urls, profile, repo, folder)
            server = stack.enter_context(nginx.running(sockets, folder))
        else:
            stack.enter_context(plainhost.running(sockets.values(), folder))
        urls = hub.urls | urls
        yield Served(urls["hf"], urls["ms"], ca_file, direct, folder / "sent.log", server)


def _listening(address: str, role: str, profile: Profile) -> socket.socket:
    """The host takes this socket over, and what is accepted on it has its options."""
    server = socket.create_server((address, 0), backlog=512)
    server.setblocking(False)  # nginx takes that for granted: else a worker freezes in accept()
    if role in ("cdn", "ms-cdn") and profile.pace is not None:
        server.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, profile.pace)
        # What lies in the kernel's buffers when a client is killed counts as sent: keep it small.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024)
    if profile.line is not None:  # the commonest, whatever this machine has as its default
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    return server
