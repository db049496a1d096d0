"""A head is read whatever the server does to it, and nothing of the caller's breaks the request apart."""

from __future__ import annotations

import pytest

from qtune.core.errors import Unreachable
from tests.core.wire.wiring import LONG, answered, opened, read, saying, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def refused(answer: bytes, then: str = "hush") -> Unreachable:
    with pytest.raises(Unreachable) as raised, answered(answer, then):
        pass
    assert (raised.value.code, raised.value.stage) == ("HUB200", "http")
    assert raised.value.source == "somewhere"
    return raised.value


def test_what_is_asked_is_what_the_caller_said_and_no_token() -> None:
    heard: list[bytes] = []
    with serving(saying(OK, heard=heard)) as url, opened(url.replace("//", "//me:pw@")) as c:
        c.get(url + "#part", {"Range": "bytes=0-1", "User-Agent": "mine/1"}, LONG)
    first, *lines = heard[0].decode().split("\r\n")
    assert first == "GET /file?a=b HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in lines if line} == {
        *("host", "accept", "accept-encoding", "connection", "range", "user-agent")
    }
    assert {"Range: bytes=0-1", "User-Agent: mine/1", "accept-encoding: identity"} <= {*lines}
    assert f"host: {url.split('/')[2]}" in lines


def test_an_address_is_escaped_as_browsers_do_it() -> None:
    heard: list[bytes] = []
    with serving(saying(OK, heard=heard)) as url, opened(url) as connection:
        connection.get(url.replace("file", "a b/模型"), {}, LONG)
    assert heard[0].startswith(b"GET /a%20b/%E6%A8%A1%E5%9E%8B?a=b HTTP/1.1\r\n")


def test_a_whole_head_and_its_body() -> None:
    answer = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/9\r\nETag:  x \r\n" + OK[17:]
    with answered(answer) as (connection, head):
        assert head.status == 206
        assert head.headers == {
            "content-range": "bytes 0-1/9",
            "etag": "x",
            "content-length": "2",
        }
        assert (connection.left, connection.reusable) == (2, False)
        assert read(connection) == b"hi"
        assert (connection.left, connection.reusable) == (0, True)


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 99\r\n\r\nHTTP/1.1 102 x\r\n\r\n",
    ],
)
def test_interim_answers_are_left_out(before: bytes) -> None:
    with answered(before + OK) as (connection, head):
        assert head.status == 200
        assert read(connection) == b"hi"


def test_newlines_alone_and_folded_values() -> None:
    with answered(b"HTTP/1.1 200\nX: a\n  b\nNo colon here\nContent-Length: 2\n\nhi") as (c, head):
        assert head.headers == {"x": "a b", "content-length": "2"}
        assert read(c) == b"hi"


@pytest.mark.parametrize(
    "answer",
    [
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"<!DOCTYPE html>",
        b"\r\n\r\n" + OK,
    ],
)
def test_garbage_is_no_answer(answer: bytes) -> None:
    assert "not HTTP" in str(refused(answer))


def test_a_head_without_end_is_not_read_for_ever() -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000
    assert "no end" in str(refused(endless))
    assert "no end" in str(refused(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000))


def test_interim_answers_for_ever_end_with_the_time() -> None:
    with serving(saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)) as url, opened(url) as c:
        with pytest.raises(Unreachable) as raised:
            c.get(url, {}, 0.2)
        assert (raised.value.code, raised.value.stage) == ("HUB200", "timeout")
        assert not c.reusable


@pytest.mark.parametrize(
    "length",
    ["-1", "+2", "2x", "0x2", "1e3", "9" * 19, "", "2, 3", "２"],
)
def test_a_length_that_makes_no_sense(length: str) -> None:
    text = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhi"
    assert "length" in str(refused(text.encode()))


def test_contradicting_lengths_are_refused_and_equal_ones_are_one() -> None:
    two = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: %d\r\n\r\nhi"
    assert "length" in str(refused(two % 3))
    with answered(two % 2) as (connection, _):
        assert connection.left == 2
        assert read(connection) == b"hi"


def test_an_unknown_transfer_coding_is_refused() -> None:
    refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi", True),
        (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nhi", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", False),
    ],
)
def test_whether_the_connection_may_be_used_again(answer: bytes, reusable: bool) -> None:
    with answered(answer) as (connection, _):
        assert read(connection) == b"hi"
        assert connection.reusable is reusable


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body(status: int) -> None:
    with answered(b"HTTP/1.1 %d X\r\nContent-Length: 7\r\n\r\n" % status) as (connection, _):
        assert (connection.left, connection.reusable) == (0, True)
        assert read(connection) == b""


@pytest.mark.parametrize(("then", "words"), [("close", "hung up"), ("reset", "reset by peer")])
def test_no_answer_at_all(then: str, words: str) -> None:
    def serve_nothing(answer: bytes) -> str:
        return str(refused(answer, then))

    assert words in serve_nothing(b"")
    assert serve_nothing(b"HTTP/1.1 200 O")


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X": "a\0"}, {"X y": "b"}, {"": "b"}, {"X": "令牌"}],
)
def test_no_header_breaks_the_request_apart(headers: dict[str, str]) -> None:
    heard: list[bytes] = []
    with serving(saying(OK, heard=heard)) as url, opened(url) as connection:
        with pytest.raises(Unreachable) as raised:
            connection.get(url, {"Authorization": "Bearer hf_secretsecretsecret", **headers}, LONG)
        assert "secret" not in str(raised.value)
        connection.get(url, {}, LONG)
    assert len(heard) == 1


def test_another_origin_is_not_asked_over_this_connection() -> None:
    with (
        serving(saying(OK)) as url,
        opened(url) as connection,
        pytest.raises(ValueError, match="cannot be used"),
    ):
        connection.get(url.replace("127.0.0.1", "localhost"), {}, LONG)
