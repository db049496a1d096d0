"""The pace of a download: simulated lines, and what is said of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from qtune.core.download.pace import Pace

MB = 1_000_000
STEP = 0.2


def samples(
    speed: Callable[[float], float], until: float, start: float = 0.0
) -> Iterator[tuple[float, float]]:
    """(time, done), five a second, of a line that has `speed(time)`."""
    done = 0.0
    for number in range(round((until - start) / STEP) + 1):
        now = start + number * STEP
        yield now, done
        done += speed(now) * STEP


def etas(pace: Pace, line: Iterator[tuple[float, float]], total: float) -> list[float | None]:
    told = []
    for now, done in line:
        pace.note(now, done)
        told.append(pace.eta_s(total - done))
    return told


def known(told: list[float | None]) -> list[float]:
    return [eta for eta in told if eta is not None]


def test_an_even_line_is_told_exactly_and_nothing_is_told_before_it_is_known() -> None:
    pace = Pace()
    told = etas(pace, samples(lambda now: 10 * MB, 60), 1000 * MB)
    assert pace.bytes_per_second == pytest.approx(10 * MB)
    assert told[:7] == [None] * 7
    assert told[-1] == pytest.approx(100 - 60)
    assert known(told) == pytest.approx([100 - n * STEP for n in range(8, 301)])


def test_what_was_there_before_is_no_speed() -> None:
    pace = Pace()
    for number in range(50):
        pace.note(1000 + number * STEP, 5_000 * MB + number * STEP * MB)
    assert pace.bytes_per_second == pytest.approx(MB)
    assert pace.eta_s(60 * MB) == pytest.approx(60)


def test_bursts_do_not_make_it_jump() -> None:
    told = etas(Pace(), samples(lambda now: 20 * MB if now % 2 < 1 else 0, 120), 10_000 * MB)
    settled = known(told)[100:]
    assert all(abs(a - b) / b < 0.02 for a, b in zip(settled[1:], settled, strict=False))
    truth = [1000 - 22 - n * STEP for n in range(len(settled))]
    assert settled == pytest.approx(truth, rel=0.1)


def test_noise_of_many_connections_is_smoothed() -> None:
    dice = random.Random(5)
    told = etas(Pace(), samples(lambda now: dice.uniform(0, 20 * MB), 120), 10_000 * MB)
    settled = known(told)[100:]
    assert all(abs(a - b) / b < 0.03 for a, b in zip(settled[1:], settled, strict=False))
    assert settled == pytest.approx([978 - n * STEP for n in range(len(settled))], rel=0.25)


def test_a_stalled_line_slows_down_and_then_nobody_knows() -> None:
    pace = Pace()
    told = etas(pace, samples(lambda now: 10 * MB if now < 30 else 0, 60), 1000 * MB)
    at = {second: told[round(second / STEP)] for second in (30, 32, 40, 49, 52)}
    assert at[30] == pytest.approx(70)
    waited, longer, silent = at[32], at[40], at[49]
    assert waited is not None and longer is not None and silent is not None
    assert 70 < waited < longer < silent
    assert waited < 85  # two seconds are no reason for alarm
    assert at[52] is None
    assert pace.bytes_per_second < 1000


def test_a_line_that_comes_back_is_told_as_it_is_now() -> None:
    pace = Pace()

    def speed(now: float) -> float:
        return 0 if 30 <= now < 90 else (10 if now < 30 else 2) * MB

    told = etas(pace, samples(speed, 110), 1000 * MB)
    assert told[round(89 / STEP)] is None
    assert told[round(91 / STEP)] is None
    assert told[round(95 / STEP)] == pytest.approx((700 - 10) / 2, rel=0.02)
    assert pace.bytes_per_second == pytest.approx(2 * MB)


def test_a_short_pause_is_forgotten_soon() -> None:
    told = etas(Pace(), samples(lambda now: 0 if 30 <= now < 35 else 10 * MB, 90), 1000 * MB)
    assert told[-1] == pytest.approx(100 + 5 - 90, rel=0.05)
    assert None not in told[8:]


def test_bytes_taken_back_are_no_speed_below_zero() -> None:
    pace = Pace()
    for now, done in ((0, 0), (1, 10 * MB), (2, 20 * MB), (3, 4 * MB), (4, 14 * MB)):
        pace.note(now, done)
        assert pace.bytes_per_second >= 0
    eta = pace.eta_s(86 * MB)
    assert eta is not None and eta > 8.6


def test_samples_at_the_same_moment_and_samples_that_are_late_change_nothing() -> None:
    pace = Pace()
    for now, done in ((0.0, 0), (2.0, 20), (2.0, 900), (1.0, 5000)):
        pace.note(now, done)
    assert pace.bytes_per_second == pytest.approx(10)
    pace.note(3.0, 30)
    assert pace.bytes_per_second == pytest.approx(10)


def test_nothing_left_takes_no_time() -> None:
    assert Pace().eta_s(0) == 0
    assert Pace().eta_s(1) is None
