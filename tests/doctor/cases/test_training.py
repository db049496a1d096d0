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


@pytest.mark.triggers("CFG008", "CFG010")
@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("eval_accumulation_steps: 4", "CFG008"),
        ("include_for_metrics: [inputs]", "CFG008"),
        ("do_eval: true", "CFG008"),
        ("eval_strategy: steps", "CFG010"),
    ],
)
def test_case_38_an_evaluation_that_would_not_fit_is_refused_at_its_line(
    shell: Shell, written: str, code: str
) -> None:
    done = examined(shell, f"training: {{{written}}}")
    assert done.returncode == 1
    assert code in done.stdout and "sft.yaml:2" in done.stdout


def test_case_39_packing_wants_no_other_attention(shell: Shell) -> None:
    for attention in ("eager", "sdpa", "auto"):
        done = examined(shell, "packing: true", f"attn_implementation: {attention}")
        assert done.returncode == 0, done.stdout
