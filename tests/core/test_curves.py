"""Curves: round scales that hold every value, gaps where a value is missing, no spike lost to thinning."""

from __future__ import annotations

import math
import re

import pytest

from qtune.core.curves import Series, curve, scale, smoothed
from qtune.core.html import Section, element, page
from tests.markup import tree


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.0, 8.0, [0, 2, 4, 6, 8]),
        (0.51, 7.6, [0, 2, 4, 6, 8]),
        (0.0, 0.0, [-1, -0.5, 0, 0.5, 1]),
        (1e-5, 3e-4, [0, 1e-4, 2e-4, 3e-4]),
    ],
)
def test_a_scale_is_of_round_numbers_and_holds_both_ends(
    low: float, high: float, told: list[float]
) -> None:
    assert scale(low, high) == pytest.approx(told)


@pytest.mark.parametrize("value", [1e-300, 5.0, -3.0, 1e300])
def test_one_value_alone_has_a_scale_around_it(value: float) -> None:
    ticks = scale(value, value)
    assert ticks[0] < value < ticks[-1]


def test_a_missing_value_is_a_gap_in_the_line() -> None:
    points = [(1, 3.0), (2, 2.0), (3, math.nan), (4, 2.0), (5, 1.0)]
    made = curve([Series("loss", points)], "loss")
    assert made is not None
    assert made.html.count("<polyline") == 2


def test_a_point_alone_is_a_dot_and_nothing_is_no_picture() -> None:
    made = curve([Series("loss", [(1, 3.0)])], "loss")
    assert made is not None and made.html.count("<circle") == 1
    assert curve([Series("loss", [(1, math.inf)])], "loss") is None
    assert curve([], "loss") is None


def test_of_a_hundred_thousand_points_the_one_spike_is_drawn() -> None:
    points = [(step, 1.0 if step != 54_321 else 9.0) for step in range(100_000)]
    made = curve([Series("loss", points)], "loss")
    assert made is not None
    drawn = re.findall(r"([\d.]+),([\d.]+)", made.html)
    assert len(drawn) < 700
    assert min(float(y) for _, y in drawn) < 30  # 9 of 10


def test_what_is_drawn_stays_in_its_box_and_is_read_aloud() -> None:
    made = curve([Series("loss", [(1, 1e9), (1000, -1e9)])], 'a "loss"')
    assert made is not None
    for x, y in re.findall(r"([\d.-]+),([\d.-]+)", made.html):
        assert 0 <= float(x) <= 640 and 0 <= float(y) <= 200
    assert tree(page("t", "en", element("h1", "t"), [Section("a", "a", made)])) is not None
    assert 'aria-label="a &quot;loss&quot;"' in made.html


def test_the_smoothed_curve_begins_where_the_values_begin() -> None:
    mean = smoothed([(1, 4.0), (2, 4.0), (3, math.nan), (4, 2.0)], 0.8)
    assert mean[0] == (1, 4.0)
    assert [step for step, _ in mean] == [1, 2, 4]
    assert 2.0 < mean[-1][1] < 4.0
