"""The ready-made worlds hold what their names say, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import safetensors

from tests.hub import Hub, Repo, sdk, weights, worlds
from tests.hub.worlds import LLAMA, QWEN


def tensors_of(data: bytes) -> dict[str, dict[str, Any]]:
    """As the library itself reads them."""
    return dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("size", [0, 1000, 1_000_000])
def test_weights_are_valid_safetensors_of_about_the_size(size: int) -> None:
    data = weights.of_size(("a.weight", "b.weight"), size, seed=7)
    tensors = tensors_of(data)
    assert tensors.keys() == {"a.weight", "b.weight"}
    assert {tensor["dtype"] for tensor in tensors.values()} == {"BF16"}
    assert abs(len(data) - size) < 1024
    for tensor in tensors.values():
        high = bytes(tensor["data"])[1::2]
        assert set(high) <= {0x3B, 0xBB}  # small numbers of either sign, never NaN


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert weights.of_size(("w",), 5000, 1) == weights.of_size(("w",), 5000, 1)
    assert weights.of_size(("w",), 5000, 1) != weights.of_size(("w",), 5000, 2)
    assert worlds.qwen3().commit == worlds.qwen3().commit
    assert worlds.qwen3(10_000).commit != worlds.qwen3(20_000).commit


def test_qwen_is_the_same_on_both_hubs_and_its_index_fits_its_shards() -> None:
    world = worlds.demo()
    qwen = world.repo("hf", QWEN)
    assert qwen is not None
    assert qwen is world.repo("ms", QWEN)
    index = json.loads(qwen.files["model.safetensors.index.json"])
    for name, shard in index["weight_map"].items():
        assert name in tensors_of(qwen.files[shard])
    assert json.loads(qwen.files["config.json"])["model_type"] == "qwen3"


def test_llama_has_another_name_on_modelscope_and_no_gate_there() -> None:
    world = worlds.demo()
    assert world.repo("ms", LLAMA) is None
    there, here = world.repo("ms", worlds.LLAMA_ON_MODELSCOPE), world.repo("hf", LLAMA)
    assert there is not None
    assert here is not None
    assert there.files == here.files
    assert (here.gated, there.gated) == ("auto", False)


def test_every_state_of_access_has_its_user_and_every_token_is_unique() -> None:
    states = {user.name: user for user in worlds.USERS}
    assert LLAMA in states["alice"].accepted
    assert LLAMA in states["carol"].pending
    assert LLAMA in states["dave"].rejected
    tokens = [token.value for user in worlds.USERS for token in user.tokens]
    assert len(tokens) == len(set(tokens))
    assert worlds.UNKNOWN not in tokens


def test_file_names_of_content_are_those_of_git(tmp_path: Path) -> None:
    repo = Repo("a/b", {"x.txt": b"hello\n", "w.bin": b"weights"})
    small, large = repo.entries["x.txt"], repo.entries["w.bin"]
    assert small.git_sha1 == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert small.etag == small.git_sha1
    assert large.etag == large.sha256 == hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "pointer").write_bytes(large.pointer)
    asked = subprocess.run(
        ["git", "hash-object", "pointer"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert large.git_sha1 == asked.stdout.strip()


def test_an_empty_repository_is_served_too(tmp_path: Path) -> None:
    with Hub([Repo("acme/empty", {})]) as hub:
        outcome = sdk.python(
            "from huggingface_hub import HfApi\ndone(HfApi().list_repo_files('acme/empty'))",
            sdk.environ(hub, tmp_path),
            tmp_path,
        )
        assert outcome.value == []


def test_a_listing_of_thousands_is_read_whole_by_the_client(tmp_path: Path) -> None:
    with Hub([worlds.huge(2500)]) as hub:
        outcome = sdk.python(
            "from huggingface_hub import HfApi\n"
            "done(len(list(HfApi().list_repo_tree('mallory/huge', recursive=True))))",
            sdk.environ(hub, tmp_path),
            tmp_path,
        )
        assert outcome.value == 2500 + 3 + 1  # three folders of a thousand, and data/
        assert len(hub.seen("hf", "*/tree/*")) == 3
