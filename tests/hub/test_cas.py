"""The store of Xet serves the real clients: huggingface_hub's download, and ranges of a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hub import Hub, Repo, sdk
from tests.hub.cas import PACK

SIZE = 5 * PACK // 2 + 12_345  # three packs, the last of them with a broken chunk at its end
STREAM = """
import time, hf_xet
group = hf_xet.XetSession().new_download_stream_group(
    endpoint={cas!r}, token={token!r}, token_expiry_unix_secs=int(time.time()) + 600)
parts = group.download_stream(hf_xet.XetFileInfo({name!r}, {size}), start={start}, end={end})
done(b"".join(parts).hex())
"""


@pytest.fixture
def repo() -> Repo:
    return Repo("o/n", {"model.safetensors": os.urandom(SIZE), "config.json": b"{}"})


def test_the_real_client_downloads_by_xet_and_not_from_the_plain_host(
    repo: Repo, tmp_path: Path
) -> None:
    with Hub([repo], xet=True) as hub:
        outcome = sdk.hf_snapshot(hub, tmp_path, repo.id)
        assert outcome.error is None, outcome.causes
        assert sdk.contents(Path(outcome.value)) == dict(repo.files)
        assert hub.seen("cas", "/v2/reconstructions/*") and len(hub.seen("cas", "/xorbs/*")) == 3
        assert not hub.seen("cdn")


@pytest.mark.parametrize(
    ("start", "end"), [(0, SIZE), (1, 2), (PACK - 1, PACK + 1), (PACK + 70_000, SIZE - 1)]
)
def test_a_range_is_exactly_these_bytes(repo: Repo, tmp_path: Path, start: int, end: int) -> None:
    file = repo.entries["model.safetensors"]
    with Hub([repo], xet=True) as hub:
        token = f"xet_{repo.commit}"
        given = {"cas": hub.cas_url, "token": token, "name": file.xet_hash, "size": file.size}
        code = STREAM.format(**given, start=start, end=end)
        outcome = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path)
        assert bytes.fromhex(outcome.value) == file.data[start:end]


def test_without_the_right_token_nothing_is_told(repo: Repo, tmp_path: Path) -> None:
    file = repo.entries["model.safetensors"]
    with Hub([repo], xet=True) as hub:
        given = {"cas": hub.cas_url, "token": "xet_wrong", "name": file.xet_hash, "size": SIZE}
        code = STREAM.format(**given, start=0, end=10)
        outcome = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path)
        assert outcome.error is not None or outcome.value == ""
        assert {r.status for r in hub.seen("cas", "/v2/*")} == {401}
        assert not hub.seen("cas", "/xorbs/*")
