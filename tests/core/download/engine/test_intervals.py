"""Intervals, against a plain list that has an owner for each byte."""

from __future__ import annotations

from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from qtune.core.download.engine.intervals import Intervals, Stretch

SIZE = 40
Owners = list[str | None]

places = st.integers(0, SIZE)
steps = st.lists(
    st.tuples(
        st.sampled_from(("add", "remove")), places, places, st.sampled_from(("", "hf", "ms"))
    ),
    max_size=25,
)


def after(taken: list[tuple[str, int, int, str]]) -> tuple[Intervals, Owners]:
    found = Intervals()
    owners: Owners = [None] * SIZE
    for step, start, end, source in taken:
        if step == "add":
            found.add(start, end, source)
        else:
            found.remove(start, end)
        for at in range(start, end):
            owners[at] = source if step == "add" else None
    return found, owners


def runs(here: list[bool]) -> list[tuple[int, int, bool]]:
    found, at = [], 0
    for there, group in groupby(here):
        length = len(list(group))
        found.append((at, at + length, there))
        at += length
    return found


@given(steps)
def test_each_byte_belongs_to_whoever_wrote_it_last(taken: list[tuple[str, int, int, str]]) -> None:
    found, owners = after(taken)
    seen: Owners = [None] * SIZE
    for stretch in found:
        for at in range(stretch.start, stretch.end):
            assert seen[at] is None, "two stretches hold one byte"
            seen[at] = stretch.source
    assert seen == owners


@given(steps)
def test_what_is_asked_of_them_is_what_the_list_says(
    taken: list[tuple[str, int, int, str]],
) -> None:
    found, owners = after(taken)
    assert found.total == sum(owner is not None for owner in owners)
    assert found.prefix == next((n for n, owner in enumerate(owners) if owner is None), SIZE)
    here = [owner is not None for owner in owners]
    missing = [(start, end) for start, end, there in runs(here) if not there]
    assert found.gaps(SIZE) == missing
    assert bool(found) == any(owner is not None for owner in owners)


@given(steps)
def test_they_stay_sorted_and_none_is_empty(taken: list[tuple[str, int, int, str]]) -> None:
    found, _ = after(taken)
    stretches = list(found)
    assert all(0 <= s.start < s.end <= SIZE and s.length == s.end - s.start for s in stretches)
    assert all(one.end <= two.start for one, two in pairwise(stretches))
    assert len(found) == len(stretches)


@given(st.permutations([(n, n + 1) for n in range(12)]))
def test_stretches_of_one_source_become_one_in_whatever_order_they_come(
    order: list[tuple[int, int]],
) -> None:
    found = Intervals()
    for start, end in order:
        found.add(start, end, "hf")
    assert list(found) == [Stretch(0, 12, "hf")]


def test_neighbours_of_two_sources_stay_apart() -> None:
    found = Intervals()
    found.add(0, 5, "hf")
    found.add(5, 9, "ms")
    found.add(9, 12, "ms")
    assert list(found) == [Stretch(0, 5, "hf"), Stretch(5, 12, "ms")]
    assert found.prefix == 12
