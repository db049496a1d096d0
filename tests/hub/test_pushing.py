"""The hubs' own clients push to the local hub, and qtune sends what they send."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from qtune.core.hub.parcel import Parcel
from qtune.core.hub.upload import Wish, push
from tests.core.hub.asking import settings_for
from tests.hub import Hub, Request, sdk, worlds

FILES = {"config.json": b"{}\n", "model.safetensors": os.urandom(200_000)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    for name, data in FILES.items():
        (made / name).write_bytes(data)
    return made


def _asked(requests: list[Request], *paths: str) -> dict[str, Any]:
    """What was first sent to each of these paths, as data."""
    found: dict[str, Any] = {}
    for request in requests:
        if request.method == "POST" and request.path.endswith(paths):
            lines = [json.loads(line) for line in request.body.splitlines()]
            found.setdefault(request.path, (request.headers["content-type"], lines))
    return found


@pytest.mark.parametrize("part_bytes", [0, 70_000])
def test_huggingface_hub_pushes_here_and_qtune_sends_the_same(
    folder: Path, tmp_path: Path, part_bytes: int
) -> None:
    paths = ("/repos/create", "/preupload/main", "/objects/batch", "/lfs/verify", "/commit/main")
    with Hub(users=worlds.USERS) as hub:
        hub.site.uploads.part_bytes = part_bytes
        code = f"""
from huggingface_hub import HfApi
api = HfApi(token={worlds.WRITE!r})
api.create_repo("acme/new", private=True, exist_ok=True)
done(api.upload_folder(repo_id="acme/new", folder_path={str(folder)!r}, commit_message="m").oid)
"""
        done = sdk.python(code, sdk.environ(hub, tmp_path, HF_HUB_DISABLE_XET="1"), tmp_path)
        assert done.error is None, done.output
        repo = hub.world.repo("hf", "acme/new")
        assert repo is not None and repo.commit == done.value
        theirs = _asked(hub.requests, *paths)
        their_puts = len(hub.seen("cdn", method="PUT"))
    with Hub(users=worlds.USERS) as hub:
        hub.site.uploads.part_bytes = part_bytes
        parcels = [Parcel(name, folder / name) for name in sorted(FILES)]
        settings = settings_for(hub, HF_TOKEN=worlds.WRITE)
        push("huggingface", Wish("acme/new", private=True, message="m"), parcels, settings)
        ours = _asked(hub.requests, *paths)
        assert len(hub.seen("cdn", method="PUT")) == their_puts
    assert ours == theirs


def test_modelscope_hub_pushes_here_and_qtune_sends_the_same(folder: Path, tmp_path: Path) -> None:
    paths = ("/api/v1/models", "/objects/batch", "/commit/master")
    with Hub(users=worlds.USERS) as hub:
        code = f"""
from modelscope_hub import HubApi
api = HubApi(token={worlds.MODELSCOPE!r})
api.create_repo("alice/new", "model", visibility="private")
done(api.upload_folder(repo_id="alice/new", repo_type="model", folder_path={str(folder)!r}))
"""
        done = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path)
        assert done.error is None, done.output
        theirs = _asked(hub.requests, *paths)
    with Hub(users=worlds.USERS) as hub:
        parcels = [Parcel(name, folder / name) for name in sorted(FILES)]
        settings = settings_for(hub, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
        push("modelscope", Wish("alice/new", private=True), parcels, settings)
        ours = _asked(hub.requests, *paths)
    for found in (ours, theirs):
        for path, (_, lines) in found.items():
            if path.endswith("/commit/master"):
                lines[0].pop("commit_message")  # each has words of its own
                lines[0]["actions"].sort(key=lambda action: action["path"])
    assert ours == theirs
