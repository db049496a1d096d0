"""A threaded listener with its hands on the socket: it can refuse, hang, dribble, cut and reset."""

from __future__ import annotations

import contextlib
import functools
import itertools
import select
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Callable

CLOSED_BY_PEER = (OSError, ValueError)  # ValueError: an SSL socket shut down by another thread


class Connection:
    """One accepted connection, closed or reset exactly once."""

    def __init__(self, sock: socket.socket, number: int, stopping: threading.Event) -> None:
        self.sock = sock
        self.number = number
        self.stopping = stopping

    def secure(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def send(self, data: bytes | memoryview) -> None:
        self.sock.sendall(data)

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the listener."""
        if self.stopping.wait(seconds):
            raise ConnectionAbortedError("the listener is closing")

    def asked_within(self, seconds: float) -> bool:
        """Whether the peer says something, or goes, before so much time has passed."""
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        return bool(select.select([self.sock], [], [], seconds)[0])

    def hush(self) -> None:
        """Say nothing more until the peer gives up or the listener closes."""
        with contextlib.suppress(*CLOSED_BY_PEER):
            while not self.stopping.is_set() and self.sock.recv(65536):
                pass

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        with contextlib.suppress(*CLOSED_BY_PEER):
            linger = struct.pack("hh" if hasattr(socket, "WSAStartup") else "ii", 1, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        with contextlib.suppress(*CLOSED_BY_PEER):
            self.sock.close()

    def interrupt(self) -> None:
        """Wake the thread that is reading from or writing to this connection."""
        with contextlib.suppress(*CLOSED_BY_PEER):
            # SSLSocket.shutdown would pull the TLS state from under that thread.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(*CLOSED_BY_PEER):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        with contextlib.suppress(*CLOSED_BY_PEER):
            self.sock.close()


class Listener:
    """Accepts on loopback and runs `serve` in a thread per connection; `close` leaves none alive.

    The name decides the addresses: `localhost` listens on IPv4 and, where there is one, IPv6.
    """

    def __init__(self, host: str, serve: Callable[[Connection], None], port: int = 0) -> None:
        self.host = host
        self._serve = serve
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._connections: dict[threading.Thread, Connection] = {}
        self._numbers = itertools.count(1)
        self._sockets = _bind(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._listening = False
        self.resume()
        self._acceptor = threading.Thread(target=self._accept, name=f"accept {host}:{self.port}")
        self._acceptor.start()

    def refuse(self) -> None:
        """Refuse new connections and drop the open ones, keeping the port for `resume`."""
        with self._lock:
            if not self._listening:
                return
            for sock in self._sockets:
                sock.close()
            # A bound socket that does not listen refuses, and nobody else can take the port.
            self._sockets = _bind(self.host, self.port)
            self._listening = False
            connections = list(self._connections.values())
        self._wake_writer.send(b"!")
        for connection in connections:
            connection.interrupt()

    def resume(self) -> None:
        with self._lock:
            if self._listening or self._stopping.is_set():
                return
            for sock in self._sockets:
                sock.listen(128)
            self._listening = True
        self._wake_writer.send(b"!")

    def close(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake_writer.send(b"!")
        self._acceptor.join()
        with self._lock:
            threads = dict(self._connections)
        for connection in threads.values():
            connection.interrupt()
        for thread in threads:
            thread.join()
        for sock in (*self._sockets, self._wake_reader, self._wake_writer):
            sock.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                sockets = list(self._sockets) if self._listening else []
            with selectors.DefaultSelector() as selector:
                try:
                    for sock in (self._wake_reader, *sockets):
                        selector.register(sock, selectors.EVENT_READ)
                except (OSError, ValueError):
                    continue  # refused in the meantime
                ready = [key.fileobj for key, _ in selector.select()]
            if self._wake_reader in ready:
                self._wake_reader.recv(4096)
            for listening in sockets:
                if listening in ready:
                    with contextlib.suppress(*CLOSED_BY_PEER):
                        self._start(listening.accept()[0])

    def _start(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, next(self._numbers), self._stopping)
        thread = threading.Thread(
            target=self._run, args=(connection,), name=f"{self.host}:{self.port}"
        )
        with self._lock:
            if not self._listening:
                connection.reset()
                return
            self._connections[thread] = connection
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            self._serve(connection)
        except CLOSED_BY_PEER:
            pass  # the peer went away, or we are closing: nobody is left to tell
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(threading.current_thread(), None)


def _bind(host: str, port: int) -> list[socket.socket]:
    for _ in range(20):
        first = _bound(socket.AF_INET, "127.0.0.1", port)
        sockets = [first]
        if host != "localhost" or not _localhost_has_ipv6():
            return sockets
        try:
            sockets.append(_bound(socket.AF_INET6, "::1", first.getsockname()[1]))
            return sockets
        except OSError:
            first.close()
            if port:
                raise
    raise OSError("no port is free on both 127.0.0.1 and ::1")


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if not hasattr(socket, "WSAStartup"):  # on Windows it would let others share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        return sock
    except OSError:
        sock.close()
        raise


@functools.cache
def _localhost_has_ipv6() -> bool:
    try:
        # Of any family: asked for IPv6 alone, the resolver would go on to ask the network.
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
        _bound(socket.AF_INET6, "::1", 0).close()
    except OSError:
        return False
    return any(family is socket.AF_INET6 for family, *_ in found)
