"""A disk that says no in the middle of a download: one clear error, and what came before is not fetched again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qtune.core.errors import DownloadError
from tests.core.download.downloading import FROM_HF, contents, expected, get, kept, repo_folder
from tests.hub import Hub, worlds


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="the seam is POSIX's")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DSK600"),
        (errno.EDQUOT, "DSK600"),
        (errno.EIO, "DWN007"),
        (errno.EROFS, "DWN007"),
        (errno.ESTALE, "DWN007"),
    ],
)
def test_it_is_one_error_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    repo = worlds.qwen3(4_000_000)
    real = os.pwrite

    def failing(fd: int, data: memoryview, offset: int) -> int:
        if offset + len(data) > 2_000_000:
            raise OSError(number, os.strerror(number))
        return real(fd, data, offset)

    with Hub([repo]) as hub:
        monkeypatch.setattr(os, "pwrite", failing)
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, repo.id, QTUNE_CONNECTIONS="1", **FROM_HF)
        monkeypatch.undo()
        assert caught.value.code == code
        assert os.strerror(number) in caught.value.message.en
        assert "what was downloaded is kept" in caught.value.message.en
        folder = repo_folder(tmp_path, repo.id)
        assert not (folder / "snapshots").exists()
        blobs = sum(p.stat().st_size for p in (folder / "blobs").glob("*"))
        had = kept(tmp_path, repo.id) + blobs
        assert had > 0
        found = get(hub, tmp_path, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)
        assert found.bytes_fetched <= repo.size - had
