"""The rule about transformers and the model's type, with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.doctor.facts import Facts, Known, Packages, Unknown
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.pkg import RULES, pkg701
from qtune.doctor.rules.pkg.architectures import FIRST_RELEASE
from tests.doctor.build import healthy
from tests.doctor.rules.judging import findings, only
from tests.doctor.rules.pages import complaints


def installed(model_type: str = "qwen3", **versions: str) -> Facts:
    facts = healthy(packages=Known(Packages("3.11.7", versions)))
    rows = {}
    for name, listing in facts.listing.items():
        assert isinstance(listing, Known)
        rows[name] = Known(replace(listing.value, model_type=model_type))
    return replace(facts, listing=rows)


def test_the_page_is_whole_in_both_languages() -> None:
    assert [complaints(rule) for rule in RULES if complaints(rule)] == []


def test_a_healthy_machine_has_no_finding() -> None:
    assert findings(pkg701.RULE, healthy()) == []


def test_a_transformers_too_old_for_the_model_is_told_with_both_versions() -> None:
    finding = only(pkg701.RULE, installed(transformers="4.50.3"))
    assert finding.severity is Severity.ERROR
    for text in (finding.message.en, finding.message.zh):
        assert "qwen3" in text and "4.51.0" in text and "4.50.3" in text
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL
    assert finding.fix.command == "pip install -U 'transformers>=4.51.0'"


@pytest.mark.parametrize("version", ["4.51.0", "4.51.0.dev0", "4.51.0rc1", "4.100.0", "5.23.0"])
def test_the_first_release_and_all_later_ones_are_fine(version: str) -> None:
    assert findings(pkg701.RULE, installed(transformers=version)) == []


@pytest.mark.parametrize(("model_type", "least"), FIRST_RELEASE.items())
def test_each_row_of_the_table_is_judged(model_type: str, least: str) -> None:
    assert findings(pkg701.RULE, installed(model_type, transformers=least)) == []
    finding = only(pkg701.RULE, installed(model_type, transformers="4.27.4"))
    assert least in finding.message.en


@pytest.mark.parametrize("model_type", ["", "a_new_type"])
def test_a_type_that_is_not_in_the_table_is_not_judged(model_type: str) -> None:
    assert findings(pkg701.RULE, installed(model_type, transformers="4.0.0")) == []


def test_a_version_that_is_none_is_not_judged() -> None:
    assert findings(pkg701.RULE, installed(transformers="from-my-fork")) == []


def test_what_training_needs_and_is_missing_is_named_once() -> None:
    facts = installed(transformers="", torch="", peft="0.21.2", accelerate="", bitsandbytes="")
    finding = only(pkg701.RULE, facts)
    for text in (finding.message.en, finding.message.zh):
        assert "transformers" in text and "torch" in text and "accelerate" in text
        assert "peft" not in text and "bitsandbytes" not in text
    assert finding.fix is not None and finding.fix.command == "pip install 'qtune[train]'"


def test_downloading_needs_none_of_it() -> None:
    assert pkg701.RULE.goals == {"train"}


def test_packages_that_nobody_looked_at_are_not_judged() -> None:
    assert findings(pkg701.RULE, healthy(packages=Unknown("timeout"))) == []
