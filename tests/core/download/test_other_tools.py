"""The hubs' own clients and qtune use each other's work, whole or killed in the middle, in both directions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.core.download.downloading import (
    FROM_HF,
    FROM_MS,
    Changes,
    contents,
    expected,
    get,
    repo_folder,
)
from tests.hub import Fault, Hub, Repo, sdk, weights
from tests.hub.http import Request

MEBI = 1 << 20
ID = "acme/tiny.qwen3"
OFFLINE: Changes = {
    "HF_HUB_OFFLINE": "1",
    "HF_ENDPOINT": "http://127.0.0.1:9",
    "MODELSCOPE_ENDPOINT": "http://127.0.0.1:9",
}
SHARD = "model-00001-of-00002.safetensors"


def _tiny() -> Repo:
    """A Qwen3 that transformers loads, in two shards of 1 MB."""
    vocab, width, inner, heads, head = 8192, 64, 2048, 4, 16
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocab, width)}
    layer = {
        "input_layernorm.weight": (width,),
        "post_attention_layernorm.weight": (width,),
        "self_attn.q_proj.weight": (heads * head, width),
        "self_attn.k_proj.weight": (heads * head, width),
        "self_attn.v_proj.weight": (heads * head, width),
        "self_attn.o_proj.weight": (width, heads * head),
        "self_attn.q_norm.weight": (head,),
        "self_attn.k_norm.weight": (head,),
        "mlp.gate_proj.weight": (inner, width),
        "mlp.up_proj.weight": (inner, width),
        "mlp.down_proj.weight": (width, inner),
    }
    second: dict[str, tuple[int, ...]] = {f"model.layers.0.{k}": v for k, v in layer.items()}
    second["model.norm.weight"] = (width,)
    names = (SHARD, "model-00002-of-00002.safetensors")
    shards = {
        names[0]: weights.safetensors(shapes, seed=1),
        names[1]: weights.safetensors(second, seed=2),
    }
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocab,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": 1,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": head,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
    }
    weight_map = dict.fromkeys(shapes, names[0]) | dict.fromkeys(second, names[1])
    index = {"metadata": {"total_size": sum(map(len, shards.values()))}, "weight_map": weight_map}
    return Repo(
        ID,
        {
            "README.md": b"# tiny\n",
            "config.json": json.dumps(config).encode(),
            "model.safetensors.index.json": json.dumps(index).encode(),
            **shards,
        },
    )


REPO = _tiny()
BODIES = sum(f.size for f in REPO.entries.values())


@pytest.fixture
def tiny() -> Iterator[Hub]:
    with Hub([REPO]) as hub:
        yield hub


def _qtune(hub: Hub, home: Path, source: Changes) -> Path:
    """A download by qtune beside the clients, which have their caches in the same home."""
    found = get(hub, home, ID, MODELSCOPE_CACHE=str(home / "modelscope"), **source)
    assert contents(found.path) == expected(REPO)
    return found.path


def _sent(hub: Hub) -> int:
    """Bytes of files, not of listings, that any origin sent."""
    return sum(
        request.body_bytes_sent
        for request in hub.seen(method="GET")
        if request.status in (200, 206) and _is_file(request)
    )


def _is_file(request: Request) -> bool:
    """Small files of Hugging Face come from /resolve-cache/; ModelScope names them behind the question mark."""
    path, origin = request.path, request.origin
    return origin.endswith("cdn") or "/resolve" in path or "FilePath" in request.query


def _run(home: Path, hub: Hub, code: str, **changes: str) -> sdk.Outcome:
    outcome = sdk.python(code, sdk.environ(hub, home, **changes), home)
    assert outcome.error is None, outcome.output
    return outcome


@pytest.mark.slow
@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_after_qtune_transformers_loads_the_model_by_its_name_offline(
    tiny: Hub, tmp_path: Path, source: Changes
) -> None:
    path = _qtune(tiny, tmp_path, source)
    tiny.forget()
    code = f"""
import torch
from huggingface_hub import snapshot_download
from transformers import AutoModelForCausalLM
path = snapshot_download({ID!r}, local_files_only=True)
model = AutoModelForCausalLM.from_pretrained({ID!r})
logits = model(torch.tensor([[1, 2, 3]])).logits
done([path, type(model).__name__, list(logits.shape), bool(torch.isfinite(logits).all())])
"""
    found, name, shape, finite = _run(tmp_path, tiny, code, **OFFLINE).value
    assert Path(found) == path
    assert (name, shape, finite) == ("Qwen3ForCausalLM", [1, 3, 8192], True)
    assert tiny.requests == []


def test_after_qtune_the_commands_of_huggingface_hub_find_everything(
    tiny: Hub, tmp_path: Path
) -> None:
    path = _qtune(tiny, tmp_path, FROM_HF)
    tiny.forget()
    offline = sdk.hf_command(tiny, tmp_path, "download", ID, **OFFLINE)
    assert offline.returncode == 0, offline.stderr
    assert str(path) in offline.stdout
    assert tiny.requests == []
    online = sdk.hf_command(tiny, tmp_path, "download", ID)
    assert online.returncode == 0, online.stderr
    assert str(path) in online.stdout
    assert _sent(tiny) == 0


def test_after_a_filtered_download_the_same_filter_finds_it(tiny: Hub, tmp_path: Path) -> None:
    found = get(tiny, tmp_path, ID, include=["*.json"], **FROM_HF)
    tiny.forget()
    code = f"""
