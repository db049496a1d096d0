"""How many connections there are, on simulated lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.core.download.engine.crew import AFTER_REFUSAL_S, AGAIN_S, FIRST, MOST, Crew

MB = 1_000_000
STEP = 0.05
Speed = Callable[[float, int], float]  # bytes per second at this time, with so many connections


@dataclass
class Line:
    """A crew on a line, looked at twenty times a second."""

    crew: Crew
    speed: Speed
    cpu: Callable[[float], float] = field(default=lambda speed: 0.0)  # of one core, at this speed
    round_trip_s: float = 0.02
    now: float = 100.0
    received: float = 0.0
    cpu_s: float = 5.0
    counts: list[int] = field(default_factory=list)

    def run(self, seconds: float) -> Line:
        for _ in range(round(seconds / STEP)):
            speed = self.speed(self.now, self.crew.count)
            self.now += STEP
            self.received += speed * STEP
            self.cpu_s += self.cpu(speed) * STEP
            self.crew.note(self.now, int(self.received), self.cpu_s, self.round_trip_s)
            assert 1 <= self.crew.count <= self.crew.cap
            self.counts.append(self.crew.count)
        return self


def paced(now: float, count: int) -> float:
    return 2 * MB * count


def full_with(connections: int) -> Speed:
    return lambda now, count: 10 * MB * min(count, connections) / connections


@pytest.mark.parametrize("cap", [1, 2, 7, 8, 9, 16, 63, MOST])
def test_where_each_connection_brings_more_all_are_used(cap: int) -> None:
    line = Line(Crew(cap), paced)
    assert line.crew.count == min(FIRST, cap)
    line.run(3)
    assert line.crew.count == cap
    line.run(3 * AGAIN_S)
    assert line.crew.count == cap


@pytest.mark.parametrize(("enough", "kept"), [(1, FIRST), (2, FIRST), (4, 8), (8, 8)])
def test_where_more_bring_nothing_there_are_no_more_ever(enough: int, kept: int) -> None:
    """A trial now and then is taken back."""
    line = Line(Crew(MOST), full_with(enough)).run(5 * AGAIN_S)
    assert line.crew.count == kept
    assert line.counts.count(kept) > 0.95 * len(line.counts)


def test_a_line_that_is_full_with_sixteen_does_not_keep_all() -> None:
    line = Line(Crew(MOST), full_with(16)).run(5)
    assert 16 <= line.crew.count <= 32


def test_where_the_processor_is_the_limit_there_are_no_more() -> None:
    line = Line(Crew(MOST), lambda now, count: 900 * MB, cpu=lambda speed: 1.0).run(2 * AGAIN_S)
    assert set(line.counts) == {FIRST}


def test_a_processor_that_is_half_busy_doubles_instead_of_four_times() -> None:
    line = Line(Crew(MOST), paced, cpu=lambda speed: 0.5).run(3)
    assert sorted(set(line.counts)) == [2, 4, 8, 16, 32, 64]


def test_far_away_all_are_there_at_the_first_byte() -> None:
    line = Line(Crew(MOST), paced, round_trip_s=0.2).run(2 * STEP)
    assert line.crew.count == MOST


def test_nothing_happens_before_the_first_byte() -> None:
    line = Line(Crew(MOST), lambda now, count: 0.0).run(60)
    assert set(line.counts) == {FIRST}


def test_a_line_that_gets_better_is_noticed() -> None:
    def speed(now: float, count: int) -> float:
        return full_with(4)(now, count) if now < 120 else paced(now, count)

    line = Line(Crew(MOST), speed).run(20)
    assert line.crew.count == 8
    line.run(2 * AGAIN_S)
    assert line.crew.count == MOST


def test_a_line_that_collapses_in_the_middle_of_growing_takes_the_growth_back() -> None:
    def speed(now: float, count: int) -> float:
        return paced(now, count) if count <= FIRST else 0.1 * MB

    line = Line(Crew(MOST), speed).run(5)
    assert line.crew.count == FIRST


def test_one_slow_connection_among_many_hinders_nobody() -> None:
    line = Line(Crew(MOST), lambda now, count: 2 * MB * (count - 1) + 1000).run(5)
    assert line.crew.count == MOST


def test_a_refusal_halves_and_rests_before_more_are_tried() -> None:
    line = Line(Crew(MOST), paced).run(3)
    line.crew.refused(line.now)
    assert line.crew.count == MOST // 2
    for _ in range(9):
        line.crew.refused(line.now)
    assert line.crew.count == 1
    line.counts.clear()
    line.run(AFTER_REFUSAL_S - 1)
    assert set(line.counts) == {1}
    line.run(AGAIN_S + AFTER_REFUSAL_S)
    assert line.crew.count > 1


def test_a_refusal_of_more_is_remembered_as_a_limit() -> None:
    line = Line(Crew(MOST), paced).run(3)
    line.crew.limit(12)
    line.run(5 * AGAIN_S)
    assert line.crew.count == 12
    line.crew.limit(0)
    assert line.crew.count == 1


def test_a_limit_in_the_middle_of_a_trial_holds_when_that_is_taken_back() -> None:
    crew = Crew(MOST)
    line = Line(crew, paced, cpu=lambda speed: 0.5)
    while crew.count < 32:
        line.run(STEP)
    crew.limit(4)
    line.speed = lambda now, count: 1.0 * MB
    line.run(5)
    assert crew.count <= 4


notes = st.lists(
    st.one_of(
        st.tuples(
            st.just("note"),
            st.floats(0.0, 40.0, allow_nan=False),
            st.integers(0, 10**10),
            st.floats(0.0, 1.0, allow_nan=False),
        ),
        st.tuples(st.just("refused"), st.just(0.0), st.just(0), st.just(0.0)),
        st.tuples(st.just("limit"), st.just(0.0), st.integers(-5, 100), st.just(0.0)),
    ),
    max_size=40,
)


@given(notes, st.integers(1, MOST))
def test_whatever_happens_there_is_one_and_never_more_than_the_cap(
    said: list[tuple[str, float, int, float]], cap: int
) -> None:
    crew, now, received, cpu = Crew(cap), 0.0, 0, 0.0
    for what, seconds, amount, rate in said:
        match what:
            case "note":
                now, received, cpu = now + seconds, received + amount, cpu + seconds * rate
                crew.note(now, received, cpu, rate)
            case "refused":
                crew.refused(now)
            case _:
                crew.limit(amount)
        assert 1 <= crew.count <= crew.cap <= cap
