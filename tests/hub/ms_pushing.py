"""What ModelScope does with files that are sent to it: create, git-lfs, commit.

The shapes are those that modelscope-hub 0.5 sends and reads; tests/hub/test_pushing.py has it do so.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from tests.hub.http import Request, Response
from tests.hub.ms_access import BAD_TOKEN, MASTER, NO_ACCESS, NO_REVISION, Refused, caller, success
from tests.hub.site import Site
from tests.hub.world import Repo, World


def create(site: Site, request: Request, path: dict[str, str]) -> Response:
    asked = json.loads(request.body)
    repo = Repo(f"{asked['Path']}/{asked['Name']}", {}, private=asked["Visibility"] == 1)
    _writer(site, request, repo)
    if site.world.repo("ms", repo.id) is not None:
        raise Refused(409, 10010101001, "model already exists")
    _put(site, repo.only_on("ms"))
    return success(site, {"Path": asked["Path"], "Name": asked["Name"]})


def batch(site: Site, request: Request, path: dict[str, str]) -> Response:
    _writer(site, request, _named(site, path))
    objects: list[dict[str, Any]] = []
    for entry in json.loads(request.body)["objects"]:
        oid = entry["oid"]
        if oid not in site.uploads.whole and site.world.large_file(oid) is None:
            where = f"/modelhub/lfs/{oid}"
            expires, signature = site.signer.sign(where)
            query = {"OSSAccessKeyId": "LTAItest", "Expires": expires, "Signature": signature}
            href = f"{site.urls['ms-cdn']}{where}?{urlencode(query)}"
            objects.append({**entry, "actions": {"upload": {"href": href}}})
    return success(site, {"objects": objects})


def commit(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = _named(site, path)
    _writer(site, request, repo)
    if path["rev"] != MASTER:
        raise Refused(404, *NO_REVISION)
    new: dict[str, bytes] = {}
    for action in json.loads(request.body)["actions"]:
        if action["type"] == "normal":
            new[action["path"]] = base64.b64decode(action["content"])
            continue
        content = site.uploads.whole.get(action["sha256"])
        known = site.world.large_file(action["sha256"])
        if content is None and known is None:
            raise Refused(400, 10010000002, f"{action['path']} was never sent")
        new[action["path"]] = content if content is not None else known.data  # type: ignore[union-attr]
    changed = replace(repo, files={**repo.files, **new}, commit="")
    _put(site, changed)
    return success(site, {"oid": changed.commit})


def _named(site: Site, path: dict[str, str]) -> Repo:
    repo = site.world.repo("ms", path["id"])
    if repo is None:
        raise Refused(404, *NO_ACCESS)
    return repo


def _writer(site: Site, request: Request, repo: Repo) -> None:
    found = caller(site, request)
    if found is None:
        raise Refused(401, *BAD_TOKEN)
    user, token = found
    if not (token.can_login and user.owns(repo)):
        raise Refused(403, 10010200002, "no permission to write")


def _put(site: Site, repo: Repo) -> None:
    with site.uploads.lock:
        others = [
            r for r in site.world.repos if (r.id, r.type, r.on) != (repo.id, repo.type, repo.on)
        ]
        site.world = World.of((*others, repo), site.world.users)
