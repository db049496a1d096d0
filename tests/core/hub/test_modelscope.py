"""ModelScope's protocol: envelopes that all come with 404, silent caps, its own branch names."""

from __future__ import annotations

import json
import re
import time

import pytest

from qtune.core.errors import HubError, Nonsense, NotFound, Refused, Unreachable
from qtune.core.hub.interface import AccessState
from tests.core.hub.asking import opened, settings_for
from tests.hub import Fault, Hub, Repo, worlds

SHARD = "model-00001-of-00002.safetensors"


def _envelope(code: int, message: str) -> bytes:
    return json.dumps({"Code": code, "Message": message, "Success": False}).encode()


def test_the_manifest_is_what_the_repository_holds(hub: Hub) -> None:
    repo = worlds.qwen3()
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        manifest = ms.manifest(repo.id)
        assert manifest.commit == ms.manifest(repo.id, "master").commit
    listed = {f.path: (f.size, f.sha256, f.lfs) for f in manifest.files}
    assert listed == {f.path: (f.size, f.sha256, f.large) for f in repo.entries.values()}
    assert re.fullmatch("[0-9a-f]{40}", manifest.commit)
    assert manifest.revision == "master"


def test_another_content_has_another_commit() -> None:
    one = worlds.small()
    other = Repo(one.id, {**one.files, "config.json": b"{}"})
    with Hub([one]) as hub, opened(hub, "modelscope", settings_for(hub)) as ms:
        first = ms.manifest(one.id).commit
        hub.change([other])
        assert ms.manifest(one.id).commit != first
        with pytest.raises(NotFound) as caught:
            ms.manifest(one.id, first)
        assert caught.value.code == "GATE408"


@pytest.mark.parametrize("revision", [None, "main", "master"])
def test_hugging_faces_main_is_never_sent_on(hub: Hub, revision: str | None) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        ms.manifest(worlds.QWEN, revision)
        ms.access(worlds.QWEN, revision)
    assert {r.query.get("Revision") for r in hub.seen("ms")} == {"master"}


def test_a_commit_of_hugging_face_is_not_sent_on_and_not_taken_for_an_empty_success(
    hub: Hub,
) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(NotFound) as caught:
        ms.manifest(worlds.QWEN, "a" * 40)
    assert caught.value.code == "GATE408"
    assert {r.query.get("Revision") for r in hub.seen("ms")} == {"master"}


def test_the_name_of_todays_listing_is_a_revision(hub: Hub) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        manifest = ms.manifest(worlds.QWEN)
        assert ms.manifest(worlds.QWEN, manifest.commit) == manifest


def test_an_empty_listing_is_an_error(hub: Hub) -> None:
    body = json.dumps({"Code": 200, "Success": True, "Data": {"Files": []}}).encode()
    hub.fault(Fault("status", origin="ms", path="*/repo/files", status=200, body=body))
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(NotFound) as caught:
        ms.manifest(worlds.QWEN)
    assert caught.value.code == "GATE408"


def test_a_listing_that_stops_at_the_servers_cap_is_walked_by_folder() -> None:
    repo = worlds.huge(4500)
    deep = {f"data/0/deep/{n}/x.json": b"{}" for n in range(20)}
    repo = Repo(repo.id, {**repo.files, **deep, "config.json": b"{}"})
    with Hub([repo]) as hub, opened(hub, "modelscope", settings_for(hub)) as ms:
        files = ms.manifest(repo.id).files
    assert {f.path for f in files} == set(repo.files)
    assert len(files) == len(repo.files)


def test_one_folder_beyond_the_cap_is_said_not_swallowed() -> None:
    repo = Repo("o/flat", {f"flat/{n}.json": b"{}" for n in range(3001)})
    with Hub([repo]) as hub:
        with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(Nonsense) as caught:
            ms.manifest(repo.id)
        assert caught.value.code == "HUB223"
        assert "'flat'" in caught.value.message.en


@pytest.mark.parametrize(
    ("code", "message", "kind", "expected"),
    [
        (10010205001, "获取模型信息失败，信息：record not found", NotFound, "HUB221"),
        (10010205001, "Error 1461: max_prepared_stmt_count", HubError, "HUB200"),
        (10010200001, "无权限访问该模型", NotFound, "GATE400"),
        (10990101004, "revision not exist", NotFound, "GATE408"),
        (10010000001, "page not found", Refused, "HUB200"),
    ],
)
def test_the_message_decides_what_a_404_means(
    hub: Hub, code: int, message: str, kind: type[HubError], expected: str
) -> None:
    body = _envelope(code, message)
    hub.fault(Fault("status", origin="ms", path="*/repo/files", status=404, body=body))
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(HubError) as caught:
        ms.manifest(worlds.QWEN)
    assert caught.value.code == expected
    assert type(caught.value) is kind
    assert message in caught.value.message.en


def test_a_refusal_that_drips_in_is_given_up_at_the_deadline(hub: Hub) -> None:
    body = _envelope(10010205001, "record not found" + " " * 100)
    hub.fault(Fault("status", origin="ms", path="*/repo", status=404, body=body))
    hub.fault(Fault("slow", origin="ms", path="*/repo", method="GET", bytes_per_second=20))
    started = time.monotonic()
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(Unreachable) as caught:
        ms.locate(worlds.QWEN, "master", "config.json")
    assert caught.value.stage == "timeout"
    assert time.monotonic() - started < 4


