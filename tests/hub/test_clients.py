"""The hubs' own clients, unchanged, work against the local hub and fail on it as on the real one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.hub import Fault, Hub, Repo, sdk, worlds
from tests.hub.worlds import LLAMA, QWEN

SHARD = "model-00001-of-00002.safetensors"


def files(hub: Hub, name: str = QWEN) -> dict[str, bytes]:
    return dict(next(repo for repo in hub.world.repos if repo.id == name).files)


def test_hf_snapshot_download_is_byte_identical(hub: Hub, tmp_path: Path) -> None:
    outcome = sdk.hf_snapshot(hub, tmp_path, QWEN, HF_TOKEN=worlds.GOOD)
    assert outcome.error is None
    assert sdk.contents(Path(outcome.value)) == files(hub)
    assert Path(outcome.value).name == hub.world.repos[0].commit
    assert len(hub.seen("cdn", method="GET")) == 2
    assert hub.carrying(worlds.GOOD) == {"hf"}
    assert hub.seen("ms*") == []


def test_modelscope_snapshot_download_is_byte_identical(hub: Hub, tmp_path: Path) -> None:
    outcome = sdk.ms_snapshot(hub, tmp_path, QWEN, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    assert outcome.error is None
    assert sdk.contents(Path(outcome.value)) == files(hub)
    assert len(hub.seen("ms-cdn", method="GET")) == 2
    assert hub.carrying(worlds.MODELSCOPE) == {"ms"}
    assert hub.seen("hf") == hub.seen("cdn") == []


def test_hf_auth_whoami_and_download_work(hub: Hub, tmp_path: Path) -> None:
    who = sdk.hf_command(hub, tmp_path, "auth", "whoami", HF_TOKEN=worlds.WRITE)
    assert (who.returncode, who.stderr) == (0, "")
    assert "erin" in who.stdout
    assert "acme" in who.stdout
    bad = sdk.hf_command(hub, tmp_path, "auth", "whoami", HF_TOKEN=worlds.UNKNOWN)
    assert bad.returncode == 1
    assert "HF_TOKEN" in bad.stdout + bad.stderr
    get = sdk.hf_command(hub, tmp_path, "download", LLAMA, "--quiet", HF_TOKEN=worlds.GOOD)
    assert get.returncode == 0
    assert sdk.contents(Path(get.stdout.strip())) == files(hub, LLAMA)


def test_the_cli_sees_a_gate(hub: Hub, tmp_path: Path) -> None:
    get = sdk.hf_command(hub, tmp_path, "download", LLAMA, "--quiet")
    assert get.returncode != 0
    assert "requires approval" in get.stdout + get.stderr


def test_auth_check_and_model_info_agree_with_the_state(hub: Hub, tmp_path: Path) -> None:
    code = f"""
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError
api = HfApi()
found = []
for token in {[worlds.GOOD, worlds.NO_LICENCE, worlds.PENDING]!r}:
    try:
        api.auth_check({LLAMA!r}, token=token)
        found.append("open")
    except GatedRepoError as error:
        found.append(str(error))
