"""A source that asks to be left alone: once for all who asked before, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from qtune.core.download import patience
from qtune.core.download.engine.crew import Crew
from qtune.core.download.engine.outlet import Outlet, alike
from qtune.core.download.roster import Supplier
from qtune.core.errors import Refused
from qtune.core.hub.interface import RepoFile
from qtune.core.hub.open import open_hub
from qtune.core.settings import resolve
from tests.core.download.engine.making import HF


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def outlet() -> Iterator[Outlet]:
    with httpx.Client() as client:
        yield Outlet(Supplier(open_hub(HF, resolve(environ={}), client), "main"), Crew(64))


def test_a_volley_of_refusals_is_one(outlet: Outlet, clock: Clock) -> None:
    outlet.crew.count = 8
    asked = clock.now
    clock.now += 1
    assert outlet.asks_to_wait(429, 10.0, asked, True) == 10.0
    for _ in range(63):
        clock.now += 0.01
        assert outlet.asks_to_wait(429, 10.0, asked, True) is None
    assert outlet.waits == 1
    assert outlet.quiet_s() == pytest.approx(9.37)
    assert outlet.crew.count == 4


def test_an_answer_that_took_longer_than_the_wait_is_of_the_same_volley(
    outlet: Outlet, clock: Clock
) -> None:
    asked = clock.now
    clock.now += 1
    assert outlet.asks_to_wait(429, 1.0, asked, True) == 1.0
    clock.now += 5
    assert outlet.asks_to_wait(429, 1.0, asked, True) is None
    assert outlet.waits == 1


@pytest.mark.parametrize("alone", [True, False])
def test_a_volley_that_asks_for_no_time_at_all_is_one_and_is_given_some(
    outlet: Outlet, clock: Clock, alone: bool
) -> None:
    """`Retry-After: 0`, or a date that is past by this machine's clock."""
    asked = clock.now
    clock.now += 0.1
    told = [outlet.asks_to_wait(503, 0.0, asked, alone) for _ in range(64)]
    assert told[0] is not None and told[0] >= 1.0
    assert told[1:] == [None] * 63


@pytest.mark.parametrize(
    ("alone", "most"),
    [(True, patience.MOST_WAITS), (False, patience.MOST_WAITS_WITH_ANOTHER)],
)
def test_so_many_waits_without_a_byte_are_borne(
    outlet: Outlet, clock: Clock, alone: bool, most: int
) -> None:
    for _ in range(most):
        assert outlet.asks_to_wait(429, 2.0, clock.now, alone) == 2.0
        clock.now += 2.5
    with pytest.raises(Refused) as refused:
        outlet.asks_to_wait(429, 2.0, clock.now, alone)
    assert (refused.value.code, refused.value.status) == ("HUB208", 429)


def test_a_byte_makes_it_all_good(outlet: Outlet, clock: Clock) -> None:
    for _ in range(5 * patience.MOST_WAITS):
        assert outlet.asks_to_wait(429, 2.0, clock.now, False) == 2.0
        clock.now += 2.5
        outlet.note(1)


def test_a_wait_that_is_too_long_is_refused_at_once(outlet: Outlet, clock: Clock) -> None:
    assert outlet.asks_to_wait(429, patience.LONGEST_WAIT_S, clock.now, True) is not None
    clock.now += patience.LONGEST_WAIT_S + 1
    with pytest.raises(Refused):
        outlet.asks_to_wait(429, patience.LONGEST_WAIT_S + 1, clock.now, True)


def test_a_host_that_does_not_say_how_long_is_left_alone_longer_each_time(
    outlet: Outlet, clock: Clock
) -> None:
    waits = []
    for _ in range(patience.MOST_WAITS):
        seconds = outlet.asks_to_wait(429, None, clock.now, True)
        assert seconds is not None
        waits.append(seconds)
        clock.now += seconds + 0.1
    assert waits == sorted(waits) and waits[0] >= 1 and waits[-1] <= 60


def test_parts_at_once_are_refused_in_two_steps(outlet: Outlet) -> None:
    outlet.refuses_parts_at_once(own=0)
    assert outlet.own_addresses and not outlet.single
    outlet.refuses_parts_at_once(own=0)
    assert not outlet.single, "it had the address that all share: its own was never tried"
    outlet.refuses_parts_at_once(own=3)
    assert outlet.single and outlet.crew.count == 1


def test_who_sent_nothing_lately_is_not_called_alive(outlet: Outlet, clock: Clock) -> None:
    assert not outlet.lives()
    outlet.note(10)
    assert outlet.lives()
    clock.now += 6
    assert not outlet.lives() and outlet.received == 10


def test_the_round_trip_follows_slowly(outlet: Outlet) -> None:
    outlet.note_round_trip(0.1)
    assert outlet.round_trip_s == 0.1
    outlet.note_round_trip(1.1)
    assert outlet.round_trip_s == pytest.approx(0.3)


def test_back_offs_grow_and_differ_and_have_an_end() -> None:
    for failures in range(1, 100):
        assert 0 < patience.back_off_s(failures) <= patience.LONGEST_BACKOFF_S
    assert len({patience.back_off_s(3) for _ in range(20)}) > 1


ONE = RepoFile("a", 10, "a" * 64, "b" * 40)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ONE, True),
        (replace(ONE, git_sha1=None), True),
        (replace(ONE, sha256=None), True),
        (replace(ONE, path="b", lfs=True), True),
        (replace(ONE, size=11), False),
        (replace(ONE, sha256="c" * 64), False),
        (replace(ONE, git_sha1="c" * 40), False),
    ],
)
def test_another_listing_is_alike_where_nothing_that_both_say_differs(
    other: RepoFile, same: bool
) -> None:
    assert alike(ONE, other) is alike(other, ONE) is same
