"""Where a file's first request goes is known without a request."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from qtune.core.errors import UsageError
from qtune.core.hub.interface import RepoType
from qtune.core.sources import SourceKind
from tests.core.hub.asking import opened, settings_for
from tests.hub import Hub, worlds

ODD = "data/a b?&#%.json"


@pytest.mark.parametrize(
    ("kind", "repo_type", "path"),
    [
        ("huggingface", "model", "/Qwen/Qwen3-4B/resolve/main/"),
        ("huggingface", "dataset", "/datasets/Qwen/Qwen3-4B/resolve/main/"),
        ("modelscope", "model", "/api/v1/models/Qwen/Qwen3-4B/repo?Revision=master&FilePath="),
        ("modelscope", "dataset", "/api/v1/datasets/Qwen/Qwen3-4B/repo?Revision=master&FilePath="),
    ],
)
def test_an_address_names_the_file_and_sends_nothing(
    hub: Hub, kind: SourceKind, repo_type: RepoType, path: str
) -> None:
    base = hub.ms_url if kind == "modelscope" else hub.hf_url
    with opened(hub, kind, settings_for(hub)) as at:
        found = at.address(worlds.QWEN, "main", ODD, repo_type=repo_type)
    name = quote(ODD, safe="/").replace("%20", "+" if kind == "modelscope" else "%20")
    name = name.replace("/", "%2F") if kind == "modelscope" else name
    assert found.url == f"{base}{path}{name}"
    assert (found.headers, found.size) == ({}, None)
    assert not hub.requests


def test_an_address_carries_the_token_only_where_it_may_go(hub: Hub) -> None:
    trusting = settings_for(hub, HF_TOKEN=worlds.GOOD, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    wary = settings_for(
        hub, trusted=False, HF_TOKEN=worlds.GOOD, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE
    )
    with opened(hub, "huggingface", trusting) as hf, opened(hub, "modelscope", trusting) as ms:
        mine = hf.address(worlds.LLAMA, "main", "config.json")
        theirs = ms.address(worlds.QWEN, "master", "config.json")
    assert mine.headers == {"Authorization": f"Bearer {worlds.GOOD}"}
    assert theirs.headers == {
        "Authorization": f"Bearer {worlds.MODELSCOPE}",
        "Cookie": f"m_session_id={worlds.MODELSCOPE}",
    }
    assert worlds.GOOD not in repr(mine) and worlds.MODELSCOPE not in repr(theirs)
    for kind in ("huggingface", "modelscope"):
        with opened(hub, kind, wary) as at:
            assert at.address(worlds.QWEN, "main", "config.json").headers == {}
    with opened(hub, "mirror", trusting) as mirror:
        assert mirror.address(worlds.QWEN, "main", "config.json").headers == {}


def test_modelscopes_name_of_a_listing_leads_to_its_branch(hub: Hub) -> None:
    with opened(hub, "modelscope", settings_for(hub)) as ms:
        commit = ms.manifest(worlds.QWEN, "master").commit
        of_listing = ms.address(worlds.QWEN, commit, "config.json").url
        of_a_strangers = ms.address(worlds.QWEN, "a" * 40, "config.json").url
    assert "Revision=master" in of_listing and of_listing == of_a_strangers


def test_what_must_not_be_in_an_address_is_refused(hub: Hub) -> None:
    with opened(hub, "huggingface", settings_for(hub)) as hf:
        for repo, commit in (("a/b/c", "main"), ("a?b/c", "main"), ("a/b", "x?y")):
            with pytest.raises(UsageError):
                hf.address(repo, commit, "config.json")
    assert not hub.requests
