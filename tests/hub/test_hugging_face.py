"""The Hugging Face side answers as `huggingface_hub` and the error table expect it to."""

from __future__ import annotations

import pytest

from tests.hub import Hub, Kind, worlds
from tests.hub.access import ANONYMOUS, BAD_TOKEN, DISABLED, NO_GATED_SCOPE, REGION
from tests.hub.fetch import Fetched, fetch
from tests.hub.worlds import LLAMA, QWEN

SHARD = "model-00001-of-00002.safetensors"


def resolve(hub: Hub, repo_id: str, path: str, token: str | None = None) -> Fetched:
    return fetch(f"{hub.hf_url}/{repo_id}/resolve/main/{path}", "HEAD", token=token)


def test_whoami_names_the_user_and_the_kind_of_token(hub: Hub) -> None:
    url = f"{hub.hf_url}/api/whoami-v2"
    read = fetch(url, token=worlds.GOOD).json()
    assert (read["name"], read["orgs"]) == ("alice", [])
    assert read["auth"]["accessToken"]["role"] == "read"
    fine = fetch(url, token=worlds.FINE_GRAINED).json()["auth"]["accessToken"]
    assert fine["fineGrained"]["canReadGatedRepos"] is False
    scoped = fetch(url, token=worlds.FINE_GRAINED_SCOPED).json()["auth"]["accessToken"]
    assert scoped["fineGrained"]["scoped"][0]["entity"]["name"] == LLAMA
    assert scoped["fineGrained"]["scoped"][0]["permissions"] == ["repo.content.read"]
    oauth = fetch(url, token=worlds.OAUTH).json()["auth"]
    assert "accessToken" not in oauth
    assert oauth["expiresAt"]
    assert fetch(url, token=worlds.WRITE).json()["orgs"][0]["name"] == "acme"


@pytest.mark.parametrize("token", [worlds.UNKNOWN, worlds.EXPIRED, worlds.MODELSCOPE])
@pytest.mark.parametrize(
    "path", ["/api/whoami-v2", f"/api/models/{QWEN}", f"/{QWEN}/resolve/main/config.json"]
)
def test_a_bad_token_is_refused_even_for_public_things(hub: Hub, token: str, path: str) -> None:
    answer = fetch(hub.hf_url + path, token=token)
    assert answer.status == 401
    assert answer.headers["x-error-message"] == BAD_TOKEN
    assert "x-error-code" not in answer.headers


@pytest.mark.parametrize(
    ("token", "status", "code", "words"),
    [
        (None, 401, "GatedRepo", "Please log in."),
        (worlds.NO_LICENCE, 403, "GatedRepo", "you are not in the authorized list"),
        (worlds.PENDING, 403, "GatedRepo", "is awaiting a review from the repo authors"),
        (worlds.REJECTED, 403, "GatedRepo", "has been rejected"),
        (worlds.FINE_GRAINED, 403, None, NO_GATED_SCOPE),
        (worlds.FINE_GRAINED_GATED, 200, None, ""),
        (worlds.FINE_GRAINED_SCOPED, 200, None, ""),
        (worlds.OAUTH, 200, None, ""),
        (worlds.GOOD, 200, None, ""),
    ],
)
def test_a_gated_repository_shows_its_listing_to_all_and_its_files_to_few(
    hub: Hub, token: str | None, status: int, code: str | None, words: str
) -> None:
    info = fetch(f"{hub.hf_url}/api/models/{LLAMA}", token=token)
    assert info.status == 200
    assert info.json()["gated"] == "auto"
    assert fetch(f"{hub.hf_url}/api/models/{LLAMA}/tree/main", token=token).status == 200
    check = fetch(f"{hub.hf_url}/api/models/{LLAMA}/auth-check", token=token)
    large = resolve(hub, LLAMA, SHARD, token)
    small = resolve(hub, LLAMA, "config.json", token)
    assert check.status == status
    assert (large.status, small.status) == ((302, 307) if status == 200 else (status, status))
    for answer in (check, large, small):
        assert answer.headers.get("x-error-code") == code
        assert words in answer.headers.get("x-error-message", "")
    if status != 200:
        assert words in check.json()["error"]


def test_missing_and_private_cannot_be_told_apart(hub: Hub) -> None:
    for repo_id in ("nobody/nothing", worlds.PRIVATE):
        for path in (f"/api/models/{repo_id}", f"/{repo_id}/resolve/main/config.json"):
            anonymous = fetch(hub.hf_url + path)
            assert (anonymous.status, anonymous.headers["x-error-message"]) == (401, ANONYMOUS)
            assert "x-error-code" not in anonymous.headers
            other = fetch(hub.hf_url + path, token=worlds.GOOD)
            assert (other.status, other.headers["x-error-code"]) == (404, "RepoNotFound")
    assert fetch(f"{hub.hf_url}/api/models/{worlds.PRIVATE}", token=worlds.WRITE).status == 200


