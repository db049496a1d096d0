"""Bodies come whole, or one can see that they did not; a reader can wait, go on, and be woken."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import pytest

from qtune.core.errors import Unreachable
from qtune.core.wire.connection import Connection, Stale
from tests.core.wire.wiring import (
    LONG,
    answered,
    asked,
    opened,
    read,
    road,
    saying,
    serving,
    state,
)
from tests.hub.server import Connection as Accepted
from tests.hub.tls import make_identity

BYTES = bytes(range(256)) * 12_000  # 3 MB: more than any buffer on the way holds
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def sized(data: bytes, more: int = 0) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(data) + more) + data


def chunks(data: bytes, size: int) -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts)


@pytest.fixture(params=["plain", "tls"])
def secure(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[ssl.SSLContext | None, Path | None]:
    if request.param == "plain":
        return None, None
    identity = make_identity(tmp_path)
    return identity.context, identity.ca_file


Secure = tuple[ssl.SSLContext | None, Path | None]


@pytest.mark.parametrize("block", [1, 1000, 1 << 20])
def test_a_body_with_a_length(secure: Secure, block: int) -> None:
    data = BYTES if block > 1 else BYTES[:3000]
    with answered(sized(data), "hush", *secure) as (connection, _):
        assert connection.left == len(data)
        assert read(connection, block) == data
        assert connection.reusable


@pytest.mark.parametrize("size", [1, 10, 65_536, 4_000_000])
def test_a_body_in_chunks(secure: Secure, size: int) -> None:
    data = BYTES if size > 10 else BYTES[:500]
    answer = CHUNKED + chunks(data, size) + b"0\r\nX-Trailer: y\r\n\r\n"
    with answered(answer, "hush", *secure) as (connection, _):
        assert connection.left is None
        assert read(connection) == data
        assert state(connection) == (0, True)


def test_a_body_until_the_connection_ends(secure: Secure) -> None:
    with answered(b"HTTP/1.1 200 OK\r\n\r\n" + BYTES, "close", *secure) as (connection, _):
        assert connection.left is None
        assert read(connection) == BYTES
        assert state(connection) == (0, False)


@pytest.mark.parametrize(
    "answer",
    [
        sized(b"abc", more=2),
        CHUNKED + b"5\r\nabc",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc",
    ],
)
def test_a_body_that_is_cut_shows_that_it_is(secure: Secure, answer: bytes) -> None:
    with answered(answer, "close", *secure) as (connection, _):
        assert read(connection) == b"abc"
        assert connection.left != 0
        assert not connection.reusable


def test_a_reset_in_the_middle_is_an_error() -> None:
    go = threading.Event()

    def serve(connection: Accepted) -> None:
        asked(connection)
        connection.send(sized(b"abc", more=2))
        go.wait(LONG)
        connection.reset()

    with serving(serve) as url, opened(url) as connection:
        connection.get(url, {}, LONG)
        view = memoryview(bytearray(3))
        assert connection.readinto(view, LONG) == 3
        go.set()
        with pytest.raises(Unreachable) as raised:
            connection.readinto(view, LONG)
        assert (raised.value.code, raised.value.stage) == ("HUB200", "http")
        assert connection.left == 2 and not connection.reusable


@pytest.mark.parametrize(
    "chunk",
    [
        b"zz\r\n",
        b"-1\r\n",
        b"\r\n",
        b"f" * 20 + b"\r\n",
        b"3\r\nabcd\r\n",
        b"1" * 20_000,
        b"0\r\n" + b"a: b\r\n" * 200,
    ],
)
def test_chunks_that_make_no_sense(chunk: bytes) -> None:
    with answered(CHUNKED + chunk) as (connection, _):
        with pytest.raises(Unreachable) as raised:
            read(connection)
        assert raised.value.code == "HUB200"
        assert not connection.reusable


def test_chunks_beside_a_length_are_read_and_the_connection_is_not_trusted_again() -> None:
    answer = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n")
    with answered(answer + b"3\r\nabc\r\n0\r\n\r\n") as (connection, _):
        assert read(connection) == b"abc"
        assert not connection.reusable


@pytest.mark.parametrize("start", [sized(b"abc", more=3), CHUNKED + b"6\r\nabc"])
def test_after_a_silence_reading_goes_on(secure: Secure, start: bytes) -> None:
    go = threading.Event()

    def serve(connection: Accepted) -> None:
        asked(connection)
        connection.send(start)
        go.wait(LONG)
        connection.send(b"def" + (b"\r\n0\r\n\r\n" if start.startswith(CHUNKED) else b""))
        connection.hush()

    context, ca = secure
    way = road(**({"SSL_CERT_FILE": str(ca)} if ca else {}))
    with serving(serve, context) as url, opened(url, way) as connection:
        connection.get(url, {}, LONG)
        view = memoryview(bytearray(1 << 20))
        assert connection.readinto(view, LONG) == 3
        for _ in range(3):
            with pytest.raises(TimeoutError):
                connection.readinto(view, 0.05)
        go.set()
        assert read(connection) == b"def"
        assert connection.reusable


def test_what_came_is_not_held_back_until_the_room_is_full(secure: Secure) -> None:
    """A slow line: far fewer bytes than there is room for, and no end in sight."""
    context, ca = secure
    way = road(**({"SSL_CERT_FILE": str(ca)} if ca else {}))
    heard = threading.Event()

    def serve(connection: Accepted) -> None:
        asked(connection)
        connection.send(sized(b"", more=1 << 22))
        for _ in range(3):
            connection.send(b"x" * 1000)
            heard.wait(LONG)
            heard.clear()
        connection.hush()

    with serving(serve, context) as url, opened(url, way) as connection:
        connection.get(url, {}, LONG)
        for _ in range(3):
            view, came = memoryview(bytearray(1 << 20)), 0
            while came < 1000:
                came += connection.readinto(view, LONG)
            assert came == 1000
            heard.set()


@pytest.mark.parametrize("answer", [sized(b"", more=9), CHUNKED, b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_reader_is_woken_from_another_thread(secure: Secure, answer: bytes) -> None:
    with answered(answer, "hush", *secure) as (connection, _):
        woken = _reads_until_it_fails(connection)
        connection.abort()
        woken.thread.join(LONG)
        assert not woken.thread.is_alive()
        assert isinstance(woken.error, Unreachable)
        assert "cut off here" in str(woken.error)
        assert not connection.reusable


def test_one_who_waits_for_a_head_is_woken_too(secure: Secure) -> None:
    context, ca = secure
    way = road(**({"SSL_CERT_FILE": str(ca)} if ca else {}))
    came = threading.Event()

    def serve(connection: Accepted) -> None:
        asked(connection)
        came.set()
        connection.hush()

    with serving(serve, context) as url, opened(url, way) as connection:
        woken = _Reader(lambda: connection.get(url, {}, LONG))
        came.wait(LONG)
        connection.abort()
        woken.thread.join(LONG)
        assert isinstance(woken.error, Unreachable)


def test_aborting_what_is_closed_or_idle_is_no_error() -> None:
    with answered(sized(b"hi")) as (connection, _):
        read(connection)
        connection.abort()
        assert not connection.reusable
        connection.close()
        connection.abort()
        connection.close()


class _Reader:
    def __init__(self, act: object) -> None:
        self.error: BaseException | None = None
        self._act = act
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        assert callable(self._act)
        try:
            self._act()
        except BaseException as error:
            self.error = error


def _reads_until_it_fails(connection: Connection) -> _Reader:
    view = memoryview(bytearray(1 << 20))
    return _Reader(lambda: connection.readinto(view, LONG))


# --- one connection, many requests -------------------------------------------------------------------


def test_a_connection_serves_many_requests(secure: Secure) -> None:
    context, ca = secure
    way = road(**({"SSL_CERT_FILE": str(ca)} if ca else {}))
    answers = [sized(b"one"), CHUNKED + chunks(b"two", 2) + b"0\r\n\r\n", sized(b""), sized(BYTES)]
    with serving(saying(*answers), context) as url, opened(url, way) as connection:
        for expected in (b"one", b"two", b"", BYTES):
            assert connection.get(url, {}, LONG).status == 200
            assert read(connection) == expected
            assert connection.reusable


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_kept_connection_that_was_closed_is_told_from_a_failure(
    secure: Secure, then: str
) -> None:
    context, ca = secure
    way = road(**({"SSL_CERT_FILE": str(ca)} if ca else {}))
    with serving(saying(sized(b"one"), then=then), context) as url, opened(url, way) as connection:
        connection.get(url, {}, LONG)
        assert read(connection) == b"one"
        with pytest.raises(Stale) as raised:
            connection.get(url, {}, LONG)
        assert raised.value.code == "HUB200"
        assert not connection.reusable


def test_an_end_after_a_request_on_a_kept_connection_is_told_from_a_failure() -> None:
    """The other side closed just as we asked."""

    def serve(connection: Accepted) -> None:
        asked(connection)
        connection.send(sized(b"one"))
        asked(connection)

    with serving(serve) as url, opened(url) as connection:
        connection.get(url, {}, LONG)
        read(connection)
        with pytest.raises(Stale):
            connection.get(url, {}, LONG)


def test_what_nobody_asked_for_makes_a_kept_connection_useless() -> None:
    go, said = threading.Event(), threading.Event()

    def serve(connection: Accepted) -> None:
        asked(connection)
        connection.send(sized(b"one"))
        go.wait(LONG)
        connection.send(sized(b"another's"))
        said.set()
        connection.hush()

    with serving(serve) as url, opened(url) as connection:
        connection.get(url, {}, LONG)
        assert read(connection) == b"one"
        go.set()
        assert said.wait(LONG)
        with pytest.raises(Stale):
            connection.get(url, {}, LONG)


def test_a_body_that_was_not_read_whole_forbids_the_next_request() -> None:
    with (
        answered(sized(b"one")) as (connection, _),
        pytest.raises(ValueError, match="cannot be used"),
    ):
        connection.get("http://127.0.0.1/", {}, LONG)
