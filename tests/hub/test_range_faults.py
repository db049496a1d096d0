"""What goes wrong with parts of files: refused side by side, of another file, too long, a lie, run out."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.hub import Fault, Hub, worlds
from tests.hub.fetch import Fetched, fetch
from tests.hub.worlds import QWEN

SHARD = "model-00001-of-00002.safetensors"
OTHER = "model-00002-of-00002.safetensors"


def address(hub: Hub, name: str = SHARD) -> str:
    return fetch(f"{hub.hf_url}/{QWEN}/resolve/main/{name}", "HEAD").headers["location"]


def data(hub: Hub, name: str = SHARD) -> bytes:
    return hub.world.repos[0].files[name]


def part(url: str, first: int, last: int) -> Fetched:
    return fetch(url, headers={"Range": f"bytes={first}-{last}"})


@contextmanager
def under_way(url: str, hub: Hub) -> Iterator[http.client.HTTPResponse]:
    """A body whose first byte has come and whose end never does, until the block ends."""
    fault = hub.fault(Fault("stall", "cdn", after=1, times=1))
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("localhost", parts.port, timeout=5)
    try:
        target = f"{parts.path}?{parts.query}"
        connection.request("GET", target, headers={"Range": "bytes=0-999"})
        with connection.getresponse() as response:
            assert response.read(1)
            yield response
    finally:
        connection.close()
        hub.lift(fault)


def wait_until_alone(hub: Hub, url: str) -> None:
    """The server notices a moment later that a client has gone."""
    for _ in range(500):
        if part(url, 0, 9).status == 206:
            return
        hub.wait_for(lambda _: False, timeout=0.01)
    raise AssertionError("still refused")


def test_every_address_is_another_one(hub: Hub) -> None:
    assert address(hub) != address(hub)
    assert len(set(hub.signatures)) == len(hub.signatures) == 2


def test_alone_refuses_a_range_while_another_of_the_same_file_is_under_way(hub: Hub) -> None:
    hub.fault(Fault("alone", "cdn"))
    url, again, other = address(hub), address(hub), address(hub, OTHER)
    assert [part(url, n, n + 9).status for n in (0, 10, 20)] == [206, 206, 206]
    with under_way(url, hub):
        assert part(url, 0, 9).status == 403
        assert part(again, 0, 9).status == 403
        assert part(other, 0, 9).body == data(hub, OTHER)[:10]
        assert fetch(url, "HEAD").status == 200
        assert fetch(url).status == 200  # only ranges are refused
    wait_until_alone(hub, again)


def test_alone_may_be_of_an_address_so_that_another_one_helps(hub: Hub) -> None:
    hub.fault(Fault("alone", "cdn", per="address"))
    url, again = address(hub), address(hub)
    with under_way(url, hub):
        assert part(url, 0, 9).status == 403
        assert part(again, 0, 9).status == 206


def test_whoever_has_read_a_part_to_its_end_may_ask_for_the_next_one(hub: Hub) -> None:
    hub.fault(Fault("alone", "cdn"))
    url = address(hub)
    assert {part(url, n, n + 99).status for n in range(100)} == {206}


def test_wrong_total_is_the_part_of_another_file(hub: Hub) -> None:
    url = address(hub)
    hub.fault(Fault("wrong-total", "cdn", after=7))
    answer = part(url, 5, 9)
    assert (answer.status, answer.body) == (206, data(hub)[5:10])
    assert answer.headers["content-range"] == f"bytes 5-9/{len(data(hub)) + 7}"


@pytest.mark.parametrize(
    ("kind", "after", "first", "last"), [("more", 20, 5, 29), ("fewer", 3, 5, 7)]
)
def test_another_part_than_asked_for(
    hub: Hub, kind: str, after: int, first: int, last: int
) -> None:
    url = address(hub)
    hub.fault(Fault(kind, "cdn", after=after))
    answer = part(url, 5, 9)
    assert (answer.status, answer.body) == (206, data(hub)[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(data(hub))}"


def test_surplus_sends_more_than_its_range_says(hub: Hub) -> None:
    url = address(hub)
    hub.fault(Fault("surplus", "cdn", after=4))
    answer = part(url, 5, 9)
    assert answer.body == data(hub)[5:10] + bytes(4)
    assert answer.headers["content-length"] == "9"
    assert answer.headers["content-range"].startswith("bytes 5-9/")


def test_outside_of_the_file_is_416(hub: Hub) -> None:
    size = len(data(hub))
    answer = part(address(hub), size, size + 10)
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_lie_is_wrong_at_the_same_places_in_whatever_part(hub: Hub) -> None:
    url, true = address(hub), data(hub)
    hub.fault(Fault("lie", "cdn", offsets=(7, 5000)))

    def wrong(body: bytes, start: int) -> list[int]:
        return [start + n for n, byte in enumerate(body) if byte != true[start + n]]

    assert wrong(fetch(url).body, 0) == [7, 5000]
    assert wrong(part(url, 5, 14).body, 5) == [7]
    assert wrong(part(url, 4990, 5010).body, 4990) == [5000]
    assert wrong(part(url, 8, 4999).body, 8) == []


def test_a_lie_is_told_by_one_origin_only(hub: Hub) -> None:
    hub.fault(Fault("lie", "cdn", offsets=(7,)))
    path = f"{hub.ms_url}/api/v1/models/{QWEN}/repo?Revision=master&FilePath={SHARD}"
    assert fetch(fetch(path).headers["location"]).body == data(hub)


def test_addresses_may_all_end_at_once(hub: Hub) -> None:
    old = address(hub)
    hub.expire()
    assert fetch(old).status == 403
    assert b"Request has expired" in fetch(old).body
    assert fetch(address(hub)).status == 200


@pytest.mark.parametrize("cuts", [False, True])
def test_the_end_of_an_address_in_the_middle_of_a_body(cuts: bool) -> None:
    with Hub([worlds.qwen3()], expiry_cuts=cuts) as hub:
        url = address(hub)
        hub.fault(Fault("slow", "cdn", bytes_per_second=len(data(hub))))
        outcome: list[bytes | BaseException] = []

        def whole() -> None:
            try:
                outcome.append(fetch(url).body)
            except http.client.IncompleteRead as error:
                outcome.append(error)

        thread = threading.Thread(target=whole)
        thread.start()
        assert hub.wait_for(lambda seen: any(r.body_bytes_sent for r in seen))
        hub.expire()
        thread.join()
        if cuts:
            assert isinstance(outcome[0], http.client.IncompleteRead)
            assert 0 < hub.seen("cdn")[0].body_bytes_sent < len(data(hub))
        else:
            assert outcome == [data(hub)]
        assert fetch(url).status == 403
