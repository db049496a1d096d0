"""Xet is used where Hugging Face itself offers it and it keeps pace; in doubt nothing of it is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.download import xet
from qtune.core.download.xet import obstacle, offered, reach, worth_going_on
from qtune.core.envfile import parse
from qtune.core.http import open_client
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.hub.xet import XetAccess
from qtune.core.settings import Settings, resolve
from qtune.core.sources import Source
from qtune.core.text import Text
from tests.core.hub.asking import settings_for
from tests.hub import Fault, Hub, Kind, Repo, worlds

OFFICIAL = Source("huggingface", "https://huggingface.co")
SHA, XET = "a" * 64, "b" * 64


def test_nothing_forbids_it_at_the_official_hub() -> None:
    assert obstacle(OFFICIAL, resolve(environ={})) is None


@pytest.mark.parametrize(
    ("source", "environ", "word"),
    [
        (Source("modelscope", "https://modelscope.cn"), {}, "only Hugging Face"),
        (Source("mirror", "https://hf-mirror.com"), {}, "only Hugging Face"),
        (OFFICIAL, {"HF_HUB_DISABLE_XET": "1"}, "HF_HUB_DISABLE_XET"),
        (OFFICIAL, {"QTUNE_IP_FAMILY": "4"}, "QTUNE_IP_FAMILY"),
        (Source("huggingface", "https://hf-mirror.com"), {}, "hf-mirror.com is not Hugging Face"),
        (Source("huggingface", "http://huggingface.co"), {}, "QTUNE_TRUSTED_HOSTS"),
    ],
)
def test_what_forbids_it_is_named(source: Source, environ: dict[str, str], word: str) -> None:
    why = obstacle(source, resolve(environ=environ))
    assert why is not None and word in why.en


def test_a_hub_of_ones_own_counts_only_where_the_user_named_it() -> None:
    own = Source("huggingface", "https://hub.example.org")
    assert obstacle(own, resolve(environ={"QTUNE_TRUSTED_HOSTS": "hub.example.org"})) is None
    cloned = parse("QTUNE_TRUSTED_HOSTS=hub.example.org\n", Path(".env"))
    assert obstacle(own, resolve(environ={}, project=cloned)) is not None


def test_without_hf_xet_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xet, "find_spec", lambda name: None)
    why = obstacle(OFFICIAL, resolve(environ={}))
    assert why is not None and "hf_xet is not installed" in why.en


def test_only_large_files_that_are_named_by_their_content_are_offered() -> None:
    large = RepoFile("a", xet.LEAST, SHA, None, True, XET)
    small = RepoFile("b", xet.LEAST - 1, SHA, None, True, XET)
    without = RepoFile("c", xet.LEAST, SHA, None, True)
    manifest = Manifest("o/n", "main", "0" * 40, (large, small, without), OFFICIAL)
    found = offered(manifest)
    assert found is not None and found.files == (large,) and found.commit == manifest.commit
    assert offered(Manifest("o/n", "main", "0" * 40, (small, without), OFFICIAL)) is None


@pytest.mark.parametrize(
    ("elapsed_s", "xet_bytes", "plain", "goes_on"),
    [
        (4.9, 0, 0.0, True),  # it may still begin
        (5.0, 0, 0.0, False),  # dead
        (5.0, 0, 1e6, False),
        (2.9, 1, 1e9, True),  # too early to tell
        (3.0, 1, 1e9, False),  # slower
        (5.0, 50_000_000, 10e6, True),  # as fast
        (5.0, 50_000_000, 10.1e6, False),
        (5.0, 1, 0.0, True),  # nobody knows what the plain path would do
    ],
)
def test_it_is_given_up_when_it_is_dead_or_slower(
    elapsed_s: float, xet_bytes: int, plain: float, goes_on: bool
) -> None:
    assert worth_going_on(elapsed_s, xet_bytes, plain) is goes_on


def _reach(hub: Hub, repo: Repo, settings: Settings | None = None) -> XetAccess | Text:
    settings = settings or settings_for(hub)
    source = Source("huggingface", hub.hf_url)
    manifest = Manifest(repo.id, "main", repo.commit, (), source)
    with open_client(settings) as client:
        return reach(client, manifest, settings)


def test_a_store_that_answers_is_reached_and_sees_no_token_before_it_is_used() -> None:
    repo = worlds.qwen3()
    with Hub([repo], worlds.USERS, xet=True) as hub:
        found = _reach(hub, repo, settings_for(hub, HF_TOKEN=worlds.GOOD))
        assert isinstance(found, XetAccess)
        assert [r.authorization for r in hub.seen("cas")] == [None]
        assert hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.REFUSED, "cas"),
        Fault(Kind.DEAF, "cas"),
        Fault(Kind.SILENT, "cas"),
        Fault(Kind.RESET, "cas"),
        Fault(Kind.STATUS, "hf", path="*xet-read-token*", status=404),
        Fault(
            Kind.STATUS, "hf", path="*xet-read-token*", status=200, body=b'{"casUrl":"http://["}'
        ),
        Fault(Kind.HTML, "hf", path="*xet-read-token*"),
        Fault(Kind.SILENT, "hf", path="*xet-read-token*"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.origin}",
)
def test_a_store_that_cannot_be_asked_is_left_alone(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xet, "ANSWERS_WITHIN_S", 0.3)
    repo = worlds.qwen3()
    with Hub([repo], xet=True) as hub:
        hub.fault(fault)
        why = _reach(hub, repo)
        assert isinstance(why, Text) and why.en and why.zh
        assert not hub.seen("cas", "/v2/*")


@pytest.mark.parametrize(
    "address",
    [
        "http://cas.example.org",  # a step down from https
        "https://huggingface.co@cas.example.org",
        "https://cas.example.org\\@huggingface.co",
        "file:///etc/passwd",
        "local://cas.example.org",
    ],
)
def test_an_address_of_the_store_that_could_be_read_in_two_ways_is_none(address: str) -> None:
    assert not xet._fits(address, OFFICIAL)
    assert xet._fits("https://cas-server.xethub.hf.co", OFFICIAL)


def test_a_proxy_that_hf_xet_may_not_know_is_no_road_for_it() -> None:
    repo = worlds.qwen3()
    with Hub([repo], xet=True, public_urls={"cas": "http://cas.invalid"}) as hub:
        by_socks = settings_for(hub, HTTP_PROXY="socks5://127.0.0.1:9", NO_PROXY="127.0.0.1")
        why = _reach(hub, repo, by_socks)
        assert isinstance(why, Text) and "proxy" in why.en
