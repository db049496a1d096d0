"""PKG703, PKG707 and PKG708 from a run config on: what it asks of the machine's packages is told before a download."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.commands.target import goal_of
from qtune.core import runconfig
from qtune.core.runconfig import Defaults
from qtune.core.workload import Workload
from qtune.doctor.facts import Facts, Known, Packages
from qtune.doctor.finding import Severity
from qtune.doctor.probes import imports, packages
from qtune.doctor.rules.pkg import pkg703, pkg707, pkg708
from tests.commands.conftest import Shell
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.probes.looking import NOTHING, looking
from tests.doctor.rules.judging import findings, only


def facts_of(folder: Path, *lines: str) -> Facts:
    """What the doctor would know of a run config, with the packages of this process."""
    text = "\n".join(("data: quickstart", "model: a/b", *lines, ""))
    defaults = Defaults("a/b", folder / "runs", folder)
    config, problems = runconfig.examine(text, folder / "run.yaml", defaults=defaults)
    assert config is not None, problems
    goal = goal_of(config, "run.yaml")
    with looking(folder, {}) as context:
        seen = packages.probe(replace(context, goal=goal), NOTHING)
    return replace(healthy(packages=seen), goal=goal)


def add(site: Path, name: str) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that is installed."""
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    add(tmp_path / "site", "torch")
    return tmp_path / "site"


ASKED = (
    ("method: dpo", "method: dpo", "trl"),
    ("method: kto", "method: kto", "trl"),
    ("method: reward", "method: reward", "trl"),
    (
        "attn_implementation: flash_attention_2",
        "attn_implementation: flash_attention_2",
        "flash-attn",
    ),
    ("training: {use_liger_kernel: true}", "use_liger_kernel: true", "liger-kernel"),
    ("training: {report_to: [wandb]}", "report_to: wandb", "wandb"),
    ("training: {optim: paged_adamw_8bit}", "optim: paged_adamw_8bit", "bitsandbytes"),
    ("training: {optim: adamw_torch_8bit}", "optim: adamw_torch_8bit", "torchao"),
    ("training: {optim: schedule_free_sgd}", "optim: schedule_free_sgd", "schedulefree"),
    ("training: {report_to: swanlab}", "report_to: swanlab", "swanlab"),
)


@pytest.mark.triggers("PKG708")
@pytest.mark.spares("PKG708")
@pytest.mark.parametrize(("line", "said", "name"), ASKED)
def test_what_a_line_asks_for_is_there_or_told(
    site: Path, tmp_path: Path, line: str, said: str, name: str
) -> None:
    finding = only(pkg708.RULE, facts_of(tmp_path, line))
    assert finding.severity is Severity.ERROR
    for text in (finding.message.en, finding.message.zh):
        assert said in text and name in text
    assert finding.fix is not None and finding.fix.command.endswith(f"install {name}")
    add(site, name)
    assert findings(pkg708.RULE, facts_of(tmp_path, line)) == []


@pytest.mark.spares("PKG708")
def test_any_of_several_packages_will_do(site: Path, tmp_path: Path) -> None:
    line = "training: {report_to: tensorboard}"
    assert "tensorboard" in only(pkg708.RULE, facts_of(tmp_path, line)).message.en
    add(site, "tensorboardX")
    assert findings(pkg708.RULE, facts_of(tmp_path, line)) == []
    assert findings(pkg708.RULE, facts_of(tmp_path, "training: {report_to: none}")) == []
    assert findings(pkg708.RULE, facts_of(tmp_path)) == []


def test_without_torch_it_follows_from_that(site: Path, tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "method: dpo")
    bare = replace(facts, packages=Known(Packages("3.11.7", {"torch": "", "trl": ""})))
    assert only(pkg708.RULE, bare).because == "PKG700"
    older = replace(facts, packages=Known(Packages("3.11.7", {"torch": "2.13.0"})))
    assert findings(pkg708.RULE, older) == []


@pytest.mark.triggers("PKG703")
@pytest.mark.spares("PKG703")
def test_a_run_config_with_qlora_asks_for_bitsandbytes(site: Path, tmp_path: Path) -> None:
    finding = only(pkg703.RULE, facts_of(tmp_path, "tuning: qlora"))
    assert "not installed" in finding.message.en and "tuning: lora" in str(finding.fix)
    for tuning in ("lora", "dora", "full"):
        assert findings(pkg703.RULE, facts_of(tmp_path, f"tuning: {tuning}")) == []


def test_a_flash_attn_that_was_asked_for_is_tried(site: Path, tmp_path: Path) -> None:
    add(site, "transformers")
    add(site, "flash-attn")
    (site / "transformers-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: transformers\nVersion: 5.23.0\n"
    )
    asked = facts_of(tmp_path, "attn_implementation: flash_attention_2").goal
    with looking(tmp_path, {}) as context:
        assert "flash-attn" in imports.touching(replace(context, goal=asked))
        plain = replace(asked, packages={})
        assert "flash-attn" not in imports.touching(replace(context, goal=plain))


# --- PKG707 -------------------------------------------------------------------------------------------


def qlora(facts: Facts) -> Facts:
    return replace(facts, goal=replace(facts.goal, training=Workload(tuning="qlora")))


def told(facts: Facts, device: str) -> Facts:
    return with_setting(facts, "QTUNE_DEVICE", device, env_line("QTUNE_DEVICE", 1))


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_another_device_cannot_keep_weights_in_four_bits(device: str) -> None:
    finding = only(pkg707.RULE, told(qlora(healthy()), device))
    assert finding.severity is Severity.ERROR and device in finding.message.en
    assert "tuning: lora" in str(finding.fix)


def test_a_gpu_that_torch_sees_is_what_it_needs() -> None:
    assert findings(pkg707.RULE, qlora(healthy())) == []
    assert findings(pkg707.RULE, told(healthy(), "cpu")) == []


@pytest.mark.triggers("PKG707")
@pytest.mark.spares("PKG707")
@pytest.mark.parametrize(("tuning", "code"), [("qlora", 1), ("lora", 0)])
def test_the_doctor_says_so_of_a_run_config(tmp_path: Path, tuning: str, code: int) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "train.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    (tmp_path / ".env").write_text("QTUNE_DEVICE=cpu\n")
    (tmp_path / "sft.yaml").write_text(f"data: train.jsonl\nmodel: a/b\ntuning: {tuning}\n")
    done = shell.qtune("doctor", "sft.yaml", "--offline", "--only", "PKG707")
    assert done.returncode == code, done.stdout + done.stderr
    assert ("PKG707" in done.stdout) == bool(code)
