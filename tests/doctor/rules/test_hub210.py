"""HUB210: offline by a setting is an error only while the model is not in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.download import download
from qtune.core.envpatch import EnvPatch
from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import CachedSnapshot, Known
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.outcome import Report
from qtune.doctor.rules.hub import hub210
from qtune.doctor.schedule import Limits
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.examining import Machine, at_loopback, codes, only
from tests.doctor.probes.looking import looking
from tests.hub import worlds

HF_ALONE = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path, HF_HOME=str(tmp_path / "hf")) as machine:
        yield machine


def offline(machine: Machine, model: str = worlds.SMALL, **environ: str) -> Report:
    """As the command examines it: not one request leaves."""
    with looking(
        machine.project, {**machine.environ, **environ}, model=model, kind="download"
    ) as context:
        limits = Limits(20, offline=True, offline_reason="HF_HUB_OFFLINE")
        return examine(context, Options(skip=("torch", "accelerator"), limits=limits))


def fetch(machine: Machine, model: str = worlds.SMALL) -> Path:
    with looking(machine.project, machine.environ) as context:
        return download(model, context.settings).path


@pytest.mark.triggers("HUB210")
@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_without_the_model_is_told_and_asks_nobody(local: Machine, name: str) -> None:
    local.env(*HF_ALONE, f"{name}=1")
    report = offline(local)
    finding = only(report, "HUB210")
    assert codes(report) == ["HUB210"]
    assert finding.severity is Severity.ERROR
    assert finding.message.en.startswith(f"{name} is on (.env line 3)")
    assert f"the cache has no {worlds.SMALL}" in finding.message.en
    assert finding.span is not None and finding.span.line == 3
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.patch == EnvPatch(unset=frozenset({name}))
    assert local.hub.requests == []


def test_in_the_shell_the_way_out_is_typed(local: Machine) -> None:
    local.env(*HF_ALONE)
    fix = only(offline(local, HF_HUB_OFFLINE="1"), "HUB210").fix
    assert fix is not None and fix.applicability is Applicability.MANUAL
    assert fix.command == f"unset HF_HUB_OFFLINE && qtune download {worlds.SMALL}"


@pytest.mark.spares("HUB210")
@pytest.mark.parametrize("first", ["True", "False"])
def test_offline_with_the_model_in_the_cache_is_healthy(local: Machine, first: str) -> None:
    local.env(f"USE_MODELSCOPE={first}", "QTUNE_FALLBACK=False")
    fetch(local)
    local.hub.forget()
    assert codes(offline(local, HF_HUB_OFFLINE="1")) == []
    assert local.hub.requests == []


def test_a_file_that_is_gone_or_cut_short_is_named(local: Machine) -> None:
    local.env(*HF_ALONE)
    snapshot = fetch(local)
    weights = snapshot / "model.safetensors"
    os.truncate(weights.resolve(), 100)
    (snapshot / "config.json").unlink()
    message = only(offline(local, HF_HUB_OFFLINE="1"), "HUB210").message
    assert "lacks 2 files" in message.en and "model.safetensors" in message.zh


def test_online_it_is_nobodys_business(local: Machine) -> None:
    local.env(*HF_ALONE, "HF_HUB_OFFLINE=0")
    assert codes(local.examine(worlds.SMALL)) == []


def test_a_cache_that_is_no_folder_is_no_crash(local: Machine) -> None:
    local.env(*HF_ALONE)
    (local.project / "hf").write_text("in the way")
    assert "HUB210" in codes(offline(local, HF_HUB_OFFLINE="1"))


def test_a_value_that_cannot_be_used_switches_nothing_off() -> None:
    facts = replace(healthy(), snapshot=Known(CachedSnapshot(False)))
    assert [*hub210.RULE.judge(facts)] == []
    on = with_setting(facts, "HF_HUB_OFFLINE", "yes", env_line("HF_HUB_OFFLINE"))
    assert [f.code for f in hub210.RULE.judge(on)] == ["HUB210"]
