"""The ModelScope side answers in its envelope, with its codes, as `modelscope` expects."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from tests.hub import Hub, worlds
from tests.hub.fetch import Fetched, fetch
from tests.hub.worlds import QWEN

SHARD = "model-00001-of-00002.safetensors"


def listing(hub: Hub, repo_id: str, token: str | None = None, **query: str) -> Fetched:
    asked = urlencode({"Revision": "master", "Recursive": "True"} | query)
    return fetch(f"{hub.ms_url}/api/v1/models/{repo_id}/repo/files?{asked}", token=token)


def file(hub: Hub, repo_id: str, path: str, **headers: str) -> Fetched:
    asked = urlencode({"Revision": "master", "FilePath": path})
    return fetch(f"{hub.ms_url}/api/v1/models/{repo_id}/repo?{asked}", headers=headers)


def test_the_listing_has_size_and_sha256_of_every_file(hub: Hub) -> None:
    envelope = listing(hub, QWEN).json()
    assert (envelope["Code"], envelope["Success"]) == (200, True)
    listed = {entry["Path"]: entry for entry in envelope["Data"]["Files"]}
    entries = hub.world.repos[0].entries
    assert listed.keys() == entries.keys()
    for path, entry in listed.items():
        assert (entry["Sha256"], entry["Size"]) == (entries[path].sha256, entries[path].size)
    assert listed[SHARD]["IsLFS"] is True
    assert listed["config.json"]["IsLFS"] is False
    inside = listing(hub, worlds.SMALL, Root="original").json()["Data"]["Files"]
    assert [(e["Path"], e["Type"]) for e in inside] == [
        ("original/notes", "tree"),
        ("original/notes/readme.txt", "blob"),
    ]


@pytest.mark.parametrize(
    ("repo_id", "revision", "code"),
    [
        ("nobody/nothing", "master", 10010205001),
        (worlds.PRIVATE, "master", 10010200001),
        (worlds.DISABLED, "master", 10010200001),
        (QWEN, "main", 10990101004),
    ],
)
def test_refusals_are_404_and_differ_only_in_their_code(
    hub: Hub, repo_id: str, revision: str, code: int
) -> None:
    answer = listing(hub, repo_id, Revision=revision)
    assert answer.status == 404
    envelope = answer.json()
    assert (envelope["Code"], envelope["Success"]) == (code, False)
    assert envelope["RequestId"]


def test_an_unknown_commit_lists_as_an_empty_success(hub: Hub) -> None:
    envelope = listing(hub, QWEN, Revision="0" * 40).json()
    assert (envelope["Code"], envelope["Data"]["Files"]) == (200, [])


def test_a_gated_repository_needs_an_accepted_user() -> None:
    gated = worlds.small("acme/gated").only_on("ms", gated="manual")
    alice = type(worlds.USERS[0])("alice", worlds.USERS[0].tokens, frozenset({"acme/gated"}))
    with Hub([gated], [alice, worlds.USERS[1]]) as hub:
        assert listing(hub, "acme/gated").json()["Code"] == 10010200001
        bob = listing(hub, "acme/gated", worlds.MODELSCOPE_READ_ONLY)
        assert bob.json()["Code"] == 10010200001
        assert listing(hub, "acme/gated", worlds.MODELSCOPE).json()["Code"] == 200
        asked = f"{hub.ms_url}/api/v1/models/acme/gated/repo/files?Revision=master"
        cookie = fetch(asked, headers={"Cookie": f"m_session_id={worlds.MODELSCOPE}"})
        assert cookie.json()["Code"] == 200


def test_large_files_come_from_storage_and_small_ones_ignore_ranges(hub: Hub) -> None:
    shard = hub.world.repos[0].entries[SHARD]
    large = file(hub, QWEN, SHARD, Range="bytes=10-19")
    assert large.status == 302
    assert large.headers["location"].startswith(f"{hub.ms_cdn_url}/")
    part = fetch(large.headers["location"], headers={"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, shard.data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{shard.size}"
    small = file(hub, QWEN, "config.json", Range="bytes=10-19")
    assert (small.status, small.body) == (200, hub.world.repos[0].files["config.json"])
    assert file(hub, QWEN, "nothing.json").status == 404


def test_a_token_is_known_by_users_me_and_may_still_be_refused_by_login(hub: Hub) -> None:
    def login(token: str) -> Fetched:
        body = json.dumps({"AccessToken": token}).encode()
        return fetch(f"{hub.ms_url}/api/v1/login", "POST", body=body)

    url = f"{hub.ms_url}/openapi/v1/users/me"
    assert fetch(url, token=worlds.MODELSCOPE).json()["data"]["username"] == "alice"
    assert fetch(url, token=worlds.MODELSCOPE_READ_ONLY).json()["data"]["username"] == "bob"
    for bad in (None, worlds.MODELSCOPE_UNKNOWN, worlds.GOOD):
        assert fetch(url, token=bad).status == 401
    assert login(worlds.MODELSCOPE).json()["Data"]["Username"] == "alice"
    for refused in (worlds.MODELSCOPE_READ_ONLY, worlds.MODELSCOPE_UNKNOWN):
        answer = login(refused)
        assert (answer.status, answer.json()["Code"]) == (400, 10010103009)
    assert fetch(f"{hub.ms_url}/api/v1/login", "POST", body=b"\xff{").status == 400


def test_models_can_be_looked_up_on_both_apis(hub: Hub) -> None:
    assert fetch(f"{hub.ms_url}/openapi/v1/models/{QWEN}").json()["data"]["id"] == QWEN
    missing = fetch(f"{hub.ms_url}/openapi/v1/models/{worlds.LLAMA}")
    assert (missing.status, missing.json()["success"]) == (404, False)
    assert fetch(f"{hub.ms_url}/api/v1/models/{QWEN}").json()["Data"]["Path"] == "Qwen"
    branches = fetch(f"{hub.ms_url}/api/v1/models/{QWEN}/revisions").json()["Data"]["RevisionMap"]
    assert branches["Branches"][0]["Revision"] == "master"
    assert listing(hub, worlds.LLAMA_ON_MODELSCOPE).json()["Code"] == 200


def test_a_huge_listing_is_cut_in_silence() -> None:
    with Hub([worlds.huge(4000)]) as hub:
        envelope = listing(hub, "mallory/huge").json()
        assert envelope["Code"] == 200
        assert len(envelope["Data"]["Files"]) == 3000


def test_hostile_paths_are_listed_as_they_are() -> None:
    with Hub([worlds.hostile()]) as hub:
        listed = {e["Path"] for e in listing(hub, "mallory/paths").json()["Data"]["Files"]}
        tree = fetch(f"{hub.hf_url}/api/models/mallory/paths/tree/main?recursive=true").json()
        for path in (
            "../escape.txt",
            "/etc/absolute.txt",
            "C:\\Windows\\drive.txt",
            "nul\0byte.txt",
        ):
            assert path in listed
            assert path in {entry["path"] for entry in tree}
