"""Dataset repositories of both hubs: the files that are asked for, through qtune's own download; no script is run."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from qtune.core.data import files, folders, places
from qtune.core.download import offline
from qtune.core.download.events import Tell, nobody
from qtune.core.download.store import HubCache
from qtune.core.errors import DownloadError
from qtune.core.locations import hub_cache
from qtune.core.runconfig import DataSource
from qtune.core.settings import Settings, Value
from qtune.core.sources import candidates, choose

_KINDS = {"hf": ("huggingface", "mirror"), "modelscope": ("modelscope",)}
_CARD = "README.md"
_HEAD = (
    _CARD,
    ".gitattributes",
    ".gitignore",
    "dataset_infos.json",
)  # small, and one is always there
_MOST_NAMED = 500  # files that are asked for by name; of more, all of their kind are fetched


def fetch(source: DataSource, settings: Settings, tell: Tell = nobody) -> DataSource:
    """The source with its snapshot's folder as `path`, downloaded if need be.

    First the card and the listing, then the files of the subset and split. Raises NoFiles, and what a
    download raises.
    """
    from qtune.core.download.fetch import download

    chosen, revision = of_hub(settings, source.hub), source.revision or None
    try:
        head = download(
            source.repo_id, chosen, repo_type="dataset", revision=revision, include=_HEAD, tell=tell
        )
    except DownloadError as error:
        if error.code != "DWN005":
            raise
        wanted: Sequence[str] = _all_data()  # a repository of nothing but its data
    else:
        wanted = _wanted(source, chosen, head.path, head.commit)
    whole = download(
        source.repo_id, chosen, repo_type="dataset", revision=revision, include=wanted, tell=tell
    )
    return replace(source, path=whole.path)


def at_hand(source: DataSource, settings: Settings) -> DataSource:
    """The same from the cache alone, without a request; as it is where it is not all there."""
    chosen = of_hub(settings, source.hub)
    cache = _cache(source, chosen)
    revision = source.revision or None
    wanted = offline.Wanted(source.repo_id, revision, _HEAD, repo_type="dataset")
    found = offline.look(cache, choose(chosen).source, wanted, by_size=True)
    if not isinstance(found, offline.Cached):
        return source
    names = _names(cache, found.path, found.commit)
    try:
        asked = places.select(names, places.card(found.path), source)
    except places.NoFiles:
        return source
    if not all((found.path / name).is_file() for name in asked):
        return source
    return replace(source, path=found.path)


def of_hub(settings: Settings, hub: str) -> Settings:
    """With no other hub than the one that the run config names for this data."""
    if not hub:
        return settings
    named = [source for source in candidates(settings) if source.kind in _KINDS[hub]]
    sources = ",".join(source.name for source in named) or _KINDS[hub][0]
    asked = settings["QTUNE_SOURCES"]
    # The origin stays: who named a mirror is trusted as far as before.
    values = {**settings.values, "QTUNE_SOURCES": Value(asked.setting, sources, asked.origin)}
    return replace(settings, values=values)


def _wanted(source: DataSource, settings: Settings, folder: Path, commit: str) -> Sequence[str]:
    names = _names(_cache(source, settings), folder, commit)
    asked = places.select(names, places.card(folder), source)
    if len(asked) == len(names) or len(asked) > _MOST_NAMED:
        return (*_all_data(), _CARD)
    return (*(glob.escape(name) for name in asked), _CARD)


def _names(cache: HubCache, folder: Path, commit: str) -> list[str]:
    """The data files that the repository lists; without a listing, those that lie here."""
    saved = cache.manifest(commit)
    if saved is None:
        return folders.inside(folder)
    return _rows(file.path for file in saved.manifest.files)


def _rows(paths: Iterable[str]) -> list[str]:
    return sorted(
        path
        for path in paths
        if folders.is_rows(path) and not any(p.startswith((".", "_")) for p in path.split("/"))
    )


def _all_data() -> Sequence[str]:
    return tuple(f"*{ending}" for ending in files.ENDINGS)


def _cache(source: DataSource, settings: Settings) -> HubCache:
    links = not settings.flag("HF_HUB_DISABLE_SYMLINKS")
    return HubCache(hub_cache(settings), source.repo_id, repo_type="dataset", links=links)
