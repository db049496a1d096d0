"""The ids of models that are known here without asking anybody: reports, caches, the default, Qwen3's sizes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qtune.core.locations import hub_cache
from qtune.core.settings import Settings
from qtune.core.table import BY_KEY
from qtune.core.text import Text
from qtune.doctor.documents.things import names_model
from qtune.doctor.documents.world import World

MOST = 200
SECONDS = 0.05  # for one folder
KEPT_S = 10.0

_DOWNLOADED = Text("downloaded", "已下载")
_EXAMINED = Text("examined by the doctor", "已检查过")
_DEFAULT = Text("the default model", "默认模型")
_OPEN = Text("open to everybody", "公开模型，无需授权")


@dataclass(frozen=True)
class KnownModel:
    repo_id: str
    why: Text


def known_models(settings: Settings, world: World, root: Path | None) -> tuple[KnownModel, ...]:
    """Each once, by the best reason to name it."""
    found: dict[str, Text] = {}
    for repo_id, why in _all(settings, world, root):
        if names_model(repo_id):
            found.setdefault(repo_id, why)
    return tuple(KnownModel(repo_id, why) for repo_id, why in found.items())


def _all(settings: Settings, world: World, root: Path | None) -> Iterator[tuple[str, Text]]:
    report = world.report(None)
    if report is not None and not report.facts.goal.local:
        yield report.facts.goal.model, _EXAMINED
    cache = hub_cache(settings)
    for folder in _listed(root / cache if root is not None else cache):
        kind, _, rest = folder.partition("--")
        if kind == "models":
            yield rest.replace("--", "/", 1), _DOWNLOADED
    yield BY_KEY["DEFAULT_MODEL"].default, _DEFAULT
    from qtune.core.smaller import QWEN3

    for repo_id in reversed(QWEN3):
        yield repo_id, _OPEN


_looked: dict[Path, tuple[float, tuple[str, ...]]] = {}


def _listed(folder: Path) -> tuple[str, ...]:
    """The names in a folder, as they were a few seconds ago at most; never a folder of another machine."""
    if str(folder).startswith(("\\\\", "//")) or not folder.is_absolute():
        return ()
    now = time.monotonic()
    before = _looked.get(folder)
    if before is not None and now - before[0] < KEPT_S:
        return before[1]
    names = tuple(_names(folder, now + SECONDS))
    if len(_looked) > 8:
        _looked.clear()
    _looked[folder] = (now, names)
    return names


def _names(folder: Path, ends: float) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= MOST or time.monotonic() > ends:
                    return
                yield entry.name
    except (OSError, ValueError):
        return
