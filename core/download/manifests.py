"""Listings kept on disk, so that offline it is known whether a snapshot is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtune.core.download import untrusted
from qtune.core.errors import QtuneError
from qtune.core.hub.interface import Manifest, RepoFile, RepoType
from qtune.core.hub.listing import listed_file
from qtune.core.hub.names import is_commit
from qtune.core.secret import redact
from qtune.core.sources import Source

SCHEMA = 1
_HERE = Source("huggingface", "")  # whose name an unusable listing would be reported under


@dataclass(frozen=True)
class Saved:
    """A listing, and whether only harmless files of it were wanted (see standin)."""

    manifest: Manifest
    only_harmless: bool = False


def to_json(manifest: Manifest, only_harmless: bool) -> bytes:
    source = manifest.listed_by
    files = [
        {"path": f.path, "size": f.size, "sha256": f.sha256, "git_sha1": f.git_sha1, "lfs": f.lfs}
        for f in manifest.files
    ]
    whole = {
        "schema": SCHEMA,
        "repo_id": manifest.repo_id,
        "repo_type": manifest.repo_type,
        "revision": manifest.revision,
        "commit": manifest.commit,
        "listed_by": {"kind": source.kind, "endpoint": redact(source.endpoint)},
        "only_harmless": only_harmless,
        "files": files,
    }
    return json.dumps(whole, indent=1).encode()


def read_own(path: Path) -> Saved | None:
    """None where there is none, or none that can be used."""
    try:
        found = json.loads(path.read_bytes())
        if found["schema"] != SCHEMA:
            return None
        files = tuple(
            listed_file(_HERE, f["path"], f["size"], f["sha256"], f["git_sha1"], bool(f["lfs"]))
            for f in found["files"]
        )
        source = Source(found["listed_by"]["kind"], found["listed_by"]["endpoint"])
        repo_id, revision = str(found["repo_id"]), str(found["revision"])
        commit = found["commit"]
        if not isinstance(commit, str) or not is_commit(commit):
            return None
        # Until there were datasets, no type was written down, and every listing was a model's.
        repo_type: RepoType = "dataset" if found.get("repo_type") == "dataset" else "model"
        manifest = Manifest(repo_id, revision, commit, files, source, repo_type)
        untrusted.check(manifest)
        return Saved(manifest, found["only_harmless"] is True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, QtuneError):
        return None


def read_tree(path: Path, root: Path, commit: str) -> Saved | None:
    """The listing that huggingface_hub 2 leaves beside its snapshots."""
    try:
        found = json.loads(path.read_bytes())
        if found["format_version"] != 1:
            return None
        files = tuple(_from_tree(path, entry) for path, entry in found["files"].items())
        kind, _, name = root.name.partition("--")
        repo_type: RepoType = "dataset" if kind == "datasets" else "model"
        manifest = Manifest(name.replace("--", "/"), "main", commit, files, _HERE, repo_type)
        untrusted.check(manifest)
        return Saved(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, QtuneError):
        return None


def _from_tree(path: str, entry: Mapping[str, Any]) -> RepoFile:
    if entry.get("lfs_sha256"):
        size = entry.get("lfs_size", entry["size"])
        return listed_file(_HERE, path, size, entry["lfs_sha256"], None, True)
    return listed_file(_HERE, path, entry["size"], None, entry["blob_id"], False)
