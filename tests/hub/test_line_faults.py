"""What goes wrong with connections and hosts: pace, quotas, death, connections that are not kept."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from tests.hub import Fault, Hub
from tests.hub.fetch import fetch
from tests.hub.test_range_faults import address, data, part
from tests.hub.worlds import QWEN

MODEL = f"/api/models/{QWEN}"


def kept(hub: Hub) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", urlsplit(hub.hf_url).port, timeout=5)


def raw(url: str, request: str) -> bytes:
    """Everything that comes until the server closes."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sock:
        sock.sendall(request.encode())
        received = b""
        while block := sock.recv(65536):
            received += block
        return received


def test_a_pace_is_shared_by_all_that_it_hits(hub: Hub) -> None:
    url, size = address(hub), len(data(hub))
    hub.fault(Fault("paced", "cdn", bytes_per_second=size * 2))
    started = time.monotonic()
    step = -(-size // 4)
    threads = [
        threading.Thread(target=part, args=(url, start, start + step - 1))
        for start in range(0, size, step)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 0.35  # 0.5 s, less what may come at once


def test_one_connection_trickles_while_the_others_are_fast(hub: Hub) -> None:
    url = address(hub)
    hub.fault(Fault("slow", "cdn", bytes_per_second=100, skip=1, times=1))
    assert fetch(url).body == data(hub)
    slow = threading.Thread(target=part, args=(url, 0, 19))
    slow.start()
    assert hub.wait_for(lambda seen: len(seen) == 3)
    assert fetch(url).body == data(hub)
    assert slow.is_alive()
    slow.join()


def test_a_quota_is_told_before_it_is_enforced_and_renewed(hub: Hub) -> None:
    hub.fault(Fault("quota", "hf", "/api/*", after=2, seconds=1.0))
    answers = [fetch(hub.hf_url + MODEL) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    left = [answer.headers["ratelimit"] for answer in answers]
    assert left == [f'"resolvers";r={n};t=1' for n in (1, 0, 0)]
    assert answers[0].headers["ratelimit-policy"] == '"fixed window";"resolvers";q=2;w=1'
    assert answers[2].headers["retry-after"] == "1"
    assert fetch(f"{hub.hf_url}/").status == 200
    time.sleep(1.05)
    assert fetch(hub.hf_url + MODEL).status == 200


def test_nothing_left_can_be_said_on_an_answer_that_is_right(hub: Hub) -> None:
    limits = {"RateLimit": '"resolvers";r=0;t=9', "RateLimit-Policy": '"resolvers";q=5;w=300'}
    hub.fault(Fault("headers", "hf", "/api/*", headers=limits))
    answer = fetch(hub.hf_url + MODEL)
    assert (answer.status, answer.headers["ratelimit"]) == (200, limits["RateLimit"])


def test_it_dies_after_so_many_bytes_of_all_its_answers_and_stays_dead(hub: Hub) -> None:
    url = address(hub)
    fault = hub.fault(Fault("dies", "cdn", after=1000))
    assert part(url, 0, 599).status == 206
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        part(url, 0, 599)
    assert sum(r.body_bytes_sent for r in hub.seen("cdn")) == 1000
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            part(url, 0, 9)
    assert fetch(f"{hub.hf_url}/").status == 200
    hub.lift(fault)
    assert part(url, 0, 9).status == 206


def test_not_kept_says_so_and_closes(hub: Hub) -> None:
    hub.fault(Fault("not-kept", "hf"))
    answer = raw(hub.hf_url, f"GET {MODEL} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_dropped_says_that_it_keeps_the_connection_and_closes_it(hub: Hub, seconds: float) -> None:
    hub.fault(Fault("dropped", "hf", seconds=seconds))
    connection = kept(hub)
    connection.request("GET", MODEL)
    with connection.getresponse() as response:
        assert response.headers["connection"] == "keep-alive"
        response.read()
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_connection_is_dropped_only_while_it_is_idle(hub: Hub) -> None:
    hub.fault(Fault("dropped", "hf", seconds=5.0))
    connection = kept(hub)
    for _ in range(3):
        connection.request("GET", MODEL)
        assert connection.getresponse().read().startswith(b"{")
    connection.close()
    assert len({request.connection for request in hub.requests}) == 1


def test_http_1_0_is_an_old_server(hub: Hub) -> None:
    hub.fault(Fault("http-1.0", "hf"))
    answer = raw(hub.hf_url, f"GET {MODEL} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("kind", ["lengthless", "chunked"])
def test_the_length_may_be_unsaid(hub: Hub, kind: str) -> None:
    url = address(hub)
    hub.fault(Fault(kind, "cdn"))
    answer = fetch(url)
    assert answer.body == data(hub)
    assert "content-length" not in answer.headers
    assert ("transfer-encoding" in answer.headers) is (kind == "chunked")


def test_a_chunked_body_that_is_cut_is_known_to_be(hub: Hub) -> None:
    url = address(hub)
    hub.fault(Fault("chunked", "cdn"))
    hub.fault(Fault("cut", "cdn", after=1000))
    with pytest.raises(http.client.IncompleteRead):
        fetch(url)
    assert hub.seen("cdn")[-1].body_bytes_sent == 1000
