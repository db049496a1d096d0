"""HUB211: variables whose time is over, in the environment and in `.env`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.doctor.facts import Known, Packages, ProcessVariables
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.hub import hub211
from tests.doctor.build import HF, healthy
from tests.doctor.examining import Machine, at_home, codes, only
from tests.doctor.rules.judging import entry, with_entries
from tests.hub import worlds

HF_ALONE = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
INFO, WARNING = Severity.INFO, Severity.WARNING


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        machine.env(*HF_ALONE)
        yield machine


CASES = [
    ("HF_HUB_ENABLE_HF_TRANSFER", "1", INFO, "does nothing any more"),
    ("TRANSFORMERS_CACHE", "/data/models", WARNING, "does not say where models go"),
    ("HUGGINGFACE_HUB_CACHE", "/tmp/hub-of-old", INFO, "it is HF_HUB_CACHE now"),
    ("HUGGING_FACE_HUB_TOKEN", worlds.GOOD, INFO, "it is HF_TOKEN now"),
]


@pytest.mark.triggers("HUB211")
@pytest.mark.parametrize(("name", "value", "severity", "words"), CASES)
def test_each_old_name_in_the_environment_is_told(
    way: Machine, name: str, value: str, severity: Severity, words: str
) -> None:
    way.environ[name] = value
    report = way.examine(only=("HUB211",))
    finding = only(report, "HUB211")
    assert finding.severity is severity
    assert finding.message.en.startswith(f"the environment variable {name} ")
    assert words in finding.message.en
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL
    assert f"unset {name}" in finding.fix.command
    assert value == "1" or value not in repr(report.findings)


@pytest.mark.parametrize(("name", "value", "severity", "words"), CASES)
def test_each_old_name_in_env_is_told_at_its_line(
    way: Machine, name: str, value: str, severity: Severity, words: str
) -> None:
    way.env(*HF_ALONE, f"{name}={value}")
    finding = only(way.examine(only=("HUB211",)), "HUB211")
    assert finding.severity is severity
    assert finding.span is not None and finding.span.line == 3
    fix = finding.fix
    assert fix is not None and fix.applicability is not Applicability.MANUAL
    assert fix.edits or fix.patch is not None


def test_the_older_name_of_modelscopes_address(way: Machine) -> None:
    way.env("QTUNE_FALLBACK=False", "MODELSCOPE_DOMAIN=modelscope.cn")
    fix = only(way.examine(only=("HUB211",)), "HUB211").fix
    assert fix is not None and fix.applicability is Applicability.UNSAFE
    assert fix.edits[0].text == "MODELSCOPE_ENDPOINT"


@pytest.mark.spares("HUB211")
@pytest.mark.parametrize(
    "environ",
    [
        {"HF_HUB_CACHE": "/a", "HUGGINGFACE_HUB_CACHE": "/a", "TRANSFORMERS_CACHE": "/a"},
        {"HF_HOME": "/a", "TRANSFORMERS_CACHE": "/a/hub"},
        {"HF_TOKEN": worlds.GOOD, "HUGGING_FACE_HUB_TOKEN": worlds.GOOD},
        {"HF_HUB_ENABLE_HF_TRANSFER": "", "TRANSFORMERS_CACHE": " "},
        {"HF_HUB_CACHE": "/a", "HF_XET_HIGH_PERFORMANCE": "1"},
    ],
)
def test_names_for_programs_of_both_ages_are_not_told(
    way: Machine, environ: dict[str, str]
) -> None:
    way.environ |= environ
    assert codes(way.examine(only=("HUB211",))) == []


def test_a_variable_of_a_hub_that_does_not_serve_is_nobodys_business(way: Machine) -> None:
    way.env("QTUNE_FALLBACK=False")
    assert codes(way.examine(only=("HUB211",), HF_HUB_ENABLE_HF_TRANSFER="1")) == []


def test_what_env804_tells_is_not_told_twice(way: Machine) -> None:
    way.env(*HF_ALONE, "HUGGINGFACE_TOKEN=x", "HF_HUB_ENABLE_HF_TRANSFER=1")
    report = way.examine(only=("ENV804", "HUB211"))
    assert sorted(codes(report)) == ["ENV804", "HUB211"]


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ({"huggingface_hub": "0.36.0"}, []),
        ({"huggingface_hub": "1.2.3"}, ["HUB211"]),
        ({"huggingface_hub": ""}, ["HUB211"]),
        ({}, ["HUB211"]),
    ],
)
def test_an_old_library_still_reads_its_variable(versions: dict[str, str], told: list[str]) -> None:
    facts = healthy(
        sources=(HF,),
        packages=Known(Packages("3.11.7", versions)),
        variables=Known(ProcessVariables(("HF_HUB_ENABLE_HF_TRANSFER",))),
    )
    assert [f.code for f in hub211.RULE.judge(facts)] == told


@pytest.mark.parametrize(
    ("version", "words"),
    [("5.1.0", "neither qtune nor transformers 5"), ("4.57.6", "transformers 4 still reads it")],
)
def test_the_cache_of_transformers_is_told_as_the_installed_one_reads_it(
    version: str, words: str
) -> None:
    facts = healthy(packages=Known(Packages("3.11.7", {"transformers": version})))
    facts = with_entries(facts, entry("TRANSFORMERS_CACHE", "/x", 4))
    (finding,) = hub211.RULE.judge(facts)
    assert words in finding.message.en
