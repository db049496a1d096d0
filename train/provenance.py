"""What a run was made of and with, for record.json: versions, data by hash, the project's commit, the seed."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from qtune import __version__
from qtune.core.runconfig import DataSource, RunConfig
from qtune.core.text import Text
from qtune.train import data

PACKAGES = (
    *("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors"),
    *("trl", "bitsandbytes", "liger-kernel", "flash-attn"),
)
GIT_S = 10.0


def made_of(
    config: RunConfig, base: str, cuda: str | None, threads: int, texts: Any
) -> dict[str, object]:
    """Paths are those of this machine; no setting and no secret is in it."""
    numbers = getattr(texts, "statistics", None)
    record: dict[str, object] = {
        "versions": versions(cuda),
        "base": base,
        "seed": config.training.get("seed"),
        "threads": threads,
        "data": list(hashes(config.data)),
    }
    if config.eval_data:
        record["eval_data"] = list(hashes(config.eval_data))
    if numbers is not None:
        record["tokens"] = {key: value for key, value in numbers.as_dict().items() if value}
    if (commit := project(Path.cwd())) is not None:
        record["git"] = commit
    return record


def versions(cuda: str | None) -> dict[str, str]:
    found = {"qtune": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if cuda:
        found["cuda"] = cuda
    return {**found, "platform": platform.platform()}


def hashes(sources: Iterable[DataSource]) -> Iterable[dict[str, object]]:
    for source in sources:
        for path in data.files_of(source):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            at = {"repo": source.repo_id} if source.repo_id else {}
            yield {**at, "path": str(path), "bytes": path.stat().st_size, "sha256": digest}


def project(folder: Path) -> dict[str, object] | None:
    """The commit that is checked out where the run was started, and whether tracked files differ from it."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": bool(changed)}


def changes(record: Mapping[str, Any], now: Mapping[str, Any]) -> list[Text]:
    """What is not as it was when `record` was written: the same command will not give the same bytes."""
    told = []
    for key in ("data", "eval_data"):
        before = {row.get("path"): row.get("sha256") for row in record.get(key) or ()}
        for row in now.get(key) or ():
            path = row["path"]
            if path not in before:
                told.append(Text(f"{path} was not part of it", f"{path} 当时没有用到"))
            elif before[path] != row["sha256"]:
                was, is_now = str(before[path])[:12], str(row["sha256"])[:12]
                told.append(
                    Text(
                        f"{path} has changed (sha256 {was}… then, {is_now}… now)",
                        f"{path} 已改变（sha256 当时 {was}…，现在 {is_now}…）",
                    )
                )
    then = record.get("versions") or {}
    for name, installed in (now.get("versions") or {}).items():
        if name in then and then[name] != installed:
            told.append(
                Text(
                    f"{name} was {then[name]} and is {installed}",
                    f"{name} 当时是 {then[name]}，现在是 {installed}",
                )
            )
    return told


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            # A repository's own settings may name programs to run while it is looked at.
            ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=GIT_S,
            check=False,
            # Looking must not write into the user's repository.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
