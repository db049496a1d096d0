"""Caches made by qtune and by huggingface_hub itself, and ways to harm them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from qtune.core.cachestore import shelf
from qtune.core.cachestore.contents import Repo, Shelf
from tests.core.download.downloading import FROM_HF, get
from tests.hub import Hub, sdk, worlds


def by_qtune(hub: Hub, home: Path, repo_id: str = worlds.QWEN) -> Path:
    return get(hub, home, repo_id, **FROM_HF).path


def by_huggingface_hub(hub: Hub, home: Path, repo_id: str = worlds.QWEN) -> Path:
    outcome = sdk.hf_snapshot(hub, home, repo_id)
    assert outcome.error is None, outcome.output
    return Path(outcome.value)


def look(home: Path) -> Shelf:
    return shelf.read(home / "hf" / "hub")


def only(home: Path) -> Repo:
    (repo,) = look(home).repos
    return repo


def largest(snapshot: Path) -> Path:
    """The path in the snapshot of its largest file."""
    return max((p for p in snapshot.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def harm(path: Path) -> None:
    """One byte changes; size and times stay, as when a disk forgets."""
    blob = path.resolve()
    before = blob.stat()
    with blob.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(before.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(blob, ns=(before.st_atime_ns, before.st_mtime_ns))


def second_snapshot(root: Path, commit: str = "b" * 40) -> Path:
    """Another commit that shares all files with the first but for one of its own; named by `dev`."""
    (first,) = (root / "snapshots").iterdir()
    shot = root / "snapshots" / commit
    shot.mkdir()
    for link in first.iterdir():
        (shot / link.name).symlink_to(os.readlink(link))  # noqa: PTH115 (the text of the link)
    content = b"only in the second"
    name = hashlib.sha256(content).hexdigest()
    (root / "blobs" / name).write_bytes(content)
    (shot / "extra.bin").symlink_to(f"../../blobs/{name}")
    (root / "refs" / "dev").write_text(commit)
    return shot
