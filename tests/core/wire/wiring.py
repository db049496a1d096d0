"""Scripted servers, and the shortest way to ask one something."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from qtune.core.settings import resolve
from qtune.core.wire.connection import Connection
from qtune.core.wire.head import Head
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.core.wire.road import Road
from tests.hub import Hub, worlds
from tests.hub.server import Connection as Accepted
from tests.hub.server import Listener

LONG = 20.0  # seconds: against hanging only, whatever else the machine does
REPO = worlds.qwen3()


@contextlib.contextmanager
def serving(
    serve: Callable[[Accepted], None], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    def run(connection: Accepted) -> None:
        if context is not None:
            connection.secure(context)
        serve(connection)

    listener = Listener("127.0.0.1", run)
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{listener.port}/file?a=b"
    finally:
        listener.close()


def asked(connection: Accepted) -> bytes:
    """One whole request; b"" when none comes any more."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = connection.sock.recv(65536)
        if not got:
            return b""
        data += got
    return data


def saying(
    *answers: bytes, then: str = "hush", heard: list[bytes] | None = None
) -> Callable[[Accepted], None]:
    """Each answer to one request of a connection; then `hush`, `close` or `reset`."""

    def serve(connection: Accepted) -> None:
        for answer in answers:
            request = asked(connection)
            if heard is not None:
                heard.append(request)
            connection.send(answer)
        if then == "hush":
            connection.hush()
        elif then == "reset":
            connection.reset()

    return serve


def road(resolver: Resolver = system_resolver, /, **environ: str) -> Road:
    return Road(resolve(environ=environ), resolver)


@contextlib.contextmanager
def opened(url: str, way: Road | None = None) -> Iterator[Connection]:
    connection = (way or road()).open(url, LONG, "somewhere")
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def answered(
    answer: bytes, then: str = "hush", context: ssl.SSLContext | None = None, ca: Path | None = None
) -> Iterator[tuple[Connection, Head]]:
    way = road(**({"SSL_CERT_FILE": str(ca)} if ca else {}))
    with serving(saying(answer, then=then), context) as url, opened(url, way) as connection:
        yield connection, connection.get(url, {}, LONG)


def read(connection: Connection, block: int = 65536) -> bytes:
    """The body to its end, or to where it breaks off."""
    data, view = bytearray(), memoryview(bytearray(block))
    while got := connection.readinto(view, LONG):
        data += view[:got]
    return bytes(data)


def state(connection: Connection) -> tuple[int | None, bool]:
    return connection.left, connection.reusable


def listing(hub: Hub) -> str:
    return f"{hub.hf_url}/api/models/{REPO.id}"


def fetched(url: str, way: Road) -> tuple[int, bytes]:
    with opened(url, way) as connection:
        head = connection.get(url, {}, LONG)
        return head.status, read(connection)
