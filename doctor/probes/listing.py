"""What would be downloaded: the files, how much of them is here already, which one is the heaviest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from qtune.core import architecture
from qtune.core.architecture import Architecture
from qtune.core.download.ledger import Ledger
from qtune.core.download.plan import select
from qtune.core.errors import QtuneError
from qtune.core.http import ask
from qtune.core.hub.interface import Hub, Manifest, RepoFile
from qtune.core.locations import hub_cache
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Listing, Unknown
from qtune.doctor.probes.asking import hub_of, unknown

_SECONDS = 4
_LARGEST_CONFIG = 1 << 20


def probe(context: Context, source: Source, seen: Facts) -> Known[Listing] | Unknown:
    hub = hub_of(context, source, _SECONDS)
    try:
        manifest = hub.manifest(context.goal.model, context.goal.revision)
    except QtuneError as error:
        return unknown(error)
    if not manifest.files:
        return Unknown("absent", f"{manifest.repo_id} has no files at {manifest.revision}")
    repo = context.root / hub_cache(context.settings) / folder_name(manifest.repo_id)
    cache = Ledger(repo, repo / ".qtune/provenance.json")
    files = select(manifest)
    weight = heaviest(files)
    config = _config(hub, manifest, lambda file: _cached(cache, repo, file), context)
    sizes = architecture.read(config)
    return Known(
        Listing(
            commit=manifest.commit,
            files=len(files),
            bytes=sum(file.size for file in files),
            cached_bytes=sum(file.size for file in files if _cached(cache, repo, file)),
            weight=weight.path,
            weight_bytes=weight.size,
            model_type=_model_type(config),
            architecture=sizes if isinstance(sizes, Architecture) else None,
        )
    )


def folder_name(repo_id: str) -> str:
    """The model's folder in the Hugging Face cache."""
    return "models--" + repo_id.replace("/", "--")


def heaviest(files: Sequence[RepoFile]) -> RepoFile:
    """The largest safetensors file, or where there is none the largest file."""
    tensors = [file for file in files if file.path.endswith(".safetensors")]
    return max(tensors or files, key=lambda file: file.size)


def _places(cache: Ledger, repo: Path, file: RepoFile) -> Iterator[Path]:
    for name in (file.sha256, file.git_sha1):
        if name:
            yield repo / "blobs" / name
    # A small file is named by its git sha1, which ModelScope does not list; without links there are no blobs.
    yield from (repo / name for name in cache.holding(file))


def _cached(cache: Ledger, repo: Path, file: RepoFile) -> Path | None:
    """The whole file in the cache, by its hash and size; not read, so not verified."""
    for blob in _places(cache, repo, file):
        try:
            if blob.stat().st_size == file.size:
                return blob
        except (OSError, ValueError):
            continue
    return None


def _config(
    hub: Hub, manifest: Manifest, cached: Callable[[RepoFile], Path | None], context: Context
) -> object:
    """config.json as it is parsed, from the cache or the hub; None where it cannot be had."""
    file = next((file for file in manifest.files if file.path == "config.json"), None)
    if file is None or file.size > _LARGEST_CONFIG:
        return None
    try:
        blob = cached(file)
        body = blob.read_bytes() if blob is not None else _fetch(hub, manifest, context)
        return json.loads(body)
    except (QtuneError, OSError, ValueError, RecursionError):
        return None


def _model_type(config: object) -> str:
    found = config.get("model_type") if isinstance(config, dict) else None
    return found[:100] if isinstance(found, str) else ""


def _fetch(hub: Hub, manifest: Manifest, context: Context) -> bytes:
    place = hub.locate(manifest.repo_id, manifest.commit, "config.json")
    reply = ask(
        context.client,
        "GET",
        place.url,
        headers=place.headers,
        deadline_s=_SECONDS,
        limit=_LARGEST_CONFIG,
        source=hub.source.name,
    )
    return reply.body if reply.status == 200 else b""
