"""Hugging Face's metadata: info, the paged tree, refs. Gated repositories show theirs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.hub.access import MAIN, Caller, at_revision, visible
from tests.hub.http import Request, Response, json_response
from tests.hub.site import Site
from tests.hub.world import File, Repo


def repo_info(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    at_revision(repo, path.get("rev") or MAIN)
    siblings: list[dict[str, Any]] = []
    for file in repo.entries.values():
        sibling: dict[str, Any] = {"rfilename": file.path}
        if request.query.get("blobs", "").lower() in ("true", "1"):
            sibling |= {"size": file.size, "blobId": file.git_sha1}
            if file.large:
                sibling["lfs"] = _lfs(file) | {"sha256": file.sha256}
        siblings.append(sibling)
    info = {
        "_id": repo.commit[:24],
        "id": repo.id,
        "author": repo.owner,
        "sha": repo.commit,
        "lastModified": "2026-02-01T00:00:00.000Z",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "private": repo.private,
        "gated": repo.gated,
        "disabled": repo.disabled,
        "downloads": 0,
        "likes": 0,
        "usedStorage": repo.size,
        "siblings": siblings,
    }
    if repo.type == "dataset":
        info |= {"tags": ["task_categories:text-generation"], "cardData": {}}
    else:
        info |= {
            "modelId": repo.id,
            "tags": ["safetensors"],
            "library_name": "transformers",
            "pipeline_tag": "text-generation",
        }
    return json_response(200, info)


def tree(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    at_revision(repo, path["rev"])
    recursive = request.query.get("recursive", "").lower() in ("true", "1")
    expand = request.query.get("expand", "").lower() in ("true", "1")
    entries = _tree_entries(repo, path.get("path", ""), recursive, expand, site.xet)
    start = int(request.query.get("cursor", "0") or 0)
    size = min(int(request.query.get("limit", site.page_size)), site.page_size)
    response = json_response(200, entries[start : start + size])
    if start + size < len(entries):
        query = urlencode(request.query | {"cursor": str(start + size)})
        base = site.base("hf", request)
        following = f"{base}{request.raw_path}?{query}"
        response = response.having({"Link": f'<{following}>; rel="next"'})
    return response


def _tree_entries(
    repo: Repo, folder: str, recursive: bool, expand: bool, xet: bool
) -> list[dict[str, Any]]:
    prefix = f"{folder.rstrip('/')}/" if folder else ""
    entries: dict[str, dict[str, Any]] = {}
    for file in repo.entries.values():
        if not file.path.startswith(prefix):
            continue
        parts = file.path[len(prefix) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            name = prefix + "/".join(parts[:depth])
            entries[name] = {"type": "directory", "oid": repo.commit, "size": 0, "path": name}
        if not recursive and len(parts) > 1:
            continue
        entry: dict[str, Any] = {"type": "file", "oid": file.git_sha1, "size": file.size}
        if file.large:
            entry["lfs"] = _lfs(file)
            if xet:
                entry["xetHash"] = file.xet_hash
        if expand:
            date = "2026-02-01T00:00:00.000Z"
            entry["lastCommit"] = {"id": repo.commit, "title": "Upload files", "date": date}
        entries[file.path] = entry | {"path": file.path}
    return list(entries.values())


def _lfs(file: File) -> dict[str, Any]:
    return {"oid": file.sha256, "size": file.size, "pointerSize": len(file.pointer)}


def refs(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    branch = {"name": MAIN, "ref": "refs/heads/main", "targetCommit": repo.commit}
    return json_response(200, {"branches": [branch], "tags": [], "converts": []})
