"""The way to any origin that the settings say: direct or through a proxy, in TLS or not, over whichever address answers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator

import httpx

from qtune.core.errors import Unreachable
from qtune.core.http import bad_proxy, tls_context, unreachable
from qtune.core.proxy import BadProxy, Proxy, proxy_for
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.wire.addresses import Addresses
from qtune.core.wire.connection import Connection
from qtune.core.wire.dialling import dial
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.core.wire.pipe import Pipe, SocketPipe, StreamPipe, secured
from qtune.core.wire.request import parsed, port_of
from qtune.core.wire.streams import Deadline, Ended, Plain, Stream, Tls
from qtune.core.wire.tunnel import enter, open_tunnel


class Road:
    """One for a run; any thread may open connections. `resolve` looks names up."""

    def __init__(self, settings: Settings, resolve: Resolver = system_resolver) -> None:
        self._settings = settings
        self._addresses = Addresses(resolve, settings.text("QTUNE_IP_FAMILY"))
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def open(self, url: str, connect_s: float, source: str = "") -> Connection:
        """A connection to the origin of `url`, within `connect_s` seconds for each address tried.

        Raises Unreachable (NET101 to NET106, HUB203), and ConfigError for a proxy or a CA file that cannot be
        used. `source` is named in these and in the connection's own errors.
        """
        with _failing(url, source):
            address = parsed(url)
            proxy = proxy_for(url, self._settings)
            if isinstance(proxy, BadProxy):
                raise bad_proxy(proxy)
            secure = address.scheme == "https"
            forwarder = proxy if proxy and not secure and not _is_socks(proxy) else None
            host, port = _bare_host(address), port_of(address)
            if secure or (proxy and proxy.scheme == "https"):
                self.trust()  # a CA file that cannot be read is told before anything is dialled
            if proxy is None:
                sock = self._dial(host, port, connect_s)
                pipe = self._direct(sock, host if secure else "", connect_s)
            else:
                with _failing(url, source, through=proxy):
                    sock = self._dial(proxy.host, proxy.port, connect_s)
                    stream = self._through(sock, proxy, forwarder, host, port, connect_s)
                pipe = self._behind(sock, stream, host if secure else "", connect_s)
            return Connection(url, pipe, source, forwarder)

    def trust(self) -> ssl.SSLContext:
        """The TLS context of this run, made when it is needed first."""
        with self._lock:
            if self._context is None:
                self._context = _lasting(tls_context(self._settings))
                self._context.set_alpn_protocols(["http/1.1"])
            return self._context

    def _dial(self, host: str, port: int, connect_s: float) -> socket.socket:
        found = self._addresses.of(host, port, _within(connect_s))
        try:
            sock = dial(found, port, connect_s)
        except Ended:
            self._addresses.failed(host, port)
            raise
        with contextlib.suppress(OSError):  # gone again already: the next step will say so
            self._addresses.worked(host, port, str(sock.getpeername()[0]))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock

    def _direct(self, sock: socket.socket, tls_host: str, connect_s: float) -> Pipe:
        return SocketPipe(secured(sock, self.trust(), tls_host, connect_s) if tls_host else sock)

    def _through(
        self,
        sock: socket.socket,
        proxy: Proxy,
        forwarder: Proxy | None,
        host: str,
        port: int,
        connect_s: float,
    ) -> Stream:
        """To where the proxy takes requests, or through it to the host."""
        stream: Stream = Plain(sock)
        try:
            if proxy.scheme == "https":
                stream = enter(stream, proxy, self.trust(), _within(connect_s))
            if forwarder is None:
                open_tunnel(stream, proxy, host, port, _within(connect_s))
        except BaseException:
            sock.close()
            raise
        return stream

    def _behind(self, sock: socket.socket, stream: Stream, tls_host: str, connect_s: float) -> Pipe:
        if isinstance(stream, Plain):
            return self._direct(sock, tls_host, connect_s)
        if tls_host:
            inner = Tls(stream, self.trust(), tls_host)
            try:
                inner.handshake(_within(connect_s))
            except BaseException:
                sock.close()
                raise
            stream = inner
        return StreamPipe(stream, sock)


def _lasting(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context below truststore's, its certificates loaded: truststore loads them for each connection.

    That takes 20 ms where they are one large file. Windows and macOS verify elsewhere, and keep truststore's.
    """
    if sys.platform in ("win32", "darwin"):
        return context
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost").context


@contextlib.contextmanager
def _failing(url: str, source: str, through: Proxy | None = None) -> Iterator[None]:
    """What goes wrong becomes an error with the stage where the road ended."""
    try:
        yield
    except Ended as end:
        stage = {"nxdomain": "dns", "temporary": "dns"}.get(end.kind, "tcp")
        detail = end.detail if through is None else f"{through.url}: {end.detail}"
        raise _error("proxy" if through else stage, url, source, detail) from end
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, OverflowError) as error:
        raise _error("url", url, source, str(error)) from error
    except ssl.SSLError as error:
        raise _error("tls", url, source, str(error)) from error
    except OSError as error:
        detail = error.strerror or str(error) or type(error).__name__
        raise _error("proxy" if through else "tcp", url, source, detail) from error


def _error(stage: str, url: str, source: str, detail: str) -> Unreachable:
    return unreachable(stage, url, source, redact(detail))


def _bare_host(address: httpx.URL) -> str:
    return address.raw_host.decode("ascii").strip("[]")


def _is_socks(proxy: Proxy) -> bool:
    return proxy.scheme.startswith("socks")


def _within(seconds: float) -> Deadline:
    return Deadline(time.monotonic() + seconds, seconds)
