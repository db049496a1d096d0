"""What Hugging Face does with files that are sent to it: create, preupload, git-lfs, commit.

The shapes are those that huggingface_hub 2.4 sends and reads; tests/hub/test_pushing.py has it do so.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from tests.hub.access import ANONYMOUS, Caller, Refusal, visible, writable
from tests.hub.http import Request, Response, json_response
from tests.hub.site import Site
from tests.hub.world import LARGE, File, Repo, World


def create(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    asked = json.loads(request.body)
    if who.user is None or who.token is None:
        raise Refusal(401, ANONYMOUS)
    owner = asked.get("organization") or who.user.name
    repo = Repo(f"{owner}/{asked['name']}", {".gitattributes": b"*.safetensors filter=lfs\n"})
    writable(who, repo)
    if site.world.repo("hf", repo.id) is not None:
        raise Refusal(409, "You already created this model repo")
    new = repo.only_on("hf", private=asked.get("visibility") == "private")
    _add(site, new)
    return json_response(200, {"url": f"{site.base('hf', request)}/{repo.id}", "id": "1"})


def branch(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    writable(who, repo)
    named = (repo.id, path["rev"])
    if path["rev"] == "main" or named in site.uploads.branches:
        raise Refusal(409, f"Reference already exists: refs/heads/{path['rev']}")
    site.uploads.branches.add(named)
    return json_response(200, {})


def preupload(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    writable(who, repo)
    _known(site, repo, path["rev"])
    told = []
    for file in json.loads(request.body)["files"]:
        large = _as_large(repo, file["path"], file["size"])
        here = repo.entries.get(file["path"])
        oid = None if here is None else here.etag
        mode = "lfs" if large else "regular"
        told.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return json_response(200, {"files": told})


def batch(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, {**path, "kind": "models"})
    writable(who, repo)
    objects = [_place(site, request, repo, entry) for entry in json.loads(request.body)["objects"]]
    return json_response(200, {"transfer": "basic", "objects": objects})


def _place(site: Site, request: Request, repo: Repo, entry: dict[str, Any]) -> dict[str, Any]:
    oid, size = entry["oid"], entry["size"]
    if oid in site.uploads.whole or site.world.large_file(oid) is not None:
        return {"oid": oid, "size": size}
    base = site.base("hf", request)
    verify = {"href": f"{base}/{repo.id}.git/info/lfs/verify"}
    part = site.uploads.part_bytes
    if not part or size < part:
        upload: dict[str, Any] = {"href": signed(site, oid)}
    else:
        numbers = range(1, -(-size // part) + 1)
        header = {str(number): signed(site, oid, number) for number in numbers}
        upload = {"href": f"{base}/api/complete/{oid}"}
        upload["header"] = {"chunk_size": str(part), **header}
    return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}


def signed(site: Site, sha256: str, part: int = 0) -> str:
    path = f"/lfs/{sha256}"
    expires, signature = site.signer.sign(path)
    query: dict[str, object] = {"Expires": expires, "X-Amz-Signature": signature}
    if part:
        query["partNumber"] = part
    return f"{site.urls['cdn']}{path}?{urlencode(query)}"


def complete(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    sha256 = path["sha256"]
    told = json.loads(request.body)
    parts = site.uploads.parts.get(sha256, {})
    if [part["partNumber"] for part in told["parts"]] != sorted(parts):
        raise Refusal(400, "parts are missing")
    whole = b"".join(parts[number] for number in sorted(parts))
    if File("", whole, True).sha256 != sha256:
        raise Refusal(400, "the parts do not have the hash they were announced by")
    site.uploads.whole[sha256] = whole
    return json_response(200, {})


def verify(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, {**path, "kind": "models"})
    writable(who, repo)
    told = json.loads(request.body)
    if len(site.uploads.whole.get(told["oid"], b"")) != told["size"]:
        raise Refusal(400, "the file has not arrived")
    return json_response(200, {})


def commit(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    writable(who, repo)
    _known(site, repo, path["rev"])
    new: dict[str, bytes] = {}
    for line in request.body.splitlines():
        said = json.loads(line)
        value = said["value"]
        if said["key"] == "file":
            new[value["path"]] = base64.b64decode(value["content"])
        elif said["key"] == "lfsFile":
            content = site.uploads.whole.get(value["oid"])
            known = site.world.large_file(value["oid"])
            if content is None and known is None:
                raise Refusal(400, f"{value['path']} was never sent")
            new[value["path"]] = content if content is not None else known.data  # type: ignore[union-attr]
    changed = replace(repo, files={**repo.files, **new}, commit="")
    if path["rev"] == "main":
        _add(site, changed)
    where = f"{site.base('hf', request)}/{repo.id}/commit/{changed.commit}"
    return json_response(200, {"success": True, "commitOid": changed.commit, "commitUrl": where})


def _known(site: Site, repo: Repo, revision: str) -> None:
    if revision != "main" and (repo.id, revision) not in site.uploads.branches:
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def _as_large(repo: Repo, path: str, size: int) -> bool:
    return File(path, bytes(0), False).path.endswith(tuple(p[1:] for p in LARGE)) or (
        size >= repo.lfs_threshold
    )


def _add(site: Site, repo: Repo) -> None:
    """In the place of the one of that name, where there is one."""
    with site.uploads.lock:
        others = [
            r for r in site.world.repos if (r.id, r.type, r.on) != (repo.id, repo.type, repo.on)
        ]
        site.world = World.of((*others, repo), site.world.users)
