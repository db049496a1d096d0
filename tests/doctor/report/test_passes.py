"""The evidence of a check that went well, which `-v` prints: there is a line for every kind of check."""

from __future__ import annotations

from qtune.doctor.checks import FAMILIES
from qtune.doctor.report import passes


def test_every_kind_of_check_has_its_line() -> None:
    assert set(FAMILIES) - set(passes._LINES) == set()
