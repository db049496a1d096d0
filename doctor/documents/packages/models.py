"""Which models a project trains, by the settings and run configs that lie beside a list of packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qtune.core.smaller import QWEN3
from qtune.doctor.documents.world import World
from qtune.doctor.facts import known

_MOST = 20  # run configs
_LARGEST = 1 << 17  # bytes


@dataclass(frozen=True)
class Wanted:
    """`type` is its model_type, `said` the file that names it."""

    name: str
    type: str
    said: str


def wanted(folder: Path, world: World) -> tuple[Wanted, ...]:
    """Of models whose type is not known nothing is said."""
    rows = dict(reversed([*_named(folder)]))
    return tuple(
        Wanted(name, type_, said) for name, said in rows.items() if (type_ := _type(name, world))
    )


def _type(name: str, world: World) -> str:
    if name in QWEN3:
        return "qwen3"
    last = world.report(name)
    listings = last.facts.listing.values() if last is not None else ()
    found = (listing.model_type for fact in listings if (listing := known(fact)) is not None)
    return next((type_ for type_ in found if type_), "")


def _named(folder: Path) -> Iterator[tuple[str, str]]:
    """(model, file): a requirements file may lie in a folder of its own."""
    for place in (folder, folder.parent) if folder.name == "requirements" else (folder,):
        try:
            names = sorted(os.listdir(place))  # noqa: PTH208
        except OSError:
            continue
        configs = [name for name in names if name.endswith((".yaml", ".yml"))][:_MOST]
        for name in ([".env"] if ".env" in names else []) + configs:
            path = place / name
            try:
                stat = path.stat()
            except OSError:
                continue
            model = _model(path, stat.st_mtime_ns, stat.st_size) if stat.st_size <= _LARGEST else ""
            if model:
                yield model, name


@lru_cache(64)
def _model(path: Path, changed: int, size: int) -> str:
    from qtune.core import envfile

    try:
        if path.name == ".env":
            entry = envfile.read(path, {}).last("DEFAULT_MODEL")
            return entry.value.strip() if entry is not None else ""
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError):
        return ""
    from qtune.core.yamltree import Leaf, Table, parse
    from qtune.doctor.documents.run.config import is_ours

    if not is_ours(text):
        return ""
    tree, _ = parse(text, path)
    pairs = tree.pairs if isinstance(tree, Table) else ()
    return next((v.text for k, v in pairs if k.text == "model" and isinstance(v, Leaf)), "")
