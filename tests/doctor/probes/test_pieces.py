"""The small parts of the road on their own: hostile certificates, heads and orders of addresses."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest

from qtune.core.wire.dialling import kind_of
from qtune.core.wire.head import NotHttp, read_head
from qtune.core.wire.streams import Deadline, Ended, Plain
from qtune.doctor.probes import certificate
from qtune.doctor.probes.dialling import dial, is_local_name, is_sinkhole
from tests.hub.tls import make_identity


def within(seconds: float) -> Deadline:
    return Deadline(time.monotonic() + seconds, seconds)


def der(folder: Path) -> bytes:
    make_identity(folder)
    pem = (folder / "chain.pem").read_text()
    first = pem[pem.index("-----BEGIN CERTIFICATE") :].partition("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(first[0] + first[1])


def test_the_issuer_is_read_from_the_certificate_alone(tmp_path: Path) -> None:
    assert certificate.issuer(der(tmp_path)) == "qtune test authority"


def test_a_broken_certificate_has_no_issuer(tmp_path: Path) -> None:
    whole = der(tmp_path)
    for end in range(0, len(whole), 7):
        assert certificate.issuer(whole[:end]) == ""
    for position in range(0, len(whole), 3):
        bent = bytearray(whole)
        bent[position] ^= 0xFF
        assert isinstance(certificate.issuer(bytes(bent)), str)
    assert certificate.issuer(b"\x30\x84\xff\xff\xff\xff") == ""
    assert certificate.issuer(b"\x30\x80\x00\x00") == ""


def heard(data: bytes) -> tuple[int, dict[str, str]]:
    one, other = socket.socketpair()
    with one, other:
        other.sendall(data)  # less than the system's buffer
        other.shutdown(socket.SHUT_WR)
        head = read_head(Plain(one), within(2))
        return head.status, dict(head.headers)


def test_a_head_is_read_whatever_its_newlines_and_interim_answers() -> None:
    assert heard(b"HTTP/1.1 204 No Content\nServer: x\n\n") == (204, {"server": "x"})
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"
    assert heard(interim) == (200, {"a": "b"})


@pytest.mark.parametrize("data", [b"HTTP/1.1 9", b"HTTP/1.1 abc\r\n\r\n", b"ICY 200 OK\r\n\r\n"])
def test_what_is_not_http(data: bytes) -> None:
    with pytest.raises(NotHttp):
        heard(data)


def test_an_end_without_an_answer_is_a_reset() -> None:
    with pytest.raises(ConnectionResetError):
        heard(b"")


def test_nothing_is_read_beyond_the_deadline() -> None:
    one, other = socket.socketpair()
    with one, other:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            read_head(Plain(one), within(0.2))
        assert time.monotonic() - started < 1
        with pytest.raises(TimeoutError):
            Deadline(time.monotonic() - 1, 1).left()


def test_a_dead_family_does_not_use_up_the_time_of_the_other() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        # 240.0.0.0/4 and the like: nobody is there, and the last address is good.
        dead = ["255.255.255.255"] * 5
        with dial([*dead, "127.0.0.1"], port, within(3)).sock as sock:
            assert sock.getpeername()[0] == "127.0.0.1"
    with pytest.raises(Ended) as ended:
        dial(["127.0.0.1"], port, within(1))
    assert ended.value.kind == "refused"


def test_which_names_may_mean_this_machine() -> None:
    assert is_local_name("localhost") and is_local_name("hub.localhost.")
    assert is_local_name("127.0.0.1") and is_local_name("::1")
    assert not is_local_name("huggingface.co")
    assert is_sinkhole("0.0.0.0") and is_sinkhole("::") and is_sinkhole("127.0.0.53")
    assert not is_sinkhole("198.18.0.7") and not is_sinkhole("10.1.2.3") and not is_sinkhole("x")


def test_an_error_of_another_kind_has_no_kind() -> None:
    assert kind_of(ValueError()) == ""
    assert kind_of(BrokenPipeError()) == "reset"
