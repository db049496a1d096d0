"""Ready-made worlds: Qwen3 on both hubs, a gated Llama, and a user for every state of access."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.hub import weights
from tests.hub.world import Repo, Scope, Token, User, World

QWEN = "Qwen/Qwen3-4B"
LLAMA = "meta-llama/Llama-2-7b-hf"
LLAMA_ON_MODELSCOPE = "LLM-Research/Llama-2-7b-hf"
REVIEWED = "meta-llama/Llama-4-Reviewed"  # gated, each request decided by hand
PRIVATE = "acme/private-model"
DISABLED = "acme/taken-down"
REGIONAL = "acme/not-here"
SMALL = "qtune-tests/tiny-model"  # a few files of a few bytes
ALPACA = "tatsu-lab/alpaca"  # a dataset


def hf_token(letter: str) -> str:
    """A token of the right shape: hf_ and 34 letters, told apart by one letter."""
    return "hf_" + letter * 34


GOOD = hf_token("a")  # read, every licence accepted
NO_LICENCE = hf_token("b")
PENDING = hf_token("c")
REJECTED = hf_token("d")
FINE_GRAINED = hf_token("e")  # of the user with the licences, without the gated permission
FINE_GRAINED_GATED = hf_token("f")  # with it
FINE_GRAINED_SCOPED = hf_token("g")  # without it, but scoped to LLAMA
WRITE = hf_token("h")  # of an owner of acme
OAUTH = "hf_oauth_" + "i" * 40
EXPIRED = hf_token("j")
UNKNOWN = hf_token("z")
MODELSCOPE = "6f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5"
MODELSCOPE_READ_ONLY = "0a1b2c3d-4e5f-4678-9abc-def012345678"  # users/me knows it, login refuses
MODELSCOPE_UNKNOWN = "ffffffff-0000-4000-8000-000000000000"

USERS = (
    User(
        "alice",
        (
            Token(GOOD),
            Token(FINE_GRAINED, "fineGrained", "no-gated"),
            Token(FINE_GRAINED_GATED, "fineGrained", "gated", can_read_gated=True),
            Token(FINE_GRAINED_SCOPED, "fineGrained", "scoped", scoped=(Scope(LLAMA),)),
            Token(OAUTH, "oauth", "oauth"),
            Token(EXPIRED, name="old", expired=True),
            Token(MODELSCOPE, "modelscope", "modelscope"),
        ),
        accepted=frozenset({LLAMA, REVIEWED}),
    ),
    User(
        "bob",
        (
            Token(NO_LICENCE),
            Token(MODELSCOPE_READ_ONLY, "modelscope", "modelscope", can_login=False),
        ),
    ),
    User("carol", (Token(PENDING),), pending=frozenset({LLAMA, REVIEWED})),
    User("dave", (Token(REJECTED),), rejected=frozenset({LLAMA, REVIEWED})),
    User("erin", (Token(WRITE, "write", "ci"),), orgs=("acme",)),
)


def qwen3(shard_bytes: int = 200_000, repo_id: str = QWEN) -> Repo:
    """The files of a small Qwen3: configs, tokenizer, an index and two shards of this size."""
    layers = ("self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj")
    first = tuple(f"model.layers.0.{layer}.weight" for layer in layers)
    second = tuple(f"model.layers.1.{layer}.weight" for layer in layers)
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    shards = {
        names[0]: weights.of_size(first, shard_bytes, seed=1),
        names[1]: weights.of_size(second, shard_bytes, seed=2),
    }
    weight_map = dict.fromkeys(first, names[0]) | dict.fromkeys(second, names[1])
    total = sum(len(data) for data in shards.values())
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151936,
        "max_position_embeddings": 40960,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
    }
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    return Repo(
        repo_id,
        {
            ".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
            "README.md": "---\nlicense: apache-2.0\n---\n# Qwen3-4B 通义千问\n".encode(),
            "config.json": _json(config),
            "generation_config.json": _json({"do_sample": True, "temperature": 0.6}),
            "merges.txt": "#version: 0.2\nĠ Ġ\nĠ t\n".encode(),
            "model.safetensors.index.json": _json(index),
            "tokenizer_config.json": _json({"eos_token": "<|im_end|>", "model_max_length": 131072}),
            "vocab.json": _json({"!": 0, '"': 1}),
            **shards,
        },
    )


def small(repo_id: str = SMALL) -> Repo:
    return Repo(
        repo_id,
        {
            "config.json": _json({"model_type": "qwen3"}),
            "original/notes/readme.txt": b"nested\n",
            "empty.txt": b"",
            "model.safetensors": weights.of_size(("weight",), 4096, seed=3),
        },
    )


def alpaca(rows: int = 40, repo_id: str = ALPACA) -> Repo:
    """A dataset with its card, a split kept as a large file, one kept small, and a script."""
    data = {
        name: "".join(
            json.dumps({"instruction": f"{name} {number}", "output": "好" * 20}) + "\n"
            for number in range(count)
        ).encode()
        for name, count in (("train", rows), ("test", 5))
    }
    card = "---\nlicense: cc-by-nc-4.0\nlanguage: [en]\n---\n# Alpaca 指令数据\n"
    return Repo(
        repo_id,
        {
            ".gitattributes": b"*.jsonl filter=lfs diff=lfs merge=lfs -text\n",
            "README.md": card.encode(),
            "data/test.jsonl": data["test"],
            "data/train.jsonl": data["train"],
            "tools/prepare.py": b"raise SystemExit('this ran')\n",
        },
        large=("data/train.jsonl",),
        type="dataset",
    )


def hostile(repo_id: str = "mallory/paths") -> Repo:
    """A listing with paths that must never reach the file system as they are."""
    paths = (
        "../escape.txt",
        "a/../../escape.txt",
        "/etc/absolute.txt",
        "C:\\Windows\\drive.txt",
        "C:drive-relative.txt",
        "back\\slash.txt",
        "nul\0byte.txt",
        "line\nbreak.txt",
        "README.md",
        "readme.md",
        "trailing. ",
        "CON",
        "./dot.txt",
        "double//slash.txt",
        "\u202egnp.exe",
    )
    files = {path: path.encode() for path in paths}
    return Repo(repo_id, files | {"config.json": b"{}"})


def huge(count: int = 5000, repo_id: str = "mallory/huge") -> Repo:
    """A listing of very many files: pages on Hugging Face, silently cut on ModelScope."""
    files = {f"data/{number // 1000}/{number:06}.json": b"{}" for number in range(count)}
    return Repo(repo_id, files)


def demo(shard_bytes: int = 200_000) -> World:
    """Everything of this module but the hostile and the huge."""
    llama = qwen3(shard_bytes, LLAMA)
    return World.of(
        (
            qwen3(shard_bytes),
            llama.only_on("hf", gated="auto"),
            llama.only_on("ms", id=LLAMA_ON_MODELSCOPE),
            small(REVIEWED).only_on("hf", gated="manual"),
            Repo(PRIVATE, small().files, private=True),
            Repo(DISABLED, small().files, disabled=True),
            Repo(REGIONAL, small().files, region_blocked=True).only_on("hf"),
            small(),
        ),
        USERS,
    )


def empty() -> World:
    return World.of((), USERS)


WORLDS: dict[str, Callable[[], World]] = {
    "demo": demo,
    "empty": empty,
    "hostile": lambda: World.of((hostile(), huge()), USERS),
}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