info = api.model_info({QWEN!r}, files_metadata=True)
sizes = {{s.rfilename: (s.size, s.lfs.sha256 if s.lfs else None) for s in info.siblings}}
done([found, sizes, api.whoami({worlds.FINE_GRAINED!r})["auth"]])
"""
    outcome = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path)
    found, sizes, auth = outcome.value
    assert found[0] == "open"
    assert "not in the authorized list" in found[1]
    assert "awaiting a review" in found[2]
    entries = hub.world.repos[0].entries
    assert sizes[SHARD] == [entries[SHARD].size, entries[SHARD].sha256]
    assert sizes["config.json"] == [entries["config.json"].size, None]
    assert auth["accessToken"]["fineGrained"]["canReadGatedRepos"] is False


@pytest.mark.parametrize(
    ("repo_id", "token", "error", "words"),
    [
        (LLAMA, None, "GatedRepoError", "Please log in"),
        (LLAMA, worlds.NO_LICENCE, "GatedRepoError", "not in the authorized list"),
        (LLAMA, worlds.PENDING, "GatedRepoError", "awaiting a review"),
        (LLAMA, worlds.REJECTED, "GatedRepoError", "has been rejected"),
        (LLAMA, worlds.FINE_GRAINED, "LocalEntryNotFoundError", "public gated repositories"),
        (QWEN, worlds.UNKNOWN, "HfHubHTTPError", "Invalid credentials"),
        (worlds.PRIVATE, None, "HfHubHTTPError", "Invalid username or password"),
        ("nobody/nothing", worlds.GOOD, "RepositoryNotFoundError", "Repository Not Found"),
        (worlds.DISABLED, worlds.GOOD, "LocalEntryNotFoundError", "DisabledRepoError"),
        (worlds.REGIONAL, worlds.GOOD, "LocalEntryNotFoundError", "not available in your region"),
    ],
)
def test_hf_refusals_raise_the_recorded_classes(
    hub: Hub, tmp_path: Path, repo_id: str, token: str | None, error: str, words: str
) -> None:
    outcome = sdk.hf_snapshot(hub, tmp_path, repo_id, HF_TOKEN=token)
    assert outcome.error == error
    assert words in "\n".join(outcome.causes)


def test_over_https_a_bare_401_is_repository_not_found(tmp_path: Path) -> None:
    world = worlds.demo()
    with Hub(world.repos, world.users, tls=True) as hub:
        outcome = sdk.hf_snapshot(hub, tmp_path, "nobody/nothing")
        assert outcome.error == "RepositoryNotFoundError"
        fine = sdk.hf_snapshot(hub, tmp_path, QWEN)
        assert sdk.contents(Path(fine.value)) == files(hub)


@pytest.mark.parametrize(
    ("repo_id", "code"), [("nobody/nothing", 10010205001), (worlds.PRIVATE, 10010200001)]
)
def test_modelscope_refusals_raise_the_recorded_classes(
    hub: Hub, tmp_path: Path, repo_id: str, code: int
) -> None:
    script = f"""
from modelscope import snapshot_download
try:
    snapshot_download({repo_id!r})
except Exception as error:
    cause = error.__cause__
    done([type(error).__name__, type(cause).__name__, cause.response_body["Code"]])
"""
    outcome = sdk.python(script, sdk.environ(hub, tmp_path), tmp_path)
    assert outcome.value == ["HTTPError", "NotExistError", code]


def test_modelscope_login_and_whoami_work(hub: Hub, tmp_path: Path) -> None:
    script = f"""
from modelscope_hub import HubApi
from modelscope_hub.errors import AuthenticationError
good = {[worlds.MODELSCOPE, worlds.MODELSCOPE_READ_ONLY]!r}
found = [HubApi().login(token).username for token in good]
try:
    HubApi().login({worlds.MODELSCOPE_UNKNOWN!r})
except AuthenticationError as error:
    found.append(error.status_code)
done(found)
"""
    outcome = sdk.python(script, sdk.environ(hub, tmp_path), tmp_path)
    assert outcome.value == ["alice", "bob", 400]


def test_a_wrong_modelscope_revision_gives_an_empty_folder_and_no_error(
    hub: Hub, tmp_path: Path
) -> None:
    script = f"""
