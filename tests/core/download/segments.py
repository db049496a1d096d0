"""A model whose weights come in many pieces, and what the local hub counted while they came."""

from __future__ import annotations

import functools
import random
from pathlib import Path

from tests.core.download.downloading import Changes, repo_folder
from tests.hub import Hub, Repo, worlds

MIB = 1 << 20
WEIGHTS = "model.safetensors"
BOTH: Changes = {"QTUNE_SOURCES": "huggingface,modelscope"}
HF_ALONE: Changes = {"USE_MODELSCOPE": "False", "QTUNE_FALLBACK": "False"}
MS_ALONE: Changes = {"USE_MODELSCOPE": "True", "QTUNE_FALLBACK": "False"}
ONE_BY_ONE: Changes = {**HF_ALONE, "QTUNE_CONNECTIONS": "1"}


@functools.cache
def model(mebibytes: int = 12, shards: int = 1) -> Repo:
    """Two small files, and shards of so many MiB (and a few bytes each) in all."""
    names = [WEIGHTS] if shards == 1 else [f"model-{n}.safetensors" for n in range(shards)]
    size = mebibytes * MIB // shards + 12_345
    files = {name: random.Random(name).randbytes(size) for name in names}
    return Repo(worlds.QWEN, {"config.json": b"{}\n", "merges.txt": b"a b\n" * 999, **files})


def weights(repo: Repo) -> int:
    """Bytes of all that the storage serves."""
    return sum(file.size for file in repo.entries.values() if file.large)


def sent(hub: Hub, origin: str, path: str = "*") -> int:
    """Bytes of bodies that this origin sent."""
    return sum(r.body_bytes_sent for r in hub.seen(origin, path, "GET"))


def answers(hub: Hub, origin: str, path: str = "*") -> dict[int | None, int]:
    """How often this origin gave which status to a GET; None: none at all."""
    counts: dict[int | None, int] = {}
    for request in hub.seen(origin, path, "GET"):
        counts[request.status] = counts.get(request.status, 0) + 1
    return counts


def partials(home: Path, repo: Repo) -> Path:
    return repo_folder(home, repo.id) / ".qtune" / "partial"


def journal(part: Path) -> list[tuple[int, int, str]]:
    """The stretches that a partial file's journal holds: start, end, source."""
    found = []
    for line in part.with_suffix(".done").read_text().splitlines()[1:]:
        start, end, source = line.split(" ", 2)
        found.append((int(start), int(end), source))
    return found
