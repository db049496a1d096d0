"""Files to a hub: only by whom may write, each once, the token to nobody else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qtune.core.credentials import HubName
from qtune.core.errors import HubError, Nonsense, Refused, UsageError
from qtune.core.hub import sending
from qtune.core.hub.parcel import Parcel
from qtune.core.hub.upload import Pushed, Wish, push
from qtune.core.settings import Settings
from tests.core.hub.asking import settings_for
from tests.hub import Fault, Hub, Scope, Token, User, worlds

WEIGHTS = os.urandom(300_000)
FILES = {
    "README.md": "# 微调\n".encode(),
    "config.json": b"{}\n",
    "empty.txt": b"",
    "model.safetensors": WEIGHTS,
    "tokenizer.json": b'{"a": 1}' * 20_000,
}
FINE_WRITE = worlds.hf_token("w")
USERS = (
    *worlds.USERS,
    User("frank", (Token(FINE_WRITE, "fineGrained", scoped=(Scope("frank", ("repo.write",)),)),)),
)


@pytest.fixture
def here(tmp_path: Path) -> list[Parcel]:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    return [Parcel(name, tmp_path / name) for name in sorted(FILES)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_FIRST_WAIT_S", 0.0)


def hf(hub: Hub, token: str = worlds.WRITE) -> Settings:
    return settings_for(hub, HF_TOKEN=token)


def ms(hub: Hub, token: str = worlds.MODELSCOPE) -> Settings:
    return settings_for(hub, MODELSCOPE_API_TOKEN=token)


def held(hub: Hub, where: str, repo_id: str) -> dict[str, bytes]:
    repo = hub.world.repo("hf" if where == "huggingface" else "ms", repo_id)
    assert repo is not None
    return {path: data for path, data in repo.files.items() if path != ".gitattributes"}


class Counted:
    """An observer that adds up."""

    def __init__(self) -> None:
        self.total, self.done = 0, 0

    def start(self, task: str, total: int | None) -> None:
        self.total = total or 0

    def advance(self, task: str, amount: int) -> None:
        self.done += amount

    def finish(self, task: str) -> None: ...

    def say(self, line: str) -> None: ...


@pytest.mark.spares("TOK308", "HUB226", "HUB224")
@pytest.mark.parametrize("part_bytes", [0, 100_000])
def test_all_arrives_in_one_commit_and_the_token_goes_to_the_hub_alone(
    here: list[Parcel], part_bytes: int
) -> None:
    with Hub(users=USERS) as hub:
        hub.site.uploads.part_bytes = part_bytes
        seen = Counted()
        done = push("huggingface", Wish("acme/tuned", private=True), here, hf(hub), seen)
        assert held(hub, "huggingface", "acme/tuned") == FILES
        repo = hub.world.repo("hf", "acme/tuned")
        assert repo is not None and repo.private
        assert done == Pushed(f"{hub.hf_url}/acme/tuned", repo.commit, True, 5, 0)
        assert seen.done == seen.total == sum(map(len, FILES.values()))
        assert hub.carrying(worlds.WRITE) == {"hf"}
        assert len(hub.seen("cdn", method="PUT")) == (3 if part_bytes else 1)


def test_the_same_on_modelscope(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        seen = Counted()
        done = push("modelscope", Wish("alice/tuned", private=True), here, ms(hub), seen)
        assert held(hub, "modelscope", "alice/tuned") == FILES
        repo = hub.world.repo("ms", "alice/tuned")
        assert repo is not None and repo.private
        assert done == Pushed(f"{hub.ms_url}/models/alice/tuned", repo.commit, True, 5, 0)
        assert seen.done == seen.total
        assert hub.carrying(worlds.MODELSCOPE) == {"ms"}
        # weights, and what is larger than 64 KiB, as the hub's own client does it
        assert len(hub.seen("ms-cdn", method="PUT")) == 2


@pytest.mark.parametrize(
    ("name", "repo"), [("huggingface", "acme/tuned"), ("modelscope", "alice/tuned")]
)
def test_what_is_there_is_not_sent_again(here: list[Parcel], name: HubName, repo: str) -> None:
    with Hub(users=USERS) as hub:
        settings = hf(hub) if name == "huggingface" else ms(hub)
        push(name, Wish(repo), here, settings)
        hub.forget()
        again = push(name, Wish(repo), here, settings)
        assert (again.sent, again.kept, again.commit, again.created) == (0, 5, "", False)
        assert not hub.seen(method="PUT") and not hub.seen(path="*/commit/*")

        other = [p if p.path != "config.json" else Parcel(p.path, b"{ }\n") for p in here]
        hub.forget()
        changed = push(name, Wish(repo), other, settings)
        assert (changed.sent, changed.kept) == (1, 4)
        assert not hub.seen(method="PUT")
        assert held(hub, name, repo) == {**FILES, "config.json": b"{ }\n"}


@pytest.mark.triggers("HUB226")
@pytest.mark.parametrize(
    ("name", "repo", "storage", "origin"),
    [
        ("huggingface", "acme/tuned", "cdn", "hf"),
        ("modelscope", "alice/tuned", "ms-cdn", "ms"),
    ],
)
def test_a_push_that_was_refused_at_the_end_goes_on_without_the_large_files(
    here: list[Parcel], name: HubName, repo: str, storage: str, origin: str
) -> None:
    with Hub(users=USERS) as hub:
        settings = hf(hub) if name == "huggingface" else ms(hub)
        body = json.dumps({"error": "Private storage limit reached", "Message": "too much"})
        full = hub.fault(Fault("status", origin, "*/commit/*", status=403, body=body.encode()))
        with pytest.raises(Refused) as caught:
            push(name, Wish(repo), here, settings)
        assert caught.value.code == "HUB226"
        assert "limit reached" in caught.value.message.en or "too much" in caught.value.message.en
        assert held(hub, name, repo) == {}
        hub.lift(full)
        hub.forget()
        assert push(name, Wish(repo), here, settings).sent == 5
        assert not hub.seen(storage, method="PUT")
        assert held(hub, name, repo) == FILES


def test_a_storage_that_breaks_once_is_asked_again_and_counted_once(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        hub.fault(Fault("reset", "cdn", method="PUT", times=1))
        hub.fault(Fault("status", "hf", "*/preupload/*", status=503, times=1))
        seen = Counted()
        push("huggingface", Wish("acme/tuned"), here, hf(hub), seen)
        assert held(hub, "huggingface", "acme/tuned") == FILES
        assert seen.done == seen.total


def test_a_storage_that_is_gone_is_an_error_and_nothing_is_committed(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        hub.fault(Fault("refused", "cdn"))
        with pytest.raises(HubError):
            push("huggingface", Wish("acme/tuned"), here, hf(hub))
        assert held(hub, "huggingface", "acme/tuned") == {}


def _sent_nothing(hub: Hub) -> None:
    sent = [r for r in hub.requests if r.method in ("POST", "PUT") and r.path != "/api/v1/login"]
    assert sent == []


@pytest.mark.triggers("TOK308")
@pytest.mark.parametrize(
    ("token", "repo", "why"),
    [
        (worlds.GOOD, "alice/tuned", "may read and not write"),
        (worlds.FINE_GRAINED, "alice/tuned", "fine-grained"),
        (FINE_WRITE, "acme/tuned", "fine-grained"),
        (worlds.WRITE, "google/tuned", "under google (but under erin, acme)"),
        (worlds.WRITE, worlds.QWEN, "may not write under Qwen"),
    ],
)
def test_a_token_that_may_not_write_there_is_told_before_anything_is_sent(
    here: list[Parcel], token: str, repo: str, why: str
) -> None:
    with Hub([worlds.qwen3()], USERS) as hub:
        with pytest.raises(Refused) as caught:
            push("huggingface", Wish(repo), here, hf(hub, token))
        assert caught.value.code == "TOK308"
        assert why in caught.value.message.en
        assert caught.value.fix is not None
        assert "https://huggingface.co/settings/tokens" in caught.value.fix.en
        _sent_nothing(hub)


def test_a_fine_grained_token_with_the_permission_may(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        push("huggingface", Wish("frank/tuned"), here, hf(hub, FINE_WRITE))
        assert held(hub, "huggingface", "frank/tuned") == FILES


def test_modelscopes_login_tells_a_token_that_may_only_read(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        with pytest.raises(Refused) as caught:
            push("modelscope", Wish("bob/tuned"), here, ms(hub, worlds.MODELSCOPE_READ_ONLY))
        assert caught.value.code == "TOK308"
        assert caught.value.fix is not None and "modelscope.cn/my" in caught.value.fix.en
        _sent_nothing(hub)


@pytest.mark.parametrize(("name", "code"), [("huggingface", "TOK303"), ("modelscope", "TOK312")])
def test_a_token_that_nobody_knows(here: list[Parcel], name: HubName, code: str) -> None:
    with Hub(users=USERS) as hub:
        settings = settings_for(
            hub, HF_TOKEN=worlds.UNKNOWN, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE_UNKNOWN
        )
        with pytest.raises(Refused) as caught:
            push(name, Wish("a/b"), here, settings)
        assert caught.value.code == code
        _sent_nothing(hub)


def test_no_token_and_no_trust(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        with pytest.raises(Refused) as caught:
            push("huggingface", Wish("a/b"), here, settings_for(hub))
        assert caught.value.code == "TOK308"
        with pytest.raises(Refused) as caught:
            kept = settings_for(hub, HF_TOKEN=worlds.WRITE, HF_HUB_DISABLE_IMPLICIT_TOKEN="1")
            push("huggingface", Wish("acme/b"), here, kept)
        assert "HF_HUB_DISABLE_IMPLICIT_TOKEN" in caught.value.message.en
        with pytest.raises(Refused) as caught:
            untrusted = settings_for(hub, trusted=False, HF_TOKEN=worlds.WRITE)
            push("huggingface", Wish("acme/b"), here, untrusted)
        assert caught.value.code == "HUB204"
        assert hub.carrying(worlds.WRITE) == set()
        _sent_nothing(hub)


def test_a_name_without_an_owner_is_told_before_a_request(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        with pytest.raises(UsageError) as caught:
            push("huggingface", Wish("tuned"), here, hf(hub))
        assert caught.value.code == "HUB224"
        assert hub.requests == []


def test_another_branch_is_made_and_main_stays_as_it_was(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        push("huggingface", Wish("acme/tuned"), here[:1], hf(hub))
        done = push("huggingface", Wish("acme/tuned", revision="v2"), here, hf(hub))
        assert done.url.endswith("/acme/tuned/tree/v2")
        assert hub.seen("hf", "/api/models/acme/tuned/branch/v2", "POST")
        assert hub.seen("hf", "/api/models/acme/tuned/commit/v2", "POST")
        assert set(held(hub, "huggingface", "acme/tuned")) == {"README.md"}


def test_a_file_that_shrinks_while_it_is_sent_is_not_committed(
    here: list[Parcel], tmp_path: Path
) -> None:
    class Shrinking(Parcel):
        @property
        def sample(self) -> bytes:
            (tmp_path / "model.safetensors").write_bytes(WEIGHTS[:1000])
            return WEIGHTS[:512]

    shrinking = Shrinking("model.safetensors", tmp_path / "model.safetensors")
    assert (shrinking.size, len(shrinking.sha256)) == (300_000, 64)
    with Hub(users=USERS) as hub:
        with pytest.raises(Refused) as caught:
            push("huggingface", Wish("acme/tuned"), [shrinking], hf(hub))
        assert caught.value.code == "HUB226"
        assert held(hub, "huggingface", "acme/tuned") == {}


def test_a_hub_that_gives_no_place_or_a_portal_is_no_success(here: list[Parcel]) -> None:
    with Hub(users=USERS) as hub:
        hub.fault(Fault("html", "hf", "*/commit/*"))
        with pytest.raises(Nonsense) as caught:
            push("huggingface", Wish("acme/tuned"), here, hf(hub))
        assert caught.value.code == "NET105"
    with Hub(users=USERS) as hub:
        hub.fault(Fault("status", "hf", "*/batch", status=200, body=b'{"objects": 1}'))
        with pytest.raises(Nonsense):
            push("huggingface", Wish("acme/tuned"), here, hf(hub))
