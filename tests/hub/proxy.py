"""A forward proxy: CONNECT tunnels and absolute-form requests, a password, faults, a record."""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from tests.hub.faults import INSTEAD, Fault, Faults, Kind
from tests.hub.http import BadRequest, Request, Response, read_request, text_response
from tests.hub.recording import Recorder
from tests.hub.server import Connection, Listener
from tests.hub.spoiling import instead

CONNECT_TIMEOUT = 10.0  # seconds
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """`routes` sends a host, or host:port, elsewhere: {"huggingface.co": "127.0.0.1:8443"}.

    Its faults are those of connections, those instead of an answer, and latency.
    """

    def __init__(
        self, login: tuple[str, str] | None = None, routes: Mapping[str, str] | None = None
    ) -> None:
        self.login = login
        self.routes = dict(routes or {})
        self._recorder = Recorder()
        self._faults = Faults()
        self._listener: Listener | None = None

    def __enter__(self) -> Self:
        self._listener = Listener("127.0.0.1", self._serve)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def _running(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("the proxy serves only inside its with block")
        return self._listener

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._running.port}"

    @property
    def url(self) -> str:
        """Without the password."""
        return f"http://{self.address}"

    @property
    def url_with_login(self) -> str:
        if self.login is None:
            return self.url
        user, password = self.login
        return f"http://{user}:{password}@{self.address}"

    @property
    def requests(self) -> list[Request]:
        """What it was asked; inside a tunnel it sees nothing."""
        return self._recorder.all()

    def fault(self, fault: Fault) -> Fault:
        self._faults.add(fault)
        self._settle()
        return fault

    def heal(self) -> None:
        self._faults.clear()
        self._settle()

    def _settle(self) -> None:
        if self._faults.refuses("proxy"):
            self._running.refuse()
        else:
            self._running.resume()

    def _serve(self, connection: Connection) -> None:
        fault = self._faults.of_connection("proxy")
        if fault is not None:
            if fault.kind is Kind.HANGUP:
                connection.reset()
            else:
                connection.stopping.wait()
            return
        with contextlib.closing(connection.sock.makefile("rb")) as reader:
            while self._exchange(connection, reader):
                pass

    def _exchange(self, connection: Connection, reader: BinaryIO) -> bool:
        """Whether the connection stays open for another request."""
        try:
            request = read_request(reader, "proxy", connection.number)
        except BadRequest as error:
            connection.send(text_response(400, f"{error}\n").head(False))
            return False
        if request is None:
            return False
        self._recorder.add(request)
        for fault in self._faults.of_request(request):
            if fault.kind is Kind.LATENCY:
                connection.pause(fault.seconds)
            elif fault.kind in INSTEAD:
                return self._refuse(connection, request, instead(fault, request))
        if not self._knows(request):
            denied = text_response(407, "Proxy Authentication Required\n")
            asking = {"Proxy-Authenticate": 'Basic realm="office"'}
            return self._refuse(connection, request, denied.having(asking))
        if request.method == "CONNECT":
            self._tunnel(connection, request)
        else:
            self._forward(connection, request)
        return False

    def _refuse(self, connection: Connection, request: Request, response: Response) -> bool:
        match response.delivery.ending:
            case "silence":
                connection.hush()
            case "reset":
                connection.reset()
            case _:
                self._recorder.answered(request, response.status)
                connection.send(response.head(True))
                connection.send(bytes(response.body))
                return True
        return False

    def _knows(self, request: Request) -> bool:
        if self.login is None:
            return True
        scheme, _, value = request.headers.get("proxy-authorization", "").partition(" ")
        expected = base64.b64encode(":".join(self.login).encode()).decode()
        return scheme.lower() == "basic" and value.strip() == expected

    def _upstream(self, host: str, port: int) -> socket.socket:
        route = self.routes.get(f"{host}:{port}") or self.routes.get(host)
        if route is not None:
            host, _, text = route.rpartition(":")
            port = int(text)
        return socket.create_connection((host.strip("[]"), port), timeout=CONNECT_TIMEOUT)

    def _tunnel(self, connection: Connection, request: Request) -> None:
        host, _, port = request.target.rpartition(":")
        try:
            upstream = self._upstream(host, int(port))
        except (OSError, ValueError) as error:
            self._refuse(connection, request, text_response(502, f"{error}\n"))
            return
        with upstream:
            self._recorder.answered(request, 200)
            connection.send(ESTABLISHED)
            self._relay(connection, upstream, request)

    def _forward(self, connection: Connection, request: Request) -> None:
        parts = urlsplit(request.target)
        try:
            upstream = self._upstream(parts.hostname or "", parts.port or 80)
        except (OSError, ValueError) as error:
            self._refuse(connection, request, text_response(502, f"{error}\n"))
            return
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        hop_by_hop = ("connection", "proxy-connection", "proxy-authorization", "keep-alive")
        lines = [f"{request.method} {path} HTTP/1.1"]
        lines += [f"{k}: {v}" for k, v in request.headers.items() if k not in hop_by_hop]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        with upstream:
            upstream.sendall(head + request.body)
            self._recorder.answered(request, 200)
            self._relay(connection, upstream, request)

    def _relay(self, connection: Connection, upstream: socket.socket, request: Request) -> None:
        """Copy both ways until either side ends."""
        with selectors.DefaultSelector() as selector:
            selector.register(connection.sock, selectors.EVENT_READ)
            selector.register(upstream, selectors.EVENT_READ)
            while not connection.stopping.is_set():
                for key, _ in selector.select():
                    from_peer = key.fileobj is connection.sock
                    source, target = (
                        (connection.sock, upstream) if from_peer else (upstream, connection.sock)
                    )
                    data = source.recv(256 * 1024)
                    if not data:
                        return
                    if not from_peer:
                        self._recorder.sent(request, len(data))
                    target.sendall(data)
