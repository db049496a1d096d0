"""Patience with a bad line, and manners towards a host: waits kept, retries spaced, addresses renewed.

No test measures how fast something was: a wait is proved by the earliest moment of the next request.
"""

from __future__ import annotations

import itertools
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from qtune.core.download import patience
from qtune.core.download.events import Dropped, Finished, Retried, Status, Waiting
from qtune.core.errors import QtuneError
from tests.core.download.downloading import Told, contents, expected, get
from tests.core.download.segments import (
    HF_ALONE,
    MIB,
    ONE_BY_ONE,
    answers,
    model,
    sent,
    weights,
)
from tests.hub import Fault, Hub, Repo, Request

REPO = model()
SIZE = weights(REPO)
SMALL = Repo("o/small", {f"{n}.json": b"%d" % n for n in range(24)})


def _served(hub: Hub, home: Path, repo: Repo = REPO, **changes: str) -> Told:
    told = Told()
    found = get(hub, home, repo.id, told, **(changes or HF_ALONE))
    assert contents(found.path) == expected(repo)
    return told


def _gaps(requests: list[Request]) -> list[float]:
    """Seconds between one request and the next, as the host saw them."""
    return [after.at - before.at for before, after in itertools.pairwise(requests)]


# Waiting when asked to.


@pytest.mark.parametrize("form", ["seconds", "date", "ratelimit"])
@pytest.mark.parametrize("origin", ["hf", "cdn"])
def test_a_wait_is_kept_in_whatever_form_it_is_asked_for(
    tmp_path: Path, origin: str, form: str
) -> None:
    headers = {
        "seconds": {"Retry-After": "1"},
        "date": {"Retry-After": formatdate(time.time() + 2, usegmt=True)},
        "ratelimit": {
            "RateLimit": '"resolvers";r=0;t=1',
            "RateLimit-Policy": '"resolvers";q=9;w=9',
        },
    }[form]
    path = "*/resolve/*" if origin == "hf" else "*"
    with Hub([REPO]) as hub:
        hub.fault(Fault("status", origin, path, "GET", status=429, headers=headers, times=1))
        told = _served(hub, tmp_path, **ONE_BY_ONE)
        refused, *later = hub.seen(origin, path, "GET")
        assert refused.status == 429
        asked = told.of(Waiting)[0]
        assert (asked.source, asked.status) == ("huggingface", 429)
        assert later[0].at - refused.at >= min(asked.seconds, 1.0) * 0.95
        assert told.of(Dropped) == []


