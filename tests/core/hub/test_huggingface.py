"""Hugging Face's protocol, read from a server that speaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.envfile import EnvDocument, parse
from qtune.core.errors import DownloadError, HubError, Nonsense, NotFound, Refused, Unreachable
from qtune.core.hub.interface import AccessState, RateLimit
from tests.core.hub.asking import opened, settings_for
from tests.hub import Fault, Hub, Repo, World, worlds

SHARD = "model-00001-of-00002.safetensors"


def _dotenv(text: str) -> EnvDocument:
    return parse(text, Path(".env"))


def test_the_manifest_is_what_the_repository_holds(hub: Hub) -> None:
    repo = worlds.qwen3()
    with opened(hub, "huggingface", settings_for(hub)) as hf:
        manifest = hf.manifest(repo.id)
    assert manifest.commit == repo.commit
    listed = {f.path: (f.size, f.sha256, f.git_sha1) for f in manifest.files}
    assert listed == {
        f.path: (f.size, f.sha256 if f.large else None, None if f.large else f.git_sha1)
        for f in repo.entries.values()
    }
    assert manifest.size == repo.size


def test_a_listing_of_many_pages_is_read_to_its_end() -> None:
    repo = worlds.huge(250)
    with Hub([repo], page_size=60) as hub:
        with opened(hub, "huggingface", settings_for(hub)) as hf:
            assert len(hf.manifest(repo.id).files) == 250
        assert len(hub.seen("hf", "*/tree/*")) > 4


def test_the_next_page_on_another_host_is_refused_not_asked() -> None:
    repo = worlds.huge(250)
    with Hub([repo], worlds.USERS, page_size=60) as hub:
        hub.fault(Fault("foreign-next", origin="hf", location=f"{hub.cdn_url}/api/next"))
        settings = settings_for(hub, HF_TOKEN=worlds.GOOD)
        with opened(hub, "huggingface", settings) as hf, pytest.raises(Nonsense) as caught:
            hf.manifest(repo.id)
        assert caught.value.code == "HUB223"
        assert not hub.seen("cdn")


@pytest.mark.parametrize(
    ("token", "repo", "state"),
    [
        (None, worlds.LLAMA, AccessState.GATED_NO_TOKEN),
        (worlds.GOOD, worlds.LLAMA, AccessState.GRANTED),
        (worlds.NO_LICENCE, worlds.LLAMA, AccessState.NOT_ACCEPTED),
        (worlds.PENDING, worlds.REVIEWED, AccessState.PENDING),
        (worlds.REJECTED, worlds.REVIEWED, AccessState.REJECTED),
        (worlds.FINE_GRAINED, worlds.LLAMA, AccessState.TOKEN_CANNOT_SEE_GATED),
        (worlds.FINE_GRAINED_GATED, worlds.LLAMA, AccessState.GRANTED),
        (worlds.UNKNOWN, worlds.LLAMA, AccessState.BAD_TOKEN),
        (worlds.UNKNOWN, worlds.QWEN, AccessState.BAD_TOKEN),
        (worlds.EXPIRED, worlds.QWEN, AccessState.BAD_TOKEN),
        (None, "no/such-model", AccessState.MISSING_OR_PRIVATE),
        (worlds.GOOD, "no/such-model", AccessState.MISSING_OR_PRIVATE),
        (None, worlds.PRIVATE, AccessState.MISSING_OR_PRIVATE),
        (worlds.WRITE, worlds.PRIVATE, AccessState.GRANTED),
        (None, worlds.DISABLED, AccessState.DISABLED),
        (worlds.GOOD, worlds.REGIONAL, AccessState.REGION),
        (None, worlds.QWEN, AccessState.GRANTED),
    ],
)
def test_every_state_of_access_is_told_apart(
    hub: Hub, token: str | None, repo: str, state: AccessState
) -> None:
    settings = settings_for(hub, HF_TOKEN=token or "")
    with opened(hub, "huggingface", settings) as hf:
        access = hf.access(repo)
    assert access.state is state
    assert access.sent_token is (token is not None)


def test_access_is_proved_on_a_real_file_where_there_is_no_config() -> None:
    repo = Repo("o/adapter", {"weights/model.safetensors": b"x" * 10})
    with Hub([repo]) as hub, opened(hub, "huggingface", settings_for(hub)) as hf:
        assert hf.access("o/adapter").state is AccessState.GRANTED
        assert hub.seen("hf", "/o/adapter/resolve/main/weights/model.safetensors", "HEAD")


def test_a_missing_revision_or_file_is_told_from_a_missing_repository(hub: Hub) -> None:
    with opened(hub, "huggingface", settings_for(hub)) as hf:
        assert hf.access(worlds.QWEN, "v9").state is AccessState.NO_REVISION
        with pytest.raises(NotFound) as caught:
            hf.manifest(worlds.QWEN, "v9")
        assert caught.value.code == "GATE408"
        with pytest.raises(NotFound) as caught:
            hf.locate(worlds.QWEN, "main", "nothing.json")
        assert caught.value.code == "GATE408"


@pytest.mark.parametrize(
    ("token", "repo", "code"),
    [
        (None, worlds.LLAMA, "GATE401"),
        (worlds.NO_LICENCE, worlds.LLAMA, "GATE402"),
        (worlds.PENDING, worlds.LLAMA, "GATE403"),
        (worlds.REJECTED, worlds.LLAMA, "GATE404"),
        (worlds.FINE_GRAINED, worlds.LLAMA, "GATE405"),
        (worlds.GOOD, worlds.REGIONAL, "GATE406"),
        (worlds.GOOD, worlds.DISABLED, "GATE407"),
    ],
)
def test_a_refused_file_names_the_hub_and_the_repository(
    hub: Hub, token: str | None, repo: str, code: str
) -> None:
    settings = settings_for(hub, HF_TOKEN=token or "")
    with opened(hub, "huggingface", settings) as hf, pytest.raises(Refused) as caught:
        hf.locate(repo, "main", "config.json")
    assert caught.value.code == code
    for words in (caught.value.message.en, caught.value.message.zh):
        assert "Hugging Face" in words and repo in words
        assert token is None or token not in words


def test_a_bad_token_on_a_public_model_is_blamed_down_to_its_line(hub: Hub) -> None:
    project = _dotenv(f"# mine\nHF_TOKEN={worlds.UNKNOWN}\n")
    # The token's own place must name the host too, or it would not be sent at all.
    host = hub.hf_url.partition("://")[2]
    settings = settings_for(hub, project=project, QTUNE_TRUSTED_HOSTS=host)
    with opened(hub, "huggingface", settings) as hf:
        with pytest.raises(Refused) as caught:
            hf.manifest(worlds.QWEN)
        identity = hf.identity()
    assert caught.value.code == "TOK303"
    assert ".env line 2" in caught.value.message.en
    assert ".env 第 2 行" in caught.value.message.zh
    assert worlds.UNKNOWN not in caught.value.message.en
    assert identity is not None and not identity.valid


def test_identity_tells_role_and_scopes_and_is_asked_once(hub: Hub) -> None:
    settings = settings_for(hub, HF_TOKEN=worlds.FINE_GRAINED_SCOPED)
    with opened(hub, "huggingface", settings) as hf:
        first, second = hf.identity(), hf.identity()
    assert first is not None and first == second
    assert (first.valid, first.name, first.role) == (True, "alice", "fineGrained")
    assert first.can_read_gated is False
    assert first.scopes == (worlds.LLAMA,)
    assert len(hub.seen("hf", "/api/whoami-v2")) == 1


def test_an_oauth_token_has_no_role_of_its_own(hub: Hub) -> None:
    with opened(hub, "huggingface", settings_for(hub, HF_TOKEN=worlds.OAUTH)) as hf:
        identity = hf.identity()
    assert identity is not None
    assert (identity.valid, identity.role, identity.can_read_gated) == (True, "oauth", None)


def test_no_token_goes_to_a_host_that_nobody_trusted(hub: Hub) -> None:
    settings = settings_for(hub, trusted=False, HF_TOKEN=worlds.GOOD)
    with opened(hub, "huggingface", settings) as hf:
        assert hf.identity() is None
        hf.manifest(worlds.QWEN)
        hf.locate(worlds.QWEN, "main", SHARD)
        with pytest.raises(Refused) as caught:
            hf.locate(worlds.LLAMA, "main", SHARD)
    assert caught.value.code == "GATE401"
    assert "QTUNE_TRUSTED_HOSTS" in caught.value.message.en
    assert hub.carrying(worlds.GOOD) == set()


def test_a_cloned_project_cannot_have_the_users_token_sent(hub: Hub) -> None:
    host = hub.hf_url.partition("://")[2]
    project = _dotenv(f"HF_ENDPOINT={hub.hf_url}\nQTUNE_TRUSTED_HOSTS={host}\n")
    settings = settings_for(hub, project=project, trusted=False, HF_TOKEN=worlds.GOOD)
    with opened(hub, "huggingface", settings) as hf:
        hf.manifest(worlds.QWEN)
    assert hub.carrying(worlds.GOOD) == set()


def test_a_mirror_never_gets_a_token(hub: Hub) -> None:
    with opened(hub, "mirror", settings_for(hub, HF_TOKEN=worlds.GOOD)) as mirror:
        assert mirror.identity() is None
        assert mirror.manifest(worlds.QWEN).files
        assert mirror.access(worlds.LLAMA).state is AccessState.GATED_NO_TOKEN
    assert hub.carrying(worlds.GOOD) == set()


def test_a_large_file_is_located_on_its_own_host_without_the_token(hub: Hub) -> None:
    with opened(hub, "huggingface", settings_for(hub, HF_TOKEN=worlds.GOOD)) as hf:
        large = hf.locate(worlds.LLAMA, "main", SHARD)
        small = hf.locate(worlds.LLAMA, "main", "config.json")
    repo = worlds.qwen3(repo_id=worlds.LLAMA)
    assert large.url.startswith(hub.cdn_url)
    assert large.headers == {}
    assert large.size == repo.entries[SHARD].size
    assert small.url.startswith(f"{hub.hf_url}/api/resolve-cache/")
    assert small.headers == {"Authorization": f"Bearer {worlds.GOOD}"}
    assert worlds.GOOD not in repr(small) and "Signature" not in repr(large)
    assert hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.triggers("NET105")
@pytest.mark.spares("HUB205")
def test_a_redirect_of_the_hub_to_another_host_does_not_take_the_token_along(hub: Hub) -> None:
    hub.fault(Fault("redirect", origin="hf", path="/*/resolve/*", location=f"{hub.cdn_url}/steal"))
    with opened(hub, "huggingface", settings_for(hub, HF_TOKEN=worlds.GOOD)) as hf:
        with pytest.raises(Nonsense) as caught:
            hf.locate(worlds.QWEN, "main", "config.json")
        assert caught.value.code == "NET105"
    assert not hub.seen("cdn")
    assert hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.triggers("HUB223")
def test_a_circle_of_redirects_ends(hub: Hub) -> None:
    hub.fault(Fault("redirect", origin="hf", path="/api/models/*"))
    with opened(hub, "huggingface", settings_for(hub)) as hf, pytest.raises(Nonsense) as caught:
        hf.manifest(worlds.QWEN)
    assert caught.value.code == "HUB223"
    assert len(hub.requests) < 10


@pytest.mark.triggers("HUB205")
def test_a_mirror_that_only_sends_on_to_the_hub_is_called_that(hub: Hub) -> None:
    hub.fault(
        Fault(
            "redirect",
            origin="hf",
            path="/*/resolve/*",
            status=308,
            location="https://huggingface.co/x",
        )
    )
    with opened(hub, "mirror", settings_for(hub)) as mirror, pytest.raises(Nonsense) as caught:
        mirror.locate(worlds.QWEN, "main", "config.json")
    assert caught.value.code == "HUB205"
    assert "huggingface.co" in caught.value.message.en


@pytest.mark.triggers("NET105")
@pytest.mark.spares("HUB223")
def test_a_portals_page_is_not_taken_for_the_hub(hub: Hub) -> None:
    hub.fault(Fault("html", origin="hf"))
    with opened(hub, "huggingface", settings_for(hub, HF_TOKEN=worlds.GOOD)) as hf:
        for ask in (
            lambda: hf.manifest(worlds.QWEN),
            lambda: hf.locate(worlds.QWEN, "main", "config.json"),
            lambda: hf.access(worlds.QWEN),
            lambda: hf.identity(),
        ):
            with pytest.raises(Nonsense) as caught:
                ask()
            assert caught.value.code == "NET105"


@pytest.mark.triggers("HUB223")
@pytest.mark.spares("NET105")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"sha": 5}', b'{"sha": "../../x"}', b"\xff\xfe\x00", b"[" * 9999],
)
def test_a_body_that_is_not_the_hubs_is_one_clear_error(hub: Hub, body: bytes) -> None:
    hub.fault(Fault("status", origin="hf", path="*/revision/*", status=200, body=body))
    with opened(hub, "huggingface", settings_for(hub)) as hf, pytest.raises(Nonsense) as caught:
        hf.manifest(worlds.QWEN)
    assert caught.value.code == "HUB223"


@pytest.mark.parametrize(
    "entry",
    [
        b'{"type":"file","path":5,"size":1,"oid":"%s"}' % (b"a" * 40),
        b'{"type":"file","path":"a","size":"1","oid":"%s"}' % (b"a" * 40),
        b'{"type":"file","path":"a","size":true,"oid":"%s"}' % (b"a" * 40),
        b'{"type":"file","path":"a","size":1,"oid":"../../../etc/passwd"}',
        b'{"type":"file","path":"a","size":1,"lfs":{"oid":"../x","size":1}}',
    ],
)
def test_a_hash_or_size_of_the_wrong_form_never_becomes_a_file_name(hub: Hub, entry: bytes) -> None:
    body = b"[" + entry + b"]"
    hub.fault(Fault("status", origin="hf", path="*/tree/*", status=200, body=body))
    with opened(hub, "huggingface", settings_for(hub)) as hf, pytest.raises(Nonsense) as caught:
        hf.manifest(worlds.QWEN)
    assert caught.value.code == "HUB223"


def test_too_many_requests_says_how_long_to_wait(hub: Hub) -> None:
    fault = Fault("status", origin="hf", status=429, headers={"Retry-After": "17"})
    hub.fault(fault)
    with opened(hub, "huggingface", settings_for(hub)) as hf:
        with pytest.raises(Refused) as caught:
            hf.manifest(worlds.QWEN)
        assert (caught.value.code, caught.value.retry_after) == ("HUB208", 17.0)
        assert hf.access(worlds.QWEN).state is AccessState.RATE_LIMITED


def test_a_fault_of_the_hubs_own_is_no_refusal(hub: Hub) -> None:
    hub.fault(Fault("status", origin="hf", status=503))
    with opened(hub, "huggingface", settings_for(hub)) as hf:
        for ask in (lambda: hf.manifest(worlds.QWEN), lambda: hf.access(worlds.QWEN)):
            with pytest.raises(HubError) as caught:
                ask()
            assert (caught.value.code, caught.value.status) == ("HUB200", 503)
            assert not isinstance(caught.value, Refused | NotFound)


def test_the_rate_limit_is_read_from_any_answer(hub: Hub) -> None:
    with opened(hub, "huggingface", settings_for(hub)) as hf:
        hf.manifest(worlds.QWEN)
        assert hf.rate_limit == RateLimit(remaining=498, reset_s=172, quota=500)


def test_a_silent_hub_is_given_up_after_its_deadline(hub: Hub) -> None:
    hub.fault(Fault("silent", origin="hf"))
    settings = settings_for(hub, HF_HUB_ETAG_TIMEOUT="1")
    with opened(hub, "huggingface", settings) as hf, pytest.raises(Unreachable) as caught:
        hf.manifest(worlds.QWEN)
    assert (caught.value.code, caught.value.stage) == ("HUB200", "timeout")


def test_a_closed_port_is_unreachable(hub: Hub) -> None:
    hub.fault(Fault("refused", origin="hf"))
    with opened(hub, "huggingface", settings_for(hub)) as hf, pytest.raises(Unreachable) as caught:
        hf.manifest(worlds.QWEN)
    assert (caught.value.code, caught.value.stage) == ("NET102", "tcp")


def test_more_files_than_any_model_has_are_refused(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtune.core.hub.huggingface.MOST_FILES", 5)
    with (
        opened(hub, "huggingface", settings_for(hub)) as hf,
        pytest.raises(DownloadError) as caught,
    ):
        hf.manifest(worlds.QWEN)
    assert caught.value.code == "DWN004"


def test_names_are_checked_before_the_first_request() -> None:
    with Hub(World.of((), ()).repos) as hub:
        with opened(hub, "huggingface", settings_for(hub)) as hf:
            for call in (
                lambda: hf.manifest("a/../b"),
                lambda: hf.manifest("a/b", "x?y"),
                lambda: hf.access("a?b/c"),
                lambda: hf.locate("a/b/c", "main", "x"),
            ):
                with pytest.raises(Exception, match="is not a re"):
                    call()
        assert hub.requests == []


def test_a_token_that_fits_no_header_is_told_apart_from_one_that_may_not_go(hub: Hub) -> None:
    settings = settings_for(hub, HF_TOKEN=worlds.GOOD + "\u200b")
    with opened(hub, "huggingface", settings) as hf, pytest.raises(Refused) as caught:
        hf.locate(worlds.LLAMA, "main", "config.json")
    assert caught.value.code == "GATE401"
    assert "holds characters that no token has" in caught.value.message.en
    assert "含有不该出现的字符" in caught.value.message.zh
    assert "QTUNE_TRUSTED_HOSTS" not in caught.value.message.en
