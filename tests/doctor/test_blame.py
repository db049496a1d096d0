"""A refusal is blamed on its own cause, and no hub is recommended that cannot serve either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.examining import Machine, at_home, blamed, codes, only
from tests.hub import Fault, Kind, Repo, worlds

HF_FIRST = "USE_MODELSCOPE=False"
ALONE = "QTUNE_FALLBACK=False"


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        yield machine


def test_an_identity_that_had_to_wait_is_not_blamed_on_the_gate(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="/api/whoami-v2", status=429))
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.FINE_GRAINED)
    assert codes(report) == ["GATE405"]
    assert blamed(report)["identity.huggingface"] is None
    assert blamed(report)["storage.huggingface"] == "GATE405"


def test_what_had_to_wait_is_blamed_on_the_limit(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="/api/models/*/*", status=429))
    report = way.examine()
    assert codes(report) == ["HUB208"]
    assert blamed(report)["listing.huggingface"] == "HUB208"
    assert blamed(report)["storage.huggingface"] == "HUB208"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"disabled": True}, "it has disabled the model"),
        ({"region_blocked": True}, "does not offer the model in this region"),
    ],
)
def test_a_hub_that_took_the_model_down_is_not_offered_for_one_that_lacks_it(
    way: Machine, changes: dict[str, bool], words: str
) -> None:
    files = worlds.small().files
    way.hub.change(repos=[Repo(worlds.QWEN, files, **changes).only_on("hf")])  # type: ignore[arg-type]
    report = way.examine()
    finding = only(report, "HUB221")
    assert "USE_MODELSCOPE" not in report.patch.set
    assert finding.fix is not None and finding.fix.patch is None
    assert any(words in line.en for line in finding.evidence)


def test_a_hub_whose_gate_can_be_opened_is_still_offered(way: Machine) -> None:
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.NO_LICENCE)
    assert only(report, "HUB221").fix is not None
    assert report.patch.set == {"USE_MODELSCOPE": "False"}
