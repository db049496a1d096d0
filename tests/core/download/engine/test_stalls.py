"""Which connections are called stalled."""

from __future__ import annotations

from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from qtune.core.download.engine.stalls import FEWEST, FRACTION, OVER_S, stalled

MIB = 1 << 20
amounts = st.dictionaries(st.integers(0, 70), st.integers(0, 500 * MIB), max_size=66)


def long_watched(received: dict[int, int]) -> dict[int, float]:
    return dict.fromkeys(received, OVER_S)


def test_one_that_stands_still_among_others_is_found() -> None:
    received = {1: 8 * MIB, 2: 9 * MIB, 3: 0, 4: 7 * MIB}
    assert stalled(received, long_watched(received)) == [3]


def test_a_line_that_is_slow_for_all_has_none() -> None:
    assert stalled(dict.fromkeys(range(8), 0), long_watched(dict.fromkeys(range(8), 0))) == []
    slow = {n: 1000 + n for n in range(8)}
    assert stalled(slow, long_watched(slow)) == []


def test_of_two_none_is_measured_by_the_other() -> None:
    received = {1: 100 * MIB, 2: 0}
    assert stalled(received, long_watched(received)) == []


def test_one_that_has_just_begun_is_not_judged() -> None:
    received = {1: 8 * MIB, 2: 9 * MIB, 3: 0, 4: 7 * MIB}
    assert stalled(received, {**long_watched(received), 3: OVER_S / 2}) == []
    assert stalled(received, {1: OVER_S, 2: OVER_S, 4: OVER_S}) == []


def test_those_that_have_just_begun_can_show_that_an_old_one_stands_still() -> None:
    received = {1: 0, 2: 9 * MIB, 3: 8 * MIB, 4: 9 * MIB}
    assert stalled(received, {1: OVER_S, 2: 1.0, 3: 1.0, 4: 1.0}) == [1]


@given(amounts)
def test_never_the_better_half_and_only_those_far_below_it(received: dict[int, int]) -> None:
    found = stalled(received, long_watched(received))
    if len(received) < FEWEST:
        assert not found
        return
    usual = median(received.values())
    assert all(received[key] * FRACTION < usual for key in found)
    assert len(found) <= len(received) // 2
    assert set(found) == {key for key, count in received.items() if count * FRACTION < usual}


@given(amounts, st.integers(2, 1000))
def test_the_unit_makes_no_difference(received: dict[int, int], times: int) -> None:
    watched = long_watched(received)
    more = {key: count * times for key, count in received.items()}
    assert stalled(more, watched) == stalled(received, watched)
