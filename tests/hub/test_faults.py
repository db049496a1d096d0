"""Every fault does on the socket what its name says, to whom it should, as often as it should."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from tests.hub import Fault, Hub, worlds
from tests.hub.fetch import Fetched, fetch
from tests.hub.worlds import QWEN

SHARD = "model-00001-of-00002.safetensors"
MODEL = f"/api/models/{QWEN}"


def shard_url(hub: Hub) -> str:
    return fetch(f"{hub.hf_url}/{QWEN}/resolve/main/{SHARD}", "HEAD").headers["location"]


def shard(hub: Hub) -> bytes:
    return hub.world.repos[0].files[SHARD]


def info(hub: Hub, timeout: float = 5.0) -> Fetched:
    return fetch(hub.hf_url + MODEL, timeout=timeout)


def test_refused_closes_the_port_and_lifting_opens_the_same_one(hub: Hub) -> None:
    port = urlsplit(hub.hf_url).port
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    kept.request("GET", MODEL)
    kept.getresponse().read()
    fault = hub.fault(Fault("refused", "hf"))
    with pytest.raises(ConnectionRefusedError):
        info(hub)
    with pytest.raises((OSError, http.client.HTTPException)):
        kept.request("GET", MODEL)
        kept.getresponse()
    kept.close()
    assert fetch(f"{hub.ms_url}/").status == 200
    hub.lift(fault)
    assert info(hub).status == 200


def test_silent_reads_the_request_and_never_answers(hub: Hub) -> None:
    hub.fault(Fault("silent", "hf", "/api/models/*"))
    with pytest.raises(TimeoutError):
        info(hub, timeout=0.3)
    assert len(hub.seen("hf", MODEL)) == 1
    assert hub.seen("hf", MODEL)[0].status is None
    assert fetch(f"{hub.hf_url}/").status == 200
    hub.heal()
    assert info(hub).status == 200


def test_deaf_accepts_and_hangs_before_any_request(hub: Hub) -> None:
    hub.fault(Fault("deaf", "hf"))
    with pytest.raises(TimeoutError):
        info(hub, timeout=0.3)
    assert hub.requests == []


def test_hangup_resets_a_connection_right_away(hub: Hub) -> None:
    hub.fault(Fault("hangup", "hf", times=1))
    port = urlsplit(hub.hf_url).port
    with (
        pytest.raises(ConnectionResetError),  # which may come while the connection is being made
        socket.create_connection(("127.0.0.1", port), timeout=5) as sock,
    ):
        sock.recv(1)
    assert info(hub).status == 200


def test_reset_kills_the_connection_after_the_request(hub: Hub) -> None:
    hub.fault(Fault("reset", "hf"))
    with pytest.raises(ConnectionResetError):
        info(hub)
    assert len(hub.requests) == 1


def test_status_answers_with_the_code_the_headers_and_only_as_often_as_asked(hub: Hub) -> None:
    limits = {"Retry-After": "7", "RateLimit": '"api";r=0;t=7'}
    hub.fault(Fault("status", "hf", "/api/*", status=429, headers=limits, times=2, skip=1))
    answers = [info(hub) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 429, 429, 200]
    assert (answers[1].headers["retry-after"], answers[1].headers["ratelimit"]) == (
        "7",
        '"api";r=0;t=7',
    )


def test_html_stands_in_for_json_like_a_captive_portal(hub: Hub) -> None:
    hub.fault(Fault("html", "hf"))
    answer = info(hub)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert b"Sign in" in answer.body
    assert "x-request-id" not in answer.headers


def test_redirect_goes_to_itself_or_where_it_is_told(hub: Hub) -> None:
    loop = hub.fault(Fault("redirect", "hf", "/api/models/*"))
    answer = info(hub)
    assert (answer.status, answer.headers["location"]) == (302, MODEL)
    hub.lift(loop)
    hub.fault(Fault("redirect", "hf", status=308, location="http://localhost:9/x"))
    answer = info(hub)
    assert (answer.status, answer.headers["location"]) == (308, "http://localhost:9/x")


def test_no_range_sends_the_whole_file(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("no-range", "cdn"))
    answer = fetch(url, headers={"Range": "bytes=5-9"})
    assert (answer.status, answer.body) == (200, shard(hub))
    assert "accept-ranges" not in answer.headers


def test_wrong_range_lies_about_where_the_bytes_are_from(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("wrong-range", "cdn"))
    answer = fetch(url, headers={"Range": "bytes=5-9"})
    assert (answer.status, answer.body) == (206, shard(hub)[5:10])
    assert answer.headers["content-range"] == f"bytes 6-10/{len(shard(hub))}"


def test_wrong_length_announces_more_than_it_sends(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("wrong-length", "cdn", after=1))
    with pytest.raises(http.client.IncompleteRead) as caught:
        fetch(url)
    assert caught.value.partial == shard(hub)
    assert caught.value.expected == 1


def test_truncated_is_short_and_says_it_is_whole(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("truncated", "cdn", after=1000))
    answer = fetch(url)
    assert (answer.status, answer.body) == (200, shard(hub)[:1000])
    assert answer.headers["content-length"] == "1000"


def test_corrupt_changes_one_byte_and_no_length(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("corrupt", "cdn", after=5000))
    body = fetch(url).body
    assert len(body) == len(shard(hub))
    assert [at for at in range(len(body)) if body[at] != shard(hub)[at]] == [5000]


def test_gzip_compresses_what_nobody_asked_for(hub: Hub) -> None:
    hub.fault(Fault("gzip", "cdn"))
    answer = fetch(shard_url(hub), headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == shard(hub)


def test_stripped_drops_the_headers_it_names(hub: Hub) -> None:
    hub.fault(Fault("stripped", "hf", "*/resolve/*", headers={"X-Repo-Commit": "", "etag": ""}))
    headers = fetch(f"{hub.hf_url}/{QWEN}/resolve/main/config.json", "HEAD").headers
    assert "x-repo-commit" not in headers
    assert "etag" not in headers
    assert "location" in headers


def test_foreign_next_sends_the_reader_of_a_listing_elsewhere() -> None:
    with Hub(worlds.demo().repos, page_size=2) as hub:
        hub.fault(Fault("foreign-next", "hf", location="http://localhost:9/next"))
        answer = fetch(f"{hub.hf_url}{MODEL}/tree/main")
        assert answer.headers["link"] == '<http://localhost:9/next>; rel="next"'


def test_latency_delays_the_first_byte(hub: Hub) -> None:
    hub.fault(Fault("latency", "hf", seconds=0.3))
    started = time.monotonic()
    assert info(hub).status == 200
    assert time.monotonic() - started >= 0.3


def test_slow_is_per_connection_so_that_several_are_faster(hub: Hub) -> None:
    url, size = shard_url(hub), len(shard(hub))
    hub.fault(Fault("slow", "cdn", bytes_per_second=size * 2))
    started = time.monotonic()
    assert fetch(url).body == shard(hub)
    alone = time.monotonic() - started
    assert alone >= 0.45
    step = -(-size // 4)
    parts = [f"bytes={start}-{start + step - 1}" for start in range(0, size, step)]
    bodies: dict[str, bytes] = {}

    def part(wanted: str) -> None:
        bodies[wanted] = fetch(url, headers={"Range": wanted}).body

    started = time.monotonic()
    threads = [threading.Thread(target=part, args=(wanted,)) for wanted in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = time.monotonic() - started
    assert b"".join(bodies[wanted] for wanted in parts) == shard(hub)
    assert together < alone * 0.7


def test_stall_sends_some_and_then_nothing(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("stall", "cdn", after=1000))
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("localhost", parts.port, timeout=0.3)
    connection.request("GET", f"{parts.path}?{parts.query}")
    response = connection.getresponse()
    assert response.read(1000) == shard(hub)[:1000]
    with pytest.raises(TimeoutError):
        response.read(1)
    response.close()
    connection.close()
    assert hub.seen("cdn")[-1].body_bytes_sent == 1000


@pytest.mark.parametrize(
    ("kind", "error"), [("cut", http.client.IncompleteRead), ("cut-reset", ConnectionResetError)]
)
def test_cut_ends_in_the_middle_of_the_body(hub: Hub, kind: str, error: type[Exception]) -> None:
    url = shard_url(hub)
    hub.fault(Fault(kind, "cdn", after=150_000, times=1))
    with pytest.raises(error):
        fetch(url)
    assert hub.seen("cdn")[0].body_bytes_sent == 150_000
    assert fetch(url).body == shard(hub)


def test_faults_add_up(hub: Hub) -> None:
    url = shard_url(hub)
    hub.fault(Fault("latency", "cdn", seconds=0.2))
    hub.fault(Fault("no-range", "cdn"))
    hub.fault(Fault("corrupt", "cdn"))
    started = time.monotonic()
    answer = fetch(url, headers={"Range": "bytes=0-9"})
    assert answer.status == 200
    assert answer.body != shard(hub)
    assert time.monotonic() - started >= 0.2


def test_a_fault_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="needs status"):
        Fault("status")
    with pytest.raises(ValueError, match="whole origin"):
        Fault("refused", "hf", "/api/*")
    with pytest.raises(ValueError, match="until it is lifted"):
        Fault("refused", "hf", times=1)
    with pytest.raises(ValueError, match="not a valid Kind"):
        Fault("broken")
    with pytest.raises(ValueError, match="needs after"):
        Fault("dies")
    with pytest.raises(ValueError, match="needs offsets"):
        Fault("lie")
