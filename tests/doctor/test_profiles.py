"""The table of profiles knows every kind of check, once, and what it looks at."""

from __future__ import annotations

from qtune.doctor.checks import FAMILIES
from qtune.doctor.profiles import MACHINE, PROFILES, PROJECT, ROAD, SLOW


def test_every_kind_of_check_is_of_the_project_the_machine_or_the_road() -> None:
    """A new one is named in doctor/profiles.py: does CI judge it, and is it quick?"""
    assert sorted((*PROJECT, *MACHINE, *ROAD)) == sorted(FAMILIES)


def test_what_uses_the_network_is_of_the_road() -> None:
    assert {name for name, family in FAMILIES.items() if family.network} <= ROAD


def test_what_is_slow_exists() -> None:
    assert set(FAMILIES) >= SLOW


def test_the_three_profiles() -> None:
    assert list(PROFILES) == ["default", "quick", "ci"]
    assert PROFILES["default"].without == frozenset()
    assert not PROFILES["quick"].network and PROFILES["quick"].timeout_s <= 2
    assert PROFILES["ci"].without >= MACHINE and not PROFILES["ci"].without & PROJECT
