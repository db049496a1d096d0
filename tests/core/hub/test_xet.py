"""What Hugging Face says of Xet is read, and the user's token goes to the hub alone."""

from __future__ import annotations

import json

import pytest

from qtune.core.errors import Unreachable
from qtune.core.http import Reply, open_client
from qtune.core.hub.tree import files_of
from qtune.core.hub.xet import XetAccess, xet_access
from qtune.core.settings import Settings
from qtune.core.sources import Source
from tests.core.hub.asking import opened, settings_for
from tests.hub import Fault, Hub, Kind, worlds


def _asked(hub: Hub, settings: Settings, commit: str) -> XetAccess | None:
    source = Source("huggingface", hub.hf_url)
    with open_client(settings) as client:
        return xet_access(client, source, settings, worlds.QWEN, commit, deadline_s=5)


def test_a_listing_says_which_files_xet_has_and_no_other_field_changes() -> None:
    repo = worlds.qwen3()
    with Hub([repo], xet=True) as by_xet, Hub([repo]) as without:
        for hub in (by_xet, without):
            with opened(hub, "huggingface", settings_for(hub)) as open_hub:
                files = open_hub.manifest(repo.id).files
            hashes = {file.path: file.xet_hash for file in files if file.xet_hash}
            large = {path: e.xet_hash for path, e in repo.entries.items() if e.large}
            assert hashes == (large if hub is by_xet else {})
        with opened(by_xet, "huggingface", settings_for(by_xet)) as one:
            assert one.manifest(repo.id).files == files  # another way to the same content


@pytest.mark.parametrize("value", ["", "A" * 64, "../../etc/passwd", 7, None, ["a" * 64]])
def test_a_strange_xet_hash_is_none_and_the_listing_still_counts(value: object) -> None:
    entry = {"type": "file", "path": "a", "size": 1, "oid": "0" * 40, "xetHash": value}
    entry["lfs"] = {"oid": "a" * 64, "size": 9}
    reply = Reply(200, {}, json.dumps([entry]).encode(), "https://huggingface.co/", 0.0)
    (file,) = files_of(reply, Source("huggingface", "https://huggingface.co"))
    assert (file.size, file.xet_hash) == (9, None)


def test_the_short_lived_token_is_read_and_the_users_own_goes_to_the_hub_alone() -> None:
    repo = worlds.qwen3()
    with Hub([repo], worlds.USERS, xet=True) as hub:
        access = _asked(hub, settings_for(hub, HF_TOKEN=worlds.GOOD), repo.commit)
        assert access is not None and access.cas == hub.cas_url
        assert access.token.reveal() == f"xet_{repo.commit}" and access.token.reveal() not in repr(
            access
        )
        assert hub.carrying(worlds.GOOD) == {"hf"}
        _asked(hub, settings_for(hub, trusted=False, HF_TOKEN=worlds.GOOD), repo.commit)
        assert not hub.seen(path="*xet-read-token*")[-1].carries(worlds.GOOD)


def test_a_mirror_that_passes_the_hashes_and_has_no_tokens_gives_none() -> None:
    repo = worlds.qwen3()
    with Hub([repo], xet=True) as hub:
        for fault in (
            Fault(Kind.STATUS, "hf", path="*xet-read-token*", status=404),
            Fault(Kind.HTML, "hf", path="*xet-read-token*"),
            Fault(Kind.STATUS, "hf", path="*xet-read-token*", status=200, body=b'["casUrl"]'),
            Fault(Kind.STATUS, "hf", path="*xet-read-token*", status=200, body=b'{"casUrl": 7}'),
        ):
            hub.fault(fault)
            assert _asked(hub, settings_for(hub), repo.commit) is None
            hub.heal()
        hub.fault(Fault(Kind.REFUSED, "hf"))
        with pytest.raises(Unreachable):
            _asked(hub, settings_for(hub), repo.commit)