def test_disabled_is_refused_everywhere_and_a_region_only_for_contents(hub: Hub) -> None:
    disabled = fetch(f"{hub.hf_url}/api/models/{worlds.DISABLED}", token=worlds.GOOD)
    assert (disabled.status, disabled.headers["x-error-message"]) == (403, DISABLED)
    assert fetch(f"{hub.hf_url}/api/models/{worlds.REGIONAL}").status == 200
    region = resolve(hub, worlds.REGIONAL, "config.json", worlds.GOOD)
    assert (region.status, region.headers["x-error-message"]) == (403, REGION)


def test_missing_revisions_and_files_have_their_own_codes(hub: Hub) -> None:
    revision = fetch(f"{hub.hf_url}/api/models/{QWEN}/revision/master")
    assert (revision.status, revision.headers["x-error-code"]) == (404, "RevisionNotFound")
    entry = resolve(hub, QWEN, "nothing.json")
    assert (entry.status, entry.headers["x-error-code"]) == (404, "EntryNotFound")
    assert entry.headers["x-repo-commit"]


def test_only_a_writer_of_the_namespace_passes_the_write_check(hub: Hub) -> None:
    url = f"{hub.hf_url}/api/models/{worlds.PRIVATE}/auth-check/write"
    assert fetch(url, token=worlds.WRITE).status == 200
    assert fetch(url, token=worlds.GOOD).status == 404
    assert fetch(f"{hub.hf_url}/api/models/{QWEN}/auth-check/write").status == 401
    assert (
        fetch(f"{hub.hf_url}/api/models/{QWEN}/auth-check/write", token=worlds.WRITE).status == 403
    )


def test_small_files_redirect_within_the_origin_and_large_ones_leave_it(hub: Hub) -> None:
    small = resolve(hub, QWEN, "config.json")
    assert small.status == 307
    assert small.headers["location"].startswith(f"/api/resolve-cache/models/{QWEN}/")
    file = hub.world.repos[0].entries["config.json"]
    served = fetch(hub.hf_url + small.headers["location"])
    assert (served.body, served.headers["etag"]) == (file.data, f'"{file.git_sha1}"')
    large = resolve(hub, QWEN, SHARD)
    shard = hub.world.repos[0].entries[SHARD]
    assert large.status == 302
    assert large.headers["x-linked-etag"] == f'"{shard.sha256}"'
    assert large.headers["x-linked-size"] == str(shard.size)
    assert large.headers["x-repo-commit"] == hub.world.repos[0].commit
    assert large.headers["location"].startswith(f"{hub.cdn_url}/")
    assert fetch(large.headers["location"]).body == shard.data
    assert hub.cdn_url.startswith("http://localhost:")
    assert hub.hf_url.startswith("http://127.0.0.1:")


def test_a_signed_url_must_be_whole_and_young() -> None:
    world = worlds.demo()
    with Hub(world.repos, url_lifetime=-60) as hub:
        url = resolve(hub, QWEN, SHARD).headers["location"]
        late = fetch(url)
        assert late.status == 403
        assert b"Request has expired" in late.body
    with Hub(world.repos) as hub:
        url = resolve(hub, QWEN, SHARD).headers["location"]
        assert fetch(url).status == 200
        forged = fetch(url.replace("X-Amz-Signature=", "X-Amz-Signature=0"))
        assert forged.status == 403
        assert b"signature" in forged.body
        assert fetch(url.partition("?")[0]).status == 403


@pytest.mark.parametrize(
    ("wanted", "status", "span"),
    [
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=100-199", 206, (100, 200)),
        ("bytes=4100-", 206, (4100, None)),
        ("bytes=-16", 206, (-16, None)),
        ("bytes=100-999999999", 206, (100, None)),
        ("bytes=999999999-", 416, (0, 0)),
        ("bytes=0-1,5-6", 200, (0, None)),
        ("lines=1-2", 200, (0, None)),
    ],
)
def test_ranges_follow_the_rfc(
    hub: Hub, wanted: str, status: int, span: tuple[int, int | None]
) -> None:
    shard = hub.world.repos[0].entries[SHARD]
    url = resolve(hub, QWEN, SHARD).headers["location"]
    answer = fetch(url, headers={"Range": wanted})
    assert answer.status == status
    assert answer.body == shard.data[slice(*span)]
    if status == 206:
        first = shard.data.index(answer.body)
        last = first + len(answer.body) - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{shard.size}"
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{shard.size}"


