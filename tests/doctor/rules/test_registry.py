"""What holds for every rule: a code, a name, a page, checks that exist; and every error's code has a page."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import qtune.core
import qtune.train
from qtune.doctor.checks import FAMILIES
from qtune.doctor.page import markdown
from qtune.doctor.rule import ALL_GOALS, Rule, nothing
from qtune.doctor.rules import BY_CODE, JUDGING, RULES
from tests.doctor.build import healthy
from tests.doctor.rules.pages import complaints

CODE = re.compile(r"[A-Z]{3,4}\d{3}")
RAISED = re.compile(r'"([A-Z]{3,4}\d{3})"')


def test_codes_and_names_are_nobody_elses() -> None:
    codes, names = [rule.code for rule in RULES], [rule.name for rule in RULES]
    assert sorted(set(codes)) == sorted(codes) == sorted(BY_CODE)
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_well_formed(rule: Rule) -> None:
    assert CODE.fullmatch(rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.goals <= ALL_GOALS and rule.goals
    assert set(rule.needs) <= set(FAMILIES)
    assert complaints(rule) == []


@pytest.mark.parametrize(
    "prefix", sorted({rule.code.rstrip("0123456789").lower() for rule in RULES})
)
def test_a_rule_lies_in_the_file_of_its_code_in_order(prefix: str) -> None:
    package = importlib.import_module(f"qtune.doctor.rules.{prefix}")
    listed = [rule.code for rule in package.RULES]
    files = [path.stem.upper() for path in Path(package.__file__ or "").parent.glob("*.py")]
    assert listed == sorted(listed)
    assert listed == sorted(stem for stem in files if CODE.fullmatch(stem))
    for code in listed:
        module = importlib.import_module(f"qtune.doctor.rules.{prefix}.{code.lower()}")
        assert module.RULE.code == code


def test_a_rule_that_judges_facts_is_silent_on_a_healthy_machine() -> None:
    said = [finding for rule in RULES for finding in rule.judge(healthy())]
    assert said == []


def test_what_judges_is_among_those_that_are_read_for_every_examination() -> None:
    judging = {rule.code for rule in RULES if rule.judge is not nothing}
    of_source_code = {code for code in judging if code.startswith("SRC")}  # no examination reads it
    assert of_source_code and not of_source_code & set(JUDGING.codes)
    assert judging - of_source_code <= set(JUDGING.codes) < set(RULES.codes)


def test_a_rule_that_judges_nothing_needs_no_check() -> None:
    assert [rule.code for rule in RULES if rule.judge is nothing and rule.needs] == []


@pytest.mark.parametrize("package", [qtune.core, qtune.train])
def test_every_code_that_an_error_carries_can_be_explained(package: object) -> None:
    (folder,) = package.__path__  # type: ignore[attr-defined]
    raised = {
        code
        for path in Path(folder).rglob("*.py")
        for code in RAISED.findall(path.read_text(encoding="utf-8"))
    }
    assert sorted(raised - set(BY_CODE)) == []


def test_only_what_a_report_can_hold_is_said_to_be_skippable() -> None:
    skippable = {rule.code for rule in RULES if f"--skip {rule.code}" in markdown(rule, "en")}
    assert {"TOK303", "NET110", "CFG004", "CFG015"} <= skippable
    assert not skippable & {"DWN001", "TRN022", "CFG090", "HUB223", "ENV812"}