def test_a_model_that_is_elsewhere_under_another_owner_is_hinted_at(hub: Hub) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(NotFound) as caught:
        ms.manifest(worlds.LLAMA)
    assert caught.value.code == "HUB221"
    assert caught.value.fix is not None
    assert worlds.LLAMA_ON_MODELSCOPE in caught.value.fix.en


def test_an_id_without_an_owner_is_not_modelscopes(hub: Hub) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(NotFound) as caught:
        assert ms.access("gpt2").state is AccessState.MISSING_OR_PRIVATE
        ms.manifest("gpt2")
    assert caught.value.code == "HUB221"
    assert hub.requests == []


def test_access_is_proved_on_a_real_file(hub: Hub) -> None:
    repo = Repo("o/adapter", {"weights/model.safetensors": b"x" * 10})
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        assert ms.access(worlds.QWEN).state is AccessState.GRANTED
        assert ms.access(worlds.PRIVATE).state is AccessState.MISSING_OR_PRIVATE
        assert ms.access(worlds.LLAMA).state is AccessState.MISSING_OR_PRIVATE
        assert ms.access(worlds.QWEN, "v9").state is AccessState.NO_REVISION
        hub.change([repo])
        assert ms.access(repo.id).state is AccessState.GRANTED


def test_the_token_goes_as_bearer_and_as_cookie_to_the_hub_alone(hub: Hub) -> None:
    settings = settings_for(hub, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    with opened(hub, "modelscope", settings) as ms:
        ms.manifest(worlds.QWEN)
        located = ms.locate(worlds.QWEN, "master", SHARD)
    assert hub.carrying(worlds.MODELSCOPE) == {"ms"}
    asked = hub.seen("ms", "*/repo/files")[0]
    assert asked.authorization == f"Bearer {worlds.MODELSCOPE}"
    assert asked.headers["cookie"] == f"m_session_id={worlds.MODELSCOPE}"
    assert located.url.startswith(hub.ms_cdn_url)
    assert located.headers == {}


def test_no_token_goes_to_a_host_that_nobody_trusted(hub: Hub) -> None:
    settings = settings_for(hub, trusted=False, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    with opened(hub, "modelscope", settings) as ms:
        assert ms.identity() is None
        ms.manifest(worlds.QWEN)
        ms.locate(worlds.QWEN, "master", "config.json")
    assert hub.carrying(worlds.MODELSCOPE) == set()


@pytest.mark.parametrize(
    ("token", "valid", "name"),
    [
        (worlds.MODELSCOPE, True, "alice"),
        (worlds.MODELSCOPE_READ_ONLY, True, "bob"),
        (worlds.MODELSCOPE_UNKNOWN, False, ""),
    ],
)
def test_identity(hub: Hub, token: str, valid: bool, name: str) -> None:
    with opened(hub, "modelscope", settings_for(hub, MODELSCOPE_API_TOKEN=token)) as ms:
        first, second = ms.identity(), ms.identity()
    assert first is not None and first == second
    assert (first.valid, first.name) == (valid, name)
    assert len(hub.seen("ms", "/openapi/v1/users/me")) == 1


def test_small_files_are_located_on_the_hub_itself(hub: Hub) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        located = ms.locate(worlds.QWEN, "master", "config.json")
        assert located.size == worlds.qwen3().entries["config.json"].size
        with pytest.raises(NotFound) as caught:
            ms.locate(worlds.QWEN, "master", "nothing here?&.json")
    assert located.url.startswith(hub.ms_url)
    assert caught.value.code == "GATE408"
    assert hub.seen("ms")[-1].query["FilePath"] == "nothing here?&.json"


def test_a_portals_page_is_not_taken_for_the_hub(hub: Hub) -> None:
    hub.fault(Fault("html", origin="ms"))
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        for ask in (
            lambda: ms.manifest(worlds.QWEN),
            lambda: ms.locate(worlds.QWEN, "master", "config.json"),
            lambda: ms.access(worlds.QWEN),
        ):
            with pytest.raises(Nonsense) as caught:
                ask()
            assert caught.value.code == "NET105"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"Code": 200}', b'{"Code":200,"Data":{"Files":[5]}}', b"\xff"]
)
def test_a_body_that_is_not_the_hubs_is_one_clear_error(hub: Hub, body: bytes) -> None:
    hub.fault(Fault("status", origin="ms", path="*/repo/files", status=200, body=body))
    with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(HubError) as caught:
        ms.manifest(worlds.QWEN)
    assert caught.value.code in ("HUB223", "GATE408")


def test_too_many_requests_and_faults_of_its_own(hub: Hub) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        fault = hub.fault(Fault("status", origin="ms", status=429, headers={"Retry-After": "9"}))
        with pytest.raises(Refused) as refused:
            ms.manifest(worlds.QWEN)
        assert (refused.value.code, refused.value.retry_after) == ("HUB208", 9.0)
        hub.lift(fault)
        hub.fault(Fault("status", origin="ms", status=500))
        with pytest.raises(HubError) as broken:
            ms.locate(worlds.QWEN, "master", SHARD)
        assert (broken.value.code, broken.value.status) == ("HUB200", 500)