from huggingface_hub import snapshot_download
done(snapshot_download({ID!r}, allow_patterns=["*.json"], local_files_only=True))
"""
    path = Path(_run(tmp_path, tiny, code, **OFFLINE).value)
    assert path == found.path
    assert sorted(contents(path)) == ["config.json", "model.safetensors.index.json"]
    assert tiny.requests == []


def test_after_qtune_modelscopes_client_finds_the_model_offline_and_fetches_nothing_online(
    tiny: Hub, tmp_path: Path
) -> None:
    _qtune(tiny, tmp_path, FROM_MS)
    tiny.forget()
    code = f"""
from modelscope import snapshot_download
from modelscope_hub import HubApi
done([snapshot_download({ID!r}, local_files_only=True),
      str(HubApi().download_file({ID!r}, "model", "config.json", local_files_only=True))])
"""
    folder, config = map(Path, _run(tmp_path, tiny, code, **OFFLINE).value)
    assert folder == tmp_path / "modelscope/models/acme--tiny.qwen3/snapshots/master"
    assert contents(folder) == expected(REPO)
    assert config == folder / "config.json"
    assert tiny.requests == []
    links = {path: os.readlink(path) for path in folder.iterdir()}  # noqa: PTH115 (the text)
    online = _modelscope_command(tiny, tmp_path, "download", ID)
    assert online.returncode == 0, online.stdout + online.stderr
    assert _sent(tiny) == 0
    assert {p: os.readlink(p) for p in folder.iterdir()} == links  # noqa: PTH115 (the text)


def test_a_newer_version_of_modelscopes_client_replaces_the_links_and_not_the_blobs(
    tiny: Hub, tmp_path: Path
) -> None:
    _qtune(tiny, tmp_path, FROM_MS)
    newer = Repo(ID, {**REPO.files, "config.json": REPO.files["config.json"] + b"\n"})
    tiny.change([newer])
    outcome = sdk.ms_snapshot(tiny, tmp_path, ID)
    assert outcome.error is None, outcome.output
    folder = Path(outcome.value)
    assert contents(folder) == expected(newer)
    assert not (folder / "config.json").is_symlink()
    assert (folder / SHARD).is_symlink()
    tiny.change([REPO])
    assert contents(_qtune(tiny, tmp_path, FROM_MS)) == expected(REPO)
    tiny.change([newer])
    tiny.forget()
    found = get(tiny, tmp_path, ID, MODELSCOPE_CACHE=str(tmp_path / "modelscope"), **FROM_MS)
    assert contents(found.path) == expected(newer)
    assert _sent(tiny) == 0  # the one new file was in ModelScope's cache


@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_what_modelscopes_client_downloaded_is_not_fetched_again(
    tiny: Hub, tmp_path: Path, source: Changes
) -> None:
    outcome = sdk.ms_snapshot(tiny, tmp_path, ID)
    assert outcome.error is None, outcome.output
    theirs = Path(outcome.value)
    tiny.forget()
    _qtune(tiny, tmp_path, source)
    assert _sent(tiny) == 0
    assert contents(theirs) == expected(REPO)
    assert not any(path.is_symlink() for path in theirs.iterdir())


@pytest.mark.parametrize(
    ("client", "source"), [("huggingface_hub", FROM_HF), ("modelscope", FROM_MS)]
)
def test_of_what_a_client_filtered_only_the_rest_is_fetched(
    tiny: Hub, tmp_path: Path, client: str, source: Changes
) -> None:
    code = f"""
