"""The pages of what a download raises."""

from __future__ import annotations

import pytest

from qtune.core.download.codes import DWN
from qtune.doctor.rules.dwn import RULES
from tests.doctor.build import healthy
from tests.doctor.rules.judging import findings
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.raised import codes

BY_CODE = {rule.code: rule for rule in RULES}


@pytest.mark.parametrize("code", BY_CODE)
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(BY_CODE[code]) == []


def test_every_code_that_is_raised_has_a_page_and_every_page_a_code_that_is_raised() -> None:
    assert set(BY_CODE) == codes("DWN", "core")


def test_each_cause_of_the_catalogue_has_its_name_on_its_page() -> None:
    assert {code: rule.name for code, rule in BY_CODE.items()} == {
        code: name for code, (name, _) in DWN.items()
    }


def test_nothing_is_judged_from_facts() -> None:
    assert [finding for rule in RULES for finding in findings(rule, healthy())] == []
