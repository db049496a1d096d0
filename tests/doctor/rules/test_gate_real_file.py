"""A description that can be read proves nothing: the gate is what the request for a real file meets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.examining import Machine, at_home, codes, only
from tests.hub import Fault, Kind, worlds

REGION = {"X-Error-Message": "This model is not available in your region."}
DISABLED = {"X-Error-Message": "Access to this resource is disabled."}


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield machine


@pytest.mark.parametrize(
    ("headers", "code"), [(REGION, "GATE406"), (DISABLED, "GATE407"), ({}, "HUB200")]
)
def test_files_refused_after_auth_check_said_yes_are_told_with_the_hubs_reason(
    way: Machine, headers: dict[str, str], code: str
) -> None:
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*/resolve/*", status=403, headers=headers))
    report = way.examine()
    assert codes(report) == [code]
    assert {r.path.rpartition("/")[2] for r in way.hub.seen("hf", "*auth-check")} == {"auth-check"}
    heads = way.hub.seen("hf", f"/{worlds.QWEN}/resolve/*", "HEAD")
    assert heads, "a real file was asked for"


def test_the_descriptions_alone_would_have_said_yes(way: Machine) -> None:
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*/resolve/*", status=403, headers=REGION))
    report = way.examine()
    listing = next(check for check in report.checks if check.check == "listing.huggingface")
    assert listing.state == "ok"
    assert "resolve" not in only(report, "GATE406").message.en


def test_a_model_without_a_config_is_asked_for_a_file_that_it_has(way: Machine) -> None:
    (repo,) = (r for r in way.hub.world.repos if r.id == worlds.QWEN)
    files = {path: data for path, data in repo.files.items() if path != "config.json"}
    way.hub.change(repos=[type(repo)(worlds.QWEN, files)])
    assert codes(way.examine()) == []
    asked = {r.path.rpartition("/")[2] for r in way.hub.seen("hf", "*/resolve/*", "HEAD")}
    assert any(name.endswith(".safetensors") for name in asked)
