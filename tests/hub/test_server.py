"""No thread or socket outlives the block, whatever the connections were doing; input is untrusted."""

from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.hub import Fault, Hub, worlds
from tests.hub.fetch import fetch


def test_nothing_outlives_the_block() -> None:
    before = threading.active_count()
    world = worlds.demo()
    waiting: list[socket.socket] = []
    with Hub(world.repos) as hub:
        port = urlsplit(hub.hf_url).port
        for kind in ("idle", "deaf", "silent", "stall", "slow", "latency"):
            if kind != "idle":
                hub.fault(Fault(kind, "hf", times=1, seconds=3600, bytes_per_second=1))
            sock = socket.create_connection(("127.0.0.1", port), timeout=5)
            waiting.append(sock)
            if kind == "deaf":
                hub.wait_for(lambda requests: False, timeout=0.1)
            if kind != "idle":
                asked = len(hub.requests)
                sock.sendall(b"GET /api/models/Qwen/Qwen3-4B HTTP/1.1\r\nHost: x\r\n\r\n")
            if kind not in ("idle", "deaf"):
                assert hub.wait_for(lambda requests, n=asked: len(requests) > n, timeout=5)  # type: ignore[misc]
        assert threading.active_count() >= before + 10
    assert threading.active_count() == before
    for sock in waiting:
        sock.close()
    with pytest.raises(ConnectionRefusedError):
        fetch(hub.hf_url)


def test_a_hub_can_come_back_on_its_ports() -> None:
    with Hub() as first:
        urls = first.urls
    ports = {name: urlsplit(url).port or 0 for name, url in urls.items()}
    with Hub(ports=ports) as second:
        assert second.urls == urls
        with pytest.raises(OSError), Hub(ports=ports):
            raise AssertionError("two hubs cannot share a port")
        assert fetch(second.hf_url).status == 200


def test_an_error_in_the_block_closes_it_too() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), Hub() as hub:
        fetch(hub.hf_url)
        raise ZeroDivisionError
    assert threading.active_count() == before


def test_a_connection_is_kept_for_several_requests(hub: Hub) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(hub.hf_url).port, timeout=5)
    for _ in range(3):
        connection.request("GET", "/api/models/Qwen/Qwen3-4B")
        assert connection.getresponse().read().startswith(b"{")
    connection.close()
    assert len({request.connection for request in hub.requests}) == 1
    assert len(hub.requests) == 3


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x",
        b"",
    ],
    ids=["tls", "http/0.9", "length", "huge-body", "huge-head", "half", "nothing"],
)
def test_what_is_not_http_is_answered_with_400_or_the_end(hub: Hub, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(hub.hf_url).port or 0), timeout=5) as sock:
        answer = b""
        try:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            answer = sock.recv(65536)
        except ConnectionError:
            pass  # it may close before it has read everything
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert fetch(f"{hub.hf_url}/").status == 200


def test_a_chunked_body_is_read(hub: Hub) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(hub.ms_url).port, timeout=5)
    body = iter([b'{"AccessToken":', f'"{worlds.MODELSCOPE}"}}'.encode()])
    connection.request(
        "POST",
        "/api/v1/login",
        body=body,
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    with connection.getresponse() as response:
        assert response.status == 200
    connection.close()
    assert hub.carrying(worlds.MODELSCOPE) == {"ms"}


def test_a_secret_is_found_in_every_place_it_can_hide(hub: Hub) -> None:
    secret = "p@ss/word"
    fetch(f"{hub.hf_url}/?q=p%40ss%2Fword")
    fetch(f"{hub.ms_url}/", headers={"Cookie": f"a={secret}"})
    fetch(f"{hub.cdn_url}/", headers={"Authorization": "Basic dXNlcjpwQHNzL3dvcmQ="})
    fetch(f"{hub.cas_url}/", headers={"X-Other": "harmless"})
    assert hub.carrying(secret) == {"hf", "ms", "cdn"}
    with pytest.raises(ValueError, match="empty"):
        hub.carrying("")