def test_a_503_that_asks_to_wait_is_waited_for(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        fault = Fault("status", "cdn", status=503, headers={"Retry-After": "1"}, times=1)
        hub.fault(fault)
        told = _served(hub, tmp_path, **ONE_BY_ONE)
        first, second = hub.seen("cdn")[:2]
        assert second.at - first.at >= 0.95
        assert told.of(Waiting)[0].status == 503


def test_the_wait_is_counted_down(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("status", "cdn", status=429, headers={"Retry-After": "2"}, times=1))
        told = _served(hub, tmp_path, **ONE_BY_ONE)
    left = [
        source.waits_s
        for status in told.of(Status)
        for source in status.sources
        if source.waits_s is not None
    ]
    assert len(left) >= 2
    assert left == sorted(left, reverse=True)
    assert 0 <= left[-1] < left[0] <= 2.5


def test_while_a_host_wants_quiet_no_connection_asks_it(tmp_path: Path) -> None:
    """Many connections, and one of them is told: all rest."""
    with Hub([SMALL]) as hub:
        quota = {"kind": "quota", "origin": "hf", "path": "*/resolve/*"}
        hub.fault(Fault(**quota, after=8, seconds=1.0))  # type: ignore[arg-type]
        told = _served(hub, tmp_path, SMALL, **HF_ALONE, QTUNE_CONNECTIONS="4")
        counts = answers(hub, "hf", "*/resolve/*")
        assert counts[307] == len(SMALL.files)
        # Each of three windows may end with a refusal of every request that was on its way then.
        assert counts.get(429, 0) <= 3 * 4
        assert told.of(Waiting)
        assert told.of(Dropped) == []


def test_with_one_connection_a_quota_that_is_announced_is_never_overrun(tmp_path: Path) -> None:
    """RateLimit says on a good answer that nothing is left: the next request waits by itself."""
    repo = Repo("o/few", dict(list(SMALL.files.items())[:9]))
    with Hub([repo]) as hub:
        hub.fault(Fault("quota", "hf", "*/resolve/*", after=4, seconds=1.0))
        _served(hub, tmp_path, repo, **ONE_BY_ONE)
        assert answers(hub, "hf", "*/resolve/*") == {307: 9}


def test_nothing_left_on_a_good_answer_is_a_wait(tmp_path: Path) -> None:
    limits = {"RateLimit": '"resolvers";r=0;t=1', "RateLimit-Policy": '"resolvers";q=5;w=300'}
    with Hub([SMALL]) as hub:
        hub.fault(Fault("headers", "hf", "*/resolve/*", headers=limits, times=1))
        told = _served(hub, tmp_path, SMALL, **ONE_BY_ONE)
        asked = hub.seen("hf", "*/resolve/*", "GET")
        assert asked[1].at - asked[0].at >= 0.95
        assert told.of(Waiting)


def test_plenty_left_is_no_wait(tmp_path: Path) -> None:
    with Hub([SMALL]) as hub:  # its answers always carry a RateLimit
        told = _served(hub, tmp_path, SMALL, **HF_ALONE)
        assert told.of(Waiting) == []


def test_another_source_does_not_wait_along(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("status", "cdn", status=429, headers={"Retry-After": "30"}))
        told = _served(hub, tmp_path, QTUNE_SOURCES="huggingface,modelscope")
        assert sent(hub, "ms-cdn") >= SIZE
        assert len(hub.seen("cdn")) <= 64  # those on their way when it was told, and none again
        assert told.of(Finished)


# Trying again.


def test_retries_are_spaced_further_and_further_with_jitter(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("status", "cdn", status=500, times=4))
        told = _served(hub, tmp_path, **ONE_BY_ONE)
        gaps = _gaps(hub.seen("cdn")[:5])
        least = [0.5 * min(0.05, 0.005 * 2**n) for n in range(1, 5)]
        assert all(gap >= wait * 0.9 for gap, wait in zip(gaps, least, strict=True))
        assert len(told.of(Retried)) == 4
        assert told.of(Finished)[-1].retries == 4


def test_the_pauses_grow_to_a_limit_and_no_two_runs_have_the_same() -> None:
    limits = (patience.FIRST_BACKOFF_S, patience.LONGEST_BACKOFF_S)
    many = [[patience.back_off_s(n) for _ in range(50)] for n in range(1, 12)]
    assert all(len(set(each)) > 40 for each in many)
    assert all(limits[0] <= pause <= limits[1] for each in many for pause in each)
    assert max(many[0]) < max(many[2]) < limits[1] + 1e-9
    assert min(many[-1]) >= limits[1] / 2


def test_a_line_that_breaks_often_is_never_given_up_while_it_brings_something(
    tmp_path: Path,
) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("cut", "cdn", method="GET", after=300_000))
        told = _served(hub, tmp_path, **HF_ALONE, QTUNE_CONNECTIONS="2")
        assert len(hub.seen("cdn", method="GET")) >= SIZE // 300_000
        assert told.of(Dropped) == []
        assert sent(hub, "cdn") <= SIZE * 1.05


# A line that is slow, a connection that hangs.


def test_there_is_no_total_deadline(tmp_path: Path) -> None:
    """Three times the download timeout, which is of one silence and not of a file."""
    repo = model(3)
    with Hub([repo]) as hub:
        hub.fault(Fault("paced", "cdn", bytes_per_second=MIB))
        changes = {**HF_ALONE, "HF_HUB_DOWNLOAD_TIMEOUT": "1", "QTUNE_CONNECTIONS": "4"}
        told = _served(hub, tmp_path, repo, **changes)
        assert told.of(Dropped) == []


@pytest.mark.parametrize("after", [0, 100_000])
def test_one_silent_connection_holds_up_none_of_the_others(tmp_path: Path, after: int) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("stall", "cdn", method="GET", after=after, skip=2, times=1))
        _served(hub, tmp_path, **HF_ALONE, HF_HUB_DOWNLOAD_TIMEOUT="2")
        assert sent(hub, "cdn") <= SIZE + 2 * MIB


def test_a_connection_that_trickles_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """At 100 B/s its first piece alone would take hours: somebody else must fetch it."""
    with Hub([REPO]) as hub:
        hub.fault(Fault("slow", "cdn", method="GET", bytes_per_second=100, skip=1, times=1))
        told = _served(hub, tmp_path, **HF_ALONE)
        assert told.of(Dropped) == []
        assert sent(hub, "cdn") <= SIZE * 1.2