def test_the_tree_comes_in_pages_with_a_link_to_the_next() -> None:
    world = worlds.demo()
    with Hub(world.repos, page_size=3) as hub:
        url: str | None = f"{hub.hf_url}/api/models/{QWEN}/tree/main?recursive=true"
        pages = []
        while url is not None:
            answer = fetch(url)
            pages.append(answer.json())
            link = answer.headers.get("link", "")
            url = link[1 : link.index(">")] if 'rel="next"' in link else None
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    listed = {entry["path"]: entry for page in pages for entry in page}
    assert listed.keys() == world.repos[0].files.keys()
    assert listed[SHARD]["lfs"]["oid"] == world.repos[0].entries[SHARD].sha256
    assert "lfs" not in listed["config.json"]


def test_folders_are_listed_and_a_shallow_listing_stops_at_them(hub: Hub) -> None:
    url = f"{hub.hf_url}/api/models/{worlds.SMALL}/tree/main"
    deep = {entry["path"]: entry["type"] for entry in fetch(f"{url}?recursive=true").json()}
    assert deep["original/notes"] == "directory"
    assert deep["original/notes/readme.txt"] == "file"
    shallow = {entry["path"]: entry["type"] for entry in fetch(url).json()}
    assert shallow["original"] == "directory"
    assert "original/notes" not in shallow
    inside = fetch(f"{url}/original/notes").json()
    assert [entry["path"] for entry in inside] == ["original/notes/readme.txt"]


def test_every_answer_names_the_request_and_the_rate_limit(hub: Hub) -> None:
    for path in (
        "/",
        "/api/whoami-v2",
        f"/{QWEN}/resolve/main/config.json",
        "/no/such/page/at/all",
    ):
        headers = fetch(hub.hf_url + path).headers
        assert headers["x-request-id"].startswith("Root=1-")
        assert headers["ratelimit"].startswith('"')
        assert ";w=300" in headers["ratelimit-policy"]
    anonymous = fetch(f"{hub.hf_url}/api/models/{QWEN}").headers["ratelimit-policy"]
    known = fetch(f"{hub.hf_url}/api/models/{QWEN}", token=worlds.GOOD).headers["ratelimit-policy"]
    assert "q=500" in anonymous
    assert "q=1000" in known


def test_xet_is_absent_until_it_is_switched_on() -> None:
    world = worlds.demo()
    with Hub(world.repos) as hub:
        assert "x-xet-hash" not in resolve(hub, QWEN, SHARD).headers
        url = f"{hub.hf_url}/api/models/{QWEN}/xet-read-token/main"
        assert fetch(url).status == 404
    with Hub(world.repos, xet=True) as hub:
        head = resolve(hub, QWEN, SHARD)
        assert len(head.headers["x-xet-hash"]) == 64
        assert 'rel="xet-auth"' in head.headers["link"]
        token = fetch(head.headers["link"].partition(">")[0][1:])
        assert token.headers["x-xet-cas-url"] == hub.cas_url == token.json()["casUrl"]
        assert fetch(hub.cas_url).status == 404


def test_the_world_can_change_while_it_runs(hub: Hub) -> None:
    url = f"{hub.hf_url}/api/models/{LLAMA}/auth-check"
    assert fetch(url, token=worlds.NO_LICENCE).status == 403
    users = hub.world.users
    hub.change(
        users=[*users[2:], users[0], type(users[1])("bob", users[1].tokens, frozenset({LLAMA}))]
    )
    assert fetch(url, token=worlds.NO_LICENCE).status == 200
    hub.change(repos=[])
    assert fetch(url, token=worlds.GOOD).status == 404


def test_a_bug_in_a_handler_is_loud(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.site.urls = {}
    assert resolve(hub, QWEN, SHARD).status == 500
    assert "KeyError" in capsys.readouterr().err


def test_requests_are_recorded_with_what_they_carried(hub: Hub) -> None:
    fetch(f"{hub.hf_url}/api/models/{QWEN}?blobs=true", token=worlds.GOOD)
    request = hub.seen("hf", "/api/*")[0]
    assert request.authorization == f"Bearer {worlds.GOOD}"
    assert (request.method, request.path) == ("GET", f"/api/models/{QWEN}")
    assert request.query == {"blobs": "true"}
    assert request.status == 200
    assert request.body_bytes_sent > 0
    assert hub.carrying(worlds.GOOD) == {"hf"}
    assert hub.carrying(worlds.WRITE) == set()
    hub.forget()
    assert hub.requests == []
    assert {kind.value for kind in Kind} >= {"refused", "silent", "slow"}
