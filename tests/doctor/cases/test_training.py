"""Cases 31 to 45, as far as they can be decided before a training."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "train.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    return Shell(tmp_path)


def examined(shell: Shell, *lines: str) -> subprocess.CompletedProcess[str]:
    (shell.folder / "sft.yaml").write_text("\n".join(["data: train.jsonl", *lines, ""]))
    return shell.qtune("doctor", "sft.yaml", "--offline", "--only", "cfg")


@pytest.mark.triggers("CFG008")
def test_case_37_a_checkpoint_without_the_optimizer_is_refused_before_it_cannot_be_resumed(
    shell: Shell,
) -> None:
    done = examined(shell, "training: {save_only_model: true}")
    assert done.returncode == 1
    assert "CFG008" in done.stdout and "sft.yaml:2" in done.stdout


@pytest.mark.triggers("CFG012")
@pytest.mark.parametrize("written", ["eval_strategy: steps", "do_eval: true"])
def test_case_38_an_evaluation_that_would_not_fit_is_refused_at_its_line(
    shell: Shell, written: str
) -> None:
    done = examined(shell, f"training: {{{written}}}")
    assert done.returncode == 1
    assert ("CFG012" in done.stdout) or ("CFG008" in done.stdout)


@pytest.mark.triggers("CFG012")
@pytest.mark.spares("CFG012")
def test_case_39_packing_that_wants_another_attention_is_refused_and_auto_is_not(
    shell: Shell,
) -> None:
    done = examined(shell, "packing: true")
    assert done.returncode == 1 and "CFG012" in done.stdout
    assert examined(shell, "packing: auto").returncode == 0
