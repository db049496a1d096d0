"""DSK606: files that are not whole, in a real cache and a real folder."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.doctor.facts import Goal, Known, ModelFolder
from qtune.doctor.finding import Severity
from qtune.doctor.probes import cached
from qtune.doctor.probes.weights import broken
from qtune.doctor.rules.dsk import dsk606
from tests.doctor.build import healthy
from tests.doctor.examining import Machine, at_loopback, codes, only
from tests.doctor.probes.looking import NOTHING, looking
from tests.doctor.rules.judging import only as sole
from tests.doctor.rules.roads import told
from tests.hub import weights

COMMIT = "c" * 40
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:1f2f3a0b7d8f0e3a5f1c9f0c0a4f4e6d1b2c3d4e5f60718293a4b5c6d7e8f901\nsize 4967215360\n"
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    project = tmp_path / "project"
    project.mkdir()
    hub, modelscope = str(tmp_path / "hub"), str(tmp_path / "modelscope")
    with at_loopback(project, HF_HUB_CACHE=hub, MODELSCOPE_CACHE=modelscope) as machine:
        yield machine


def snapshot(machine: Machine, name: str, data: bytes, *, branch: bool = True) -> Path:
    """A file of the model as huggingface_hub keeps it."""
    repo = Path(machine.environ["HF_HUB_CACHE"]) / "models--Qwen--Qwen3-4B"
    for folder in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (repo / folder).mkdir(parents=True, exist_ok=True)
    if branch:
        (repo / "refs/main").write_text(COMMIT)
    blob = repo / "blobs" / f"{len(list((repo / 'blobs').iterdir())):064x}"
    blob.write_bytes(data)
    (repo / f"snapshots/{COMMIT}/{name}").symlink_to(f"../../blobs/{blob.name}")
    return repo


def age(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - 7200,) * 2)


WHOLE = weights.of_size(("weight",), 4096, seed=1)


@pytest.mark.triggers("DSK606")
@pytest.mark.parametrize("data", [WHOLE[:-1], WHOLE[:100], WHOLE[:5], b""])
def test_a_weight_file_that_was_cut_off(machine: Machine, data: bytes) -> None:
    """SafetensorError: HeaderTooLarge, and ModelScope's e3b0c442…: the hash of an empty file (case 9)."""
    snapshot(machine, "model.safetensors", data)
    finding = only(machine.examine(only=("DSK606",)), "DSK606")
    assert finding.severity is Severity.WARNING, "the download makes it good"
    assert "model.safetensors" in finding.message.en and "not whole" in finding.message.en
    offline = machine.examine(only=("DSK606",), HF_HUB_OFFLINE="1")
    assert only(offline, "DSK606").severity is Severity.ERROR


@pytest.mark.spares("DSK606")
def test_whole_files_old_snapshots_and_others_partial_files_are_fine(machine: Machine) -> None:
    repo = snapshot(machine, "model.safetensors", WHOLE)
    snapshot(machine, "config.json", b"{}")
    (repo / "blobs" / f"{'e' * 64}.incomplete").write_bytes(b"x" * 100)  # being written just now
    (repo / ".qtune/partial").mkdir(parents=True)
    (repo / ".qtune/partial" / f"{'f' * 64}.part").write_bytes(b"x" * 100)
    age(repo / ".qtune/partial" / f"{'f' * 64}.part")
    assert codes(machine.examine(only=("DSK606",))) == []
    snapshot(machine, "old.safetensors", WHOLE[:100])
    assert codes(machine.examine(only=("DSK606",))) == ["DSK606"]
    (repo / "refs/main").write_text("d" * 40)  # the branch went on; nobody loads the old one
    assert codes(machine.examine(only=("DSK606",))) == []


@pytest.mark.triggers("DSK606")
def test_pointers_in_a_folder_that_git_cloned_without_lfs(machine: Machine) -> None:
    folder = machine.project / "Qwen3-4B"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model-00001-of-00002.safetensors").write_bytes(POINTER)
    (folder / "model-00002-of-00002.safetensors").write_bytes(POINTER)
    found = look(machine, folder)
    assert [(file.why, file.wanted) for file in found.broken] == [("pointer", 4967215360)] * 2

    facts = healthy(model=Known(found))
    facts = replace(facts, goal=replace(facts.goal, model=str(folder), local=True))
    finding = sole(dsk606.RULE, facts)
    assert finding.severity is Severity.ERROR and "Git LFS" in finding.message.en
    assert "5.0 GB" in told(finding)
    assert finding.fix is not None and finding.fix.command.endswith("lfs pull")


def look(machine: Machine, folder: Path) -> ModelFolder:
    with looking(machine.project, machine.environ) as context:
        goal = Goal("train", str(folder), local=True)
        return cached.probe(replace(context, goal=goal), NOTHING).value


@pytest.mark.triggers("DSK606")
@pytest.mark.parametrize("place", ["hub/._____temp", "models/._____temp", "hub/models/._____temp"])
def test_what_modelscopes_client_left_when_it_was_cut_off(machine: Machine, place: str) -> None:
    """Case 8: FileNotFoundError ._____temp/…/config.json."""
    left = Path(machine.environ["MODELSCOPE_CACHE"]) / place / "Qwen/Qwen3-4B"
    left.mkdir(parents=True)
    (left / "config.json").write_bytes(b"{")
    (left / "model.safetensors").write_bytes(b"")
    assert codes(machine.examine(only=("DSK606",))) == [], "it may be at work just now"
    age(*left.iterdir())
    finding = only(machine.examine(only=("DSK606",)), "DSK606")
    assert finding.severity is Severity.INFO and str(left) in finding.message.en
    assert finding.fix is not None and finding.fix.command == f'rm -r "{left}"'


@pytest.mark.triggers("DSK606")
def test_what_huggingface_hub_left_when_it_was_cut_off(machine: Machine) -> None:
    repo = snapshot(machine, "config.json", b"{}")
    left = repo / "blobs" / f"{'e' * 64}.incomplete"
    left.write_bytes(b"x" * 2_000_000)
    age(left)
    finding = only(machine.examine(only=("DSK606",)), "DSK606")
    assert finding.severity is Severity.INFO and "2.0 MB" in finding.message.en


def header(listed: object, tail: int = 0) -> bytes:
    text = json.dumps(listed).encode()
    return len(text).to_bytes(8, "little") + text + b"\0" * tail


@pytest.mark.parametrize(
    "data",
    [
        header({}),
        header({"__metadata__": {"format": "pt"}}),
        header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, 4),
        header([]),
        header({"a": 1}, 9),
        header({"a": {"data_offsets": ["x", "y"]}}, 9),
        b"\xff" * 64,
        b"\x05\0\0\0\0\0\0\0nojso",
        b"[" * 100,
    ],
)
def test_what_is_whole_or_cannot_be_told_is_not_called_broken(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    assert broken(path) is None


def test_a_header_that_is_cut_off_counts_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(header({"a": {"data_offsets": [0, 4]}})[:20])
    found = broken(path)
    assert found is not None and found.wanted is not None and found.wanted > found.bytes
    assert broken(tmp_path / "nowhere.safetensors") is None
    assert broken(tmp_path) is None
