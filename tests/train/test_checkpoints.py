"""A checkpoint is whole or it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.train import checkpoints


def save(run: Path, step: int, content: bytes = b"weights") -> Path:
    staged = run / checkpoints.STAGING / f"checkpoint-{step}"
    staged.mkdir(parents=True)
    (staged / "optimizer.pt").write_bytes(content)
    (staged / "trainer_state.json").write_text("{}")
    folder = run / f"checkpoint-{step}"
    checkpoints.commit(staged, folder)
    return folder


def test_the_newest_whole_checkpoint_is_found(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        save(tmp_path, step)
    found = checkpoints.find(tmp_path)
    assert (found.newest, found.step, found.removed) == (tmp_path / "checkpoint-100", 100, ())


@pytest.mark.parametrize("damage", ["truncated", "changed", "missing", "unsealed", "bad seal"])
def test_a_torn_checkpoint_is_removed_and_named(tmp_path: Path, damage: str) -> None:
    save(tmp_path, 5)
    torn = save(tmp_path, 10)
    if damage == "truncated":
        (torn / "optimizer.pt").write_bytes(b"weigh")
    elif damage == "changed":
        (torn / "optimizer.pt").write_bytes(b"weightz")
    elif damage == "missing":
        (torn / "trainer_state.json").unlink()
    elif damage == "unsealed":
        (torn / checkpoints.SEAL).unlink()
    else:
        (torn / checkpoints.SEAL).write_text('{"files": 3}')
    found = checkpoints.find(tmp_path)
    assert (found.step, found.removed) == (5, ("checkpoint-10",))
    assert not torn.exists()


def test_what_a_kill_left_behind_is_cleared_away(tmp_path: Path) -> None:
    save(tmp_path, 5)
    half = tmp_path / checkpoints.STAGING / "checkpoint-10"
    half.mkdir(parents=True)
    (half / "optimizer.pt").write_bytes(b"half")
    assert checkpoints.find(tmp_path).step == 5
    assert not (tmp_path / checkpoints.STAGING).exists()


def test_a_whole_checkpoint_is_not_replaced_and_a_torn_one_is(tmp_path: Path) -> None:
    folder = save(tmp_path, 5, b"first")
    save(tmp_path, 5, b"second")
    assert (folder / "optimizer.pt").read_bytes() == b"first"
    (folder / "optimizer.pt").write_bytes(b"")
    save(tmp_path, 5, b"third")
    assert (folder / "optimizer.pt").read_bytes() == b"third"


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (2, 4, 10):
        save(tmp_path, step)
    checkpoints.rotate(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.glob("checkpoint-*")) == [
        "checkpoint-10",
        "checkpoint-4",
    ]
    checkpoints.rotate(tmp_path, None)
    assert len(list(tmp_path.glob("checkpoint-*"))) == 2
