"""`qtune download --repo-type dataset`: the same command for what a model is trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Shell
from tests.hub import Hub, World, worlds
from tests.hub.sdk import contents


@pytest.fixture
def alpaca(hub: Hub) -> None:
    hub.site.world = World.of([worlds.alpaca()], worlds.USERS)


@pytest.mark.parametrize(
    "asked",
    [
        ("--repo-type", "dataset", worlds.ALPACA),
        (f"https://huggingface.co/datasets/{worlds.ALPACA}/tree/main",),
        ("--repo-type=dataset", f"https://modelscope.cn/datasets/{worlds.ALPACA}"),
    ],
    ids=["option", "address", "both"],
)
def test_a_dataset_is_fetched_by_its_name_or_its_pages_address(
    online: Shell, hub: Hub, home: Path, alpaca: None, asked: tuple[str, ...]
) -> None:
    done = online.qtune("download", *asked)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert Path(line).is_relative_to(
        home / ".cache/huggingface/hub/datasets--tatsu-lab--alpaca/snapshots"
    )
    assert contents(Path(line)) == dict(sorted(worlds.alpaca().files.items()))
    assert not [r for r in hub.requests if "models" in r.path]


def test_a_model_is_meant_unless_it_is_said(online: Shell, hub: Hub, alpaca: None) -> None:
    done = online.qtune("download", worlds.ALPACA)
    assert done.returncode == 1
    assert "--repo-type dataset" in done.stderr
    assert not [r for r in hub.requests if "datasets" in r.path]


def test_there_is_no_default_dataset(online: Shell, hub: Hub) -> None:
    done = online.qtune("download", "--repo-type", "dataset")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no dataset was named" in done.stderr
    assert hub.requests == []


def test_the_address_of_a_dataset_is_no_model_to_train(online: Shell) -> None:
    done = online.qtune("doctor", f"https://huggingface.co/datasets/{worlds.ALPACA}", "--offline")
    assert done.returncode == 2
    assert f"qtune download --repo-type dataset {worlds.ALPACA}" in done.stderr


def test_a_damaged_dataset_is_found_removed_and_fetched_again_as_one(
    online: Shell, alpaca: None
) -> None:
    again = ("download", "--repo-type", "dataset", worlds.ALPACA)
    folder = Path(online.qtune(*again).stdout.strip())
    (folder / "data/test.jsonl").resolve().write_bytes(b"x" * 800)
    found = online.qtune("cache", "verify", f"datasets/{worlds.ALPACA}", "--fix")
    assert found.returncode == 1
    assert f"`qtune {' '.join(again)}`" in found.stderr
    assert online.qtune(*again).returncode == 0
    assert contents(folder) == dict(sorted(worlds.alpaca().files.items()))
