"""--nproc and its company: what is refused, what the dry run tells, and how GPUs are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtune.commands import ranks
from tests.commands.conftest import Shell


@pytest.fixture
def config(shell: Shell) -> Path:
    row = json.dumps({"instruction": "say it", "output": "it"}) + "\n"
    (shell.folder / "train.jsonl").write_text(row * 40, "utf-8")
    path = shell.folder / "sft.yaml"
    path.write_text("model: quickstart\ndata: train.jsonl\n", "utf-8")
    return path


def test_the_dry_run_tells_the_processes_and_that_the_steps_stay(
    shell: Shell, config: Path
) -> None:
    alone = shell.qtune("run", "sft.yaml", "--dry-run").stdout
    done = shell.qtune("run", "sft.yaml", "--dry-run", "--nproc", "4")
    assert done.returncode == 0, done.stderr
    assert "8 rows a step, dealt out to 4 processes" in done.stdout
    assert "dealt out" not in alone
    steps = [line for line in alone.splitlines() if line.startswith("steps")]
    assert steps and steps == [line for line in done.stdout.splitlines() if line[:5] == "steps"]


def test_the_dry_run_tells_the_machines(shell: Shell, config: Path) -> None:
    given = ("--nproc", "2", "--nnodes", "3", "--node-rank", "1", "--rdzv-endpoint", "a.lan:29500")
    done = shell.qtune("run", "sft.yaml", "--dry-run", *given, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert "dealt out to 6 processes" in done.stdout
    assert "2 on each of 3 machines, which meet at a.lan:29500" in done.stdout


def test_without_a_gpu_auto_is_one_process(shell: Shell, config: Path) -> None:
    done = shell.qtune("run", "sft.yaml", "--dry-run", "--nproc", "auto", QTUNE_DEVICE="cpu")
    assert done.returncode == 0, done.stderr
    assert "dealt out" not in done.stdout


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--nproc", "0"), "'0' is neither a number nor auto"),
        (("--nproc", "many"), "'many' is neither a number nor auto"),
        (("--nnodes", "2"), "--nnodes needs --rdzv-endpoint HOST:PORT"),
        (("--nnodes", "2", "--rdzv-endpoint", "node0"), "'node0' is not HOST:PORT"),
        (("--nnodes", "2", "--rdzv-endpoint", ":29500"), "is not HOST:PORT"),
        (("--nnodes", "2", "--rdzv-endpoint", "a:70000"), "is not HOST:PORT"),
        (
            ("--nnodes", "2", "--rdzv-endpoint", "a:1", "--node-rank", "2"),
            "2: of 2 machines the last is 1",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    shell: Shell, config: Path, given: tuple[str, ...], words: str
) -> None:
    done = shell.qtune("run", "sft.yaml", "--dry-run", *given, COLUMNS="200")
    assert done.returncode == 2
    assert words in done.stderr


@pytest.mark.parametrize(
    ("listed", "cards", "expected"),
    [
        (None, 4, 4),
        ("", 4, 0),
        ("0,1", 4, 2),
        (" 1 , 3 ", 4, 2),
        ("1,-1,2", 4, 1),  # CUDA stops at the first that is not one
        ("0,9", 4, 1),
        ("2,2", 4, 0),
        ("GPU-8932f937,GPU-11111111", 4, 2),
        ("0,1", 0, 0),
    ],
)
def test_visible_cards_are_counted_as_cuda_counts_them(
    listed: str | None, cards: int, expected: int
) -> None:
    assert ranks.count(listed, cards) == expected