def test_when_all_connections_fall_silent_it_ends_with_what_to_do(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("stall", "cdn", method="GET", after=0))
        with pytest.raises(QtuneError) as caught:
            get(hub, tmp_path, REPO.id, **HF_ALONE, HF_HUB_DOWNLOAD_TIMEOUT="1")
        assert caught.value.code in ("DWN009", "HUB200")
        assert caught.value.fix is not None


def test_a_storage_whose_name_leads_nowhere_is_left_for_the_other_hub(tmp_path: Path) -> None:
    with Hub([REPO], public_urls={"cdn": "http://storage.invalid"}) as hub:
        told = _served(hub, tmp_path, USE_MODELSCOPE="False")
        assert [event.source for event in told.of(Dropped)] == ["huggingface"]


# Signed addresses.


@pytest.mark.parametrize("cuts", [False, True], ids=["goes-on", "is-cut"])
def test_addresses_that_run_out_in_the_middle_cost_no_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: bool
) -> None:
    if not cuts:
        monkeypatch.setattr("qtune.core.download.patience.MOST_FAILURES", 0)
    with Hub([REPO], expiry_cuts=cuts) as hub:
        hub.fault(Fault("paced", "cdn", bytes_per_second=8 * MIB))

        class Expiring(Told):
            def __call__(self, event: object) -> None:
                if isinstance(event, Status) and event.done > self.next:
                    self.next += 3 * MIB
                    hub.expire()

            next = 2 * MIB

        told = Expiring()
        found = get(hub, tmp_path, REPO.id, told, QTUNE_CONNECTIONS="3", **HF_ALONE)
        assert contents(found.path) == expected(REPO)
        assert len(hub.signatures) > 1
        assert sent(hub, "cdn") <= SIZE * 1.1


def test_addresses_are_renewed_before_they_run_out(tmp_path: Path) -> None:
    with Hub([REPO], url_lifetime=4) as hub:
        hub.fault(Fault("paced", "cdn", bytes_per_second=3 * MIB))
        told = _served(hub, tmp_path, **HF_ALONE, QTUNE_CONNECTIONS="2")
        used = {r.query["X-Amz-Signature"] for r in hub.seen("cdn", method="GET")}
        assert len(used) > 1
        assert told.of(Retried) == []


def test_one_address_serves_all_connections_as_long_as_it_holds(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("paced", "cdn", bytes_per_second=8 * MIB))
        _served(hub, tmp_path, **HF_ALONE)
        # At most one for each connection that began before the first answer was there.
        assert len(hub.signatures) <= 8 < len(hub.seen("cdn", method="GET"))


# A host that does not let parts be fetched side by side.


@pytest.mark.parametrize("per", ["file", "address"])
def test_where_parallel_ranges_are_refused_one_connection_serves_each_file(
    tmp_path: Path, per: str
) -> None:
    repo = model(12, shards=3)
    with Hub([repo]) as hub:
        hub.fault(Fault("alone", "cdn", per=per))  # type: ignore[arg-type]
        hub.fault(Fault("slow", "cdn", bytes_per_second=8 * MIB))
        told = _served(hub, tmp_path, repo, **HF_ALONE)
        assert told.of(Dropped) == []
        counts = answers(hub, "cdn")
        # It learns: refusals are far fewer than the parts that come.
        assert counts.get(403, 0) <= 40, counts
        assert sent(hub, "cdn") <= weights(repo) * 1.1


def test_a_403_for_every_address_is_still_an_error(tmp_path: Path) -> None:
    with Hub([REPO], url_lifetime=-5) as hub:
        with pytest.raises(QtuneError) as caught:
            get(hub, tmp_path, REPO.id, **HF_ALONE)
        assert caught.value.code == "HUB201"
        assert len(hub.seen("cdn")) <= 100


# Connections that are not kept.


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_a_kept_connection_that_the_host_closes_costs_no_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("qtune.core.download.patience.MOST_FAILURES", 0)
    with Hub([SMALL]) as hub:
        hub.fault(Fault("dropped", "hf", seconds=seconds))
        told = _served(hub, tmp_path, SMALL, **HF_ALONE)
        assert told.of(Retried) == []


@pytest.mark.parametrize("kind", ["not-kept", "http-1.0"])
def test_a_host_that_keeps_no_connection_serves_all_the_same(tmp_path: Path, kind: str) -> None:
    with Hub([SMALL]) as hub:
        hub.fault(Fault(kind, "hf"))
        told = _served(hub, tmp_path, SMALL, **HF_ALONE)
        assert told.of(Retried) == []