from {client} import snapshot_download
done(snapshot_download({ID!r}, allow_patterns=[{SHARD!r}]))
"""
    _run(tmp_path, tiny, code)
    tiny.forget()
    _qtune(tiny, tmp_path, source)
    assert _sent(tiny) == BODIES - REPO.entries[SHARD].size


def test_into_a_local_folder_goes_what_lies_in_either_cache(tiny: Hub, tmp_path: Path) -> None:
    outcome = sdk.ms_snapshot(tiny, tmp_path, ID)
    assert outcome.error is None, outcome.output
    tiny.forget()
    local, own = tmp_path / "model", str(tmp_path / "modelscope")
    get(tiny, tmp_path, ID, local_dir=local, MODELSCOPE_CACHE=own, **FROM_MS)
    assert contents(local) == expected(REPO)
    assert _sent(tiny) == 0


# Both clients write what has come in blocks, huggingface_hub's of 10 MiB.
LARGE = Repo(ID, {**REPO.files, "more.safetensors": weights.of_size(("more",), 24 * MEBI, seed=4)})
MORE = LARGE.entries["more.safetensors"]


def _killed(
    hub: Hub, home: Path, code: str, begun: Callable[[], int], least: int, **changes: str
) -> int:
    """Runs `code` until `begun` bytes are on the disk, and kills it; how many there were."""
    origin = "*cdn"
    slow = hub.fault(Fault("slow", origin, method="GET", bytes_per_second=4 * MEBI))
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=sdk.environ(hub, home, **changes),
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while begun() < least and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    hub.lift(slow)
    assert least <= begun() < MORE.size
    hub.forget()
    return begun()


def _bytes_in(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern)) if folder.is_dir() else 0


def _finish(hub: Hub, home: Path, source: Changes, had: int) -> None:
    """Everything but what was begun is sent, and nothing of that."""
    found = get(hub, home, ID, MODELSCOPE_CACHE=str(home / "modelscope"), **source)
    assert contents(found.path) == expected(LARGE)
    missing = MORE.size - had
    sent = sum(r.body_bytes_sent for r in hub.seen("*cdn", method="GET") if _is_more(r.path))
    # What a connection had in flight when another took over its rest was sent for nothing.
    assert missing <= sent <= missing + 4 * MEBI


def _is_more(path: str) -> bool:
    return path.endswith((MORE.sha256, MORE.path))


@pytest.mark.skipif(sys.platform == "win32", reason="the way of killing it is POSIX's")
@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_what_huggingface_hub_was_killed_over_is_gone_on_with(
    tmp_path: Path, source: Changes
) -> None:
    blobs = repo_folder(tmp_path, ID) / "blobs"
    with Hub([LARGE]) as hub:
        code = f"from huggingface_hub import snapshot_download; snapshot_download({ID!r})"
        pattern = f"{MORE.sha256}*.incomplete"
        had = _killed(hub, tmp_path, code, lambda: _bytes_in(blobs, pattern), 10 * MEBI)
        _finish(hub, tmp_path, source, had)


@pytest.mark.skipif(sys.platform == "win32", reason="the way of killing it is POSIX's")
@pytest.mark.parametrize("workers", ["1", "4"])
def test_what_modelscopes_client_was_killed_over_is_gone_on_with(
    tmp_path: Path, workers: str
) -> None:
    folder = tmp_path / "modelscope/models/acme--tiny.qwen3/snapshots/master"
    with Hub([LARGE]) as hub:
        code = f"from modelscope import snapshot_download; snapshot_download({ID!r})"
        parallel: Changes = {
            "MODELSCOPE_DOWNLOAD_PARALLEL_WORKERS": workers,
            "MODELSCOPE_DOWNLOAD_PARALLEL_THRESHOLD_MB": "8",
            "MODELSCOPE_DOWNLOAD_PART_SIZE_MB": "6",
        }
        pattern = "more.safetensors.incomplete" if workers == "1" else "more.safetensors_*_*"
        begun = lambda: _bytes_in(folder, pattern)  # noqa: E731 (read again and again)
        had = _killed(hub, tmp_path, code, begun, 8 * MEBI, **parallel)
        if workers == "4":
            assert len(list(folder.glob(pattern))) > 1
        _finish(hub, tmp_path, FROM_MS, had)


@pytest.mark.parametrize("program", ["huggingface_hub", "modelscope"])
def test_a_beginning_with_wrong_bytes_costs_no_more_than_itself(
    tmp_path: Path, program: str
) -> None:
    wrong = bytearray(MORE.data[: 8 * MEBI])
    wrong[5 * MEBI] ^= 1
    begun = {
        "huggingface_hub": repo_folder(tmp_path, ID) / f"blobs/{MORE.sha256}.0a1b2c3d.incomplete",
        "modelscope": tmp_path / f"modelscope/models/acme/tiny___qwen3/{MORE.path}.incomplete",
    }[program]
    begun.parent.mkdir(parents=True)
    begun.write_bytes(wrong)
    with Hub([LARGE]) as hub:
        _finish(hub, tmp_path, FROM_MS, 0)
    assert begun.read_bytes() == wrong


def _modelscope_command(
    hub: Hub, home: Path, *arguments: str, **changes: str
) -> subprocess.CompletedProcess[str]:
    """The real `modelscope` command line."""
    entry = "import sys; from modelscope_hub.cli.main import run_cmd; sys.argv[0] = 'modelscope'; run_cmd()"
    return subprocess.run(
        [sys.executable, "-c", entry, *arguments],
        env=sdk.environ(hub, home, **changes),
        cwd=home,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=sdk.TIMEOUT,
        check=False,
    )
