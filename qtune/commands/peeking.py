"""Asks a child that has the model's tokenizer how the model will see rows; nothing heavy is imported here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtune.core.text import Text, plain

if TYPE_CHECKING:
    from qtune.core.runconfig import RunConfig
    from qtune.core.settings import Settings

MOST = 20_000  # rows that are counted in tokens
SECONDS = 600.0
_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "tokenizer.model")


@dataclass(frozen=True)
class Unseen:
    """Why rows cannot be shown as the model sees them."""

    reason: Text


def tokenizer_of(config: RunConfig, settings: Settings) -> Path | None:
    """The folder of the model's tokenizer, if it is on this machine; quickstart's is made when it is not."""
    from qtune.core.download.store import HubCache
    from qtune.core.locations import hub_cache
    from qtune.core.rundefaults import QUICKSTART
    from qtune.train import quickstart

    if config.model == QUICKSTART:
        return quickstart.snapshot()
    if config.model_path is not None:
        return config.model_path if _has_one(config.model_path) else None
    cache = HubCache(hub_cache(settings), config.model)
    refs = ["modelscope/master", "main"]
    if not settings.flag("USE_MODELSCOPE"):
        refs.reverse()
    folders = (cache.snapshot(commit) for name in refs if (commit := cache.ref(name)))
    return next((folder for folder in folders if _has_one(folder)), None)


def _has_one(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _FILES)


def peek(config: RunConfig, settings: Settings, show: int) -> dict[str, Any] | Unseen:
    """What `qtune.train.peek` answers."""
    from qtune.core.secret import redact
    from qtune.train import job as jobs
    from qtune.train.job import Job

    folder = tokenizer_of(config, settings)
    if folder is None:
        return Unseen(
            Text(
                f"the tokenizer of {config.model} is not on this machine (qtune download {config.model})",
                f"本机没有 {config.model} 的分词器（可运行 qtune download {config.model}）",
            )
        )
    with tempfile.TemporaryDirectory(prefix="qtune-peek-") as temporary:
        path = Path(temporary) / "job.json"
        jobs.write(Job(folder, config.model, replace(config, eval_data=())), path)
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "qtune.train.peek", str(path), str(show), str(MOST)],
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Unseen(Text("it took more than ten minutes", "超过十分钟没有完成"))
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        last = redact(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2])
        return Unseen(plain(last or f"exit {done.returncode}"))
    if "error" in told:
        return Unseen(Text(told["error"]["en"], told["error"]["zh"]))
    return told


def _environment(settings: Settings) -> dict[str, str]:
    from qtune.core.export import child_environment
    from qtune.train.child import surroundings

    return surroundings(child_environment(settings, os.environ))
