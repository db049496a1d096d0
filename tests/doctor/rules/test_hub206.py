"""HUB206: a host that ignores Range is told; one that serves parts is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.origin import Level, Origin
from qtune.doctor.facts import Known, ProxyFact
from qtune.doctor.finding import Severity
from qtune.doctor.rules.hub import hub206
from tests.doctor.build import HF, healthy, road
from tests.doctor.examining import Machine, at_loopback, codes, only
from tests.hub import Fault, Kind, worlds

HF_ALONE = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path) as machine:
        machine.hub.change(repos=worlds.demo(400_000).repos)
        yield machine


@pytest.mark.triggers("HUB206")
@pytest.mark.parametrize("kind", [Kind.NO_RANGE, Kind.WRONG_RANGE])
def test_a_host_that_ignores_the_range_is_told_and_measured_with_one_connection(
    local: Machine, kind: Kind
) -> None:
    local.env(*HF_ALONE)
    local.hub.fault(Fault(kind, origin="cdn"))
    report = local.examine(speed=True)
    finding = only(report, "HUB206")
    assert finding.severity is Severity.WARNING
    assert "localhost" in finding.message.en
    speed = report.facts.speed["huggingface"]
    assert isinstance(speed, Known)
    assert speed.value.several is None
    assert speed.value.ok


@pytest.mark.spares("HUB206")
def test_a_host_that_serves_parts_is_not_told(local: Machine) -> None:
    local.env(*HF_ALONE)
    local.hub.fault(Fault(Kind.LATENCY, origin="cdn", seconds=0.1))
    report = local.examine(speed=True)
    assert codes(report) == []
    speed = report.facts.speed["huggingface"]
    assert isinstance(speed, Known)
    assert speed.value.single.ranges is True


def test_a_model_that_is_here_needs_no_ranges(local: Machine) -> None:
    local.env(*HF_ALONE)
    (repo,) = (r for r in local.hub.world.repos if r.id == worlds.QWEN)
    blobs = local.project / "hub" / "models--Qwen--Qwen3-4B" / "blobs"
    blobs.mkdir(parents=True)
    for entry in repo.entries.values():
        (blobs / entry.etag).write_bytes(entry.data)
    local.hub.fault(Fault(Kind.NO_RANGE, origin="cdn"))
    report = local.examine(speed=True, HF_HUB_CACHE=str(local.project / "hub"))
    assert codes(report) == []


def test_a_proxy_on_the_road_is_named() -> None:
    proxy = ProxyFact("http://proxy:3128", "HTTPS_PROXY", Origin(Level.ENVIRON, "HTTPS_PROXY"))
    facts = healthy(sources=(HF,))
    speed = facts.speed["huggingface"]
    assert isinstance(speed, Known)
    slow = replace(speed.value, single=replace(speed.value.single, ranges=False))
    facts = replace(
        facts,
        speed={"huggingface": Known(slow)},
        storage={"huggingface": Known(road("us.aws.cdn.hf.co", proxy=proxy))},
    )
    (finding,) = hub206.RULE.judge(facts)
    assert finding.evidence[0].en == "through the proxy http://proxy:3128"
    assert finding.fix is not None and "NO_PROXY=us.aws.cdn.hf.co" in finding.fix.title.en
