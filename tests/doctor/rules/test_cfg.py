"""The pages of what run configs and commands raise."""

from __future__ import annotations

import pytest

from qtune.core.runproblems import CAUSES
from qtune.doctor.finding import Severity
from qtune.doctor.rules.cfg import RULES
from tests.doctor.build import healthy
from tests.doctor.rules.judging import findings
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.raised import codes

BY_CODE = {rule.code: rule for rule in RULES}


@pytest.mark.parametrize("code", BY_CODE)
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(BY_CODE[code]) == []


def test_every_code_that_is_raised_has_a_page_and_every_page_a_code_that_is_raised() -> None:
    assert set(BY_CODE) == codes("CFG", "core", "qtune/commands", "doctor/suppression")


def test_each_cause_of_the_catalogue_has_its_name_on_its_page() -> None:
    named = {code: rule.name for code, rule in BY_CODE.items() if code in CAUSES}
    assert named == {code: cause.name for code, cause in CAUSES.items()}


def test_only_what_stops_no_run_is_a_warning() -> None:
    warnings = [rule.code for rule in RULES if rule.severity is Severity.WARNING]
    assert warnings == ["CFG014", "CFG093", "CFG094"]


def test_nothing_is_judged_from_facts() -> None:
    assert [finding for rule in RULES for finding in findings(rule, healthy())] == []
