"""Sizes, speeds and times are told in the unit that a person would use."""

from __future__ import annotations

import pytest

from qtune.core.amounts import duration, gib, rate, size


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (8_060_000_000, "8.1 GB"), (2e12, "2.0 TB")],
)
def test_sizes_are_decimal(count: float, told: str) -> None:
    assert size(count) == told


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0.0 GiB"), (24 << 30, "24.0 GiB"), (25_757_220_864, "24.0 GiB")]
)
def test_memory_is_binary(count: int, told: str) -> None:
    assert gib(count) == told


def test_a_speed_is_a_size_a_second() -> None:
    assert rate(412_345.6) == "412.3 kB/s"


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (999.4, "999 B"),
        (999.6, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (999_999_999, "1.0 GB"),
    ],
)
def test_what_rounds_to_the_next_unit_is_told_in_it(count: float, told: str) -> None:
    assert size(count) == told


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0.4, "0 s", "0 秒"),
        (89, "89 s", "89 秒"),
        (90, "2 min", "2 分钟"),
        (3600, "60 min", "60 分钟"),
        (7200, "2 h", "2 小时"),
        (20_000, "5 h 33 min", "5 小时 33 分钟"),
        (500_000, "5.8 days", "5.8 天"),
    ],
)
def test_times_are_rounded_to_what_one_plans_with(seconds: float, en: str, zh: str) -> None:
    assert (duration(seconds).en, duration(seconds).zh) == (en, zh)
