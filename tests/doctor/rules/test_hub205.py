"""HUB205: a mirror that sends everything on, or the large files to where nobody gets, is named as the cause."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.doctor.finding import Severity
from tests.doctor.examining import Machine, at_loopback, blamed, codes, only
from tests.hub import Fault, Kind, worlds

HF_FIRST, ALONE = "USE_MODELSCOPE=False", "QTUNE_FALLBACK=False"
FAR = "https://huggingface.co/Qwen/Qwen3-4B/resolve/main/config.json"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Machine]:
    """HF_ENDPOINT is an address for which nobody vouches; no request of the doctor leaves this machine."""
    with at_loopback(tmp_path, QTUNE_TRUSTED_HOSTS="") as machine:
        yield machine


@pytest.mark.triggers("HUB205")
@pytest.mark.parametrize("path", ["*", "*/resolve/*"])
def test_a_mirror_that_sends_every_file_on_is_the_cause(mirror: Machine, path: str) -> None:
    mirror.env(HF_FIRST)
    fault = Fault(Kind.REDIRECT, origin="hf", path=path, status=308, location=FAR)
    mirror.hub.fault(fault)
    report = mirror.examine()
    finding = only(report, "HUB205")
    assert codes(report) == ["HUB205"]
    assert finding.severity is Severity.WARNING, "ModelScope may stand in"
    assert "on to huggingface.co" in finding.message.en
    assert "308 without X-Repo-Commit" in finding.evidence[0].en
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "True"})
    assert blamed(report)["storage.huggingface"] == "HUB205"


def test_alone_the_address_itself_is_to_be_removed(mirror: Machine) -> None:
    endpoint = mirror.environ.pop("HF_ENDPOINT")
    mirror.env(HF_FIRST, ALONE, f"HF_ENDPOINT={endpoint}")
    mirror.hub.fault(Fault(Kind.REDIRECT, origin="hf", path="*", status=308, location=FAR))
    finding = only(mirror.examine(), "HUB205")
    assert finding.severity is Severity.ERROR
    assert finding.span is not None and finding.span.line == 3
    assert finding.fix is not None
    assert finding.fix.patch == EnvPatch(unset=frozenset({"HF_ENDPOINT"}))


def test_a_server_of_files_that_is_no_hub_is_told(mirror: Machine) -> None:
    mirror.env(HF_FIRST, ALONE)
    mirror.hub.fault(
        Fault(Kind.STRIPPED, origin="hf", path="*", headers={"x-repo-commit": "", "link": ""})
    )
    report = mirror.examine()
    finding = only(report, "HUB205")
    assert codes(report) == ["HUB205"]
    assert "without X-Repo-Commit" in finding.message.en or "on to" in finding.message.en


@pytest.mark.triggers("HUB205")
def test_large_files_from_a_host_out_of_reach_are_the_mirrors_doing(mirror: Machine) -> None:
    mirror.env(HF_FIRST)
    mirror.hub.fault(Fault(Kind.REFUSED, origin="cdn"))
    report = mirror.examine()
    assert codes(report) == ["HUB205"]
    message = report.findings[0].message
    assert "relays only the small files" in message.en and "localhost" in message.zh
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "True"})


def test_a_mirror_in_qtune_sources_is_judged_the_same(mirror: Machine) -> None:
    url = mirror.environ.pop("HF_ENDPOINT")
    mirror.env(f"QTUNE_SOURCES={url}")
    mirror.hub.fault(Fault(Kind.REFUSED, origin="cdn"))
    finding = only(mirror.examine(), "HUB205")
    assert finding.fix is not None and finding.fix.title.en.startswith(f"Take {url} out")


@pytest.mark.spares("HUB205")
def test_a_mirror_that_serves_is_healthy_also_without_auth_check(mirror: Machine) -> None:
    mirror.env(HF_FIRST, ALONE)
    assert codes(mirror.examine()) == []
    mirror.hub.fault(
        Fault(Kind.REDIRECT, origin="hf", path="*/auth-check", status=308, location=FAR)
    )
    assert codes(mirror.examine()) == []


@pytest.mark.spares("HUB205")
def test_a_hub_of_ones_own_is_no_mirror(tmp_path: Path) -> None:
    with at_loopback(tmp_path) as machine:
        machine.env(HF_FIRST, ALONE)
        machine.hub.fault(Fault(Kind.REFUSED, origin="cdn"))
        assert codes(machine.examine()) == ["HUB201"]


def test_a_mirror_has_no_gated_models_and_says_so_itself(mirror: Machine) -> None:
    mirror.env(HF_FIRST, ALONE)
    report = mirror.examine(worlds.LLAMA)
    assert "HUB205" not in codes(report)
    assert report.findings[0].code == "GATE401"


def test_a_challenge_page_of_a_mirror_is_not_called_a_relay(mirror: Machine) -> None:
    mirror.env(HF_FIRST, ALONE)
    mirror.hub.fault(Fault(Kind.HTML, origin="hf"))
    assert codes(mirror.examine()) == ["NET105"]