import os
from modelscope import snapshot_download
done(os.listdir(snapshot_download({QWEN!r}, revision={"0" * 40!r})))
"""
    assert sdk.python(script, sdk.environ(hub, tmp_path), tmp_path).value == []


def test_the_hf_client_resumes_a_cut_stream_by_whole_chunks(tmp_path: Path) -> None:
    repo = Repo("acme/big", {"model.safetensors": bytes(30_000_000), "config.json": b"{}"})
    with Hub([repo]) as hub:
        hub.fault(Fault("cut", "cdn", after=25_000_000, times=1))
        outcome = sdk.hf_snapshot(hub, tmp_path, "acme/big")
        assert sdk.contents(Path(outcome.value)) == dict(repo.files)
        ranges = [request.headers.get("range") for request in hub.seen("cdn", method="GET")]
        assert ranges == [None, "bytes=20971520-"]


def test_the_modelscope_client_resumes_where_the_stream_was_cut(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("cut", "ms-cdn", after=100_000, times=1))
    outcome = sdk.ms_snapshot(hub, tmp_path, QWEN)
    assert sdk.contents(Path(outcome.value)) == files(hub)
    assert "bytes=100000-" in [r.headers.get("range") for r in hub.seen("ms-cdn", method="GET")]


def test_corrupt_bytes_pass_the_hf_client(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("corrupt", "cdn", after=5000, times=1))
    outcome = sdk.hf_snapshot(hub, tmp_path, QWEN)
    found = sdk.contents(Path(outcome.value))
    assert found != files(hub)
    assert {path: len(data) for path, data in found.items()} == {
        path: len(data) for path, data in files(hub).items()
    }


@pytest.mark.slow
def test_corrupt_bytes_fail_the_modelscope_client(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("corrupt", "ms-cdn", after=5000))
    outcome = sdk.ms_snapshot(hub, tmp_path, QWEN)
    assert outcome.error == "FileDownloadError"


def test_pages_of_a_listing_are_followed_and_a_foreign_link_gets_the_token(tmp_path: Path) -> None:
    world = worlds.demo()
    with Hub(world.repos, world.users, page_size=3) as hub:
        fine = sdk.hf_snapshot(hub, tmp_path, QWEN)
        assert sdk.contents(Path(fine.value)) == files(hub)
        assert len(hub.seen("hf", "*/tree/*")) == 4
        with Hub() as foreign:
            hub.fault(Fault("foreign-next", "hf", location=f"{foreign.ms_url}/next"))
            sdk.hf_snapshot(hub, tmp_path, LLAMA, HF_TOKEN=worlds.GOOD)
            assert foreign.carrying(worlds.GOOD) == {"ms"}  # the recorded hole in the client


def test_a_portal_breaks_the_hf_client_with_a_json_error(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("html", "hf"))
    assert sdk.hf_snapshot(hub, tmp_path, QWEN).error == "JSONDecodeError"


def test_a_rate_limited_listing_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    limits = {"RateLimit": '"api";r=0;t=1', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
    hub.fault(Fault("status", "hf", "*/tree/*", status=429, headers=limits, times=1))
    outcome = sdk.hf_snapshot(hub, tmp_path, QWEN)
    assert sdk.contents(Path(outcome.value)) == files(hub)
    assert [request.status for request in hub.seen("hf", "*/tree/*")] == [429, 200]


def test_refused_connections_look_like_no_network(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("refused", "hf"))
    outcome = sdk.hf_snapshot(hub, tmp_path, QWEN)
    assert outcome.error == "LocalEntryNotFoundError"
    assert any(cause.startswith("ConnectError") for cause in outcome.causes)


@pytest.mark.slow
def test_a_silent_hub_hangs_the_hf_client(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("silent", "hf"))
    with pytest.raises(subprocess.TimeoutExpired):
        sdk.hf_snapshot(
            hub,
            tmp_path,
            QWEN,
            timeout=4,
            HF_HUB_ETAG_TIMEOUT="1",
            HF_HUB_DOWNLOAD_TIMEOUT="1",
        )


def test_xet_can_be_switched_off_in_the_client(tmp_path: Path) -> None:
    world = worlds.demo()
    with Hub(world.repos, xet=True) as hub:
        outcome = sdk.hf_snapshot(hub, tmp_path, QWEN, HF_HUB_DISABLE_XET="1")
        assert sdk.contents(Path(outcome.value)) == files(hub)
        assert hub.seen("cas") == []


def test_a_telemetry_call_is_answered(hub: Hub, tmp_path: Path) -> None:
    outcome = sdk.hf_snapshot(hub, tmp_path, QWEN, HF_HUB_DISABLE_TELEMETRY=None)
    assert outcome.error is None
    asked = hub.seen("hf", "/api/agent-harnesses")
    assert [request.status for request in asked] == [200]


def test_the_outcome_of_a_child_without_an_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="without done"):
        sdk.python("print('no answer')", {}, tmp_path)
    assert sdk.python("done({'a': 1})", {}, tmp_path).value == json.loads('{"a": 1}')
