"""Servers that no hub and no proxy of tests.hub stands for: silent queues, banners, SOCKS5, TLS fronts."""

from __future__ import annotations

import selectors
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.hub.server import Connection, Listener


@contextmanager
def full_queue(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose queue of connections is full: the next one is neither accepted nor refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(family))
        server.bind((host, port))
        server.listen(0)
        for _ in range(8):
            client = stack.enter_context(socket.socket(family))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(server.getsockname())
        yield server.getsockname()[1]


@contextmanager
def closed_ports(count: int) -> Iterator[list[int]]:
    """Ports at which nothing listens, and which nobody else gets meanwhile."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in held:
            sock.bind(("127.0.0.1", 0))
        yield [sock.getsockname()[1] for sock in held]


@contextmanager
def saying(data: bytes) -> Iterator[int]:
    """A port that says this to whoever comes, reads what it is sent, and says nothing more."""

    def serve(connection: Connection) -> None:
        connection.send(data)
        connection.hush()

    with listening(serve) as port:
        yield port


@contextmanager
def dripping(piece: bytes, every: float) -> Iterator[int]:
    """A port that sends one piece again and again, for ever."""

    def serve(connection: Connection) -> None:
        while True:
            connection.send(piece)
            connection.pause(every)

    with listening(serve) as port:
        yield port


@contextmanager
def listening(serve: Callable[[Connection], None]) -> Iterator[int]:
    listener = Listener("127.0.0.1", serve)
    try:
        yield listener.port
    finally:
        listener.close()


@contextmanager
def tls_front(context: ssl.SSLContext, port: int) -> Iterator[int]:
    """TLS in front of a plain port: an https:// proxy, when that port is a proxy's."""

    def serve(connection: Connection) -> None:
        connection.secure(context)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as upstream:
            relay(connection.sock, upstream)

    with listening(serve) as front:
        yield front


@contextmanager
def socks5(login: tuple[str, str] | None = None, refuse: int = 0) -> Iterator[int]:
    """A SOCKS5 proxy that takes every name for this machine. `refuse` is the reply's code."""

    def serve(connection: Connection) -> None:
        sock = connection.sock
        _, count = sock.recv(2)
        methods = sock.recv(count)
        wanted = 2 if login else 0
        if wanted not in methods:
            connection.send(b"\x05\xff")
            return
        connection.send(bytes([5, wanted]))
        if login:
            _, length = sock.recv(2)
            user = sock.recv(length)
            password = sock.recv(sock.recv(1)[0])
            good = (user.decode(), password.decode()) == login
            connection.send(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        _, _, _, kind = sock.recv(4)
        sock.recv({1: 4, 4: 16}.get(kind) or sock.recv(1)[0])
        port = int.from_bytes(sock.recv(2), "big")
        connection.send(bytes([5, refuse, 0, 1]) + bytes(6))
        if not refuse:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as upstream:
                relay(sock, upstream)

    with listening(serve) as port:
        yield port


def relay(one: socket.socket, other: socket.socket) -> None:
    """Copy both ways until either side ends. An SSL socket may hold bytes that no select sees."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65536)
                while isinstance(key.fileobj, ssl.SSLSocket) and key.fileobj.pending():
                    data += key.fileobj.recv(65536)
                if not data:
                    return
                key.data.sendall(data)
