"""A hint to the kernel changes nothing of a file, and is no error anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qtune.core.download import writeback
from qtune.core.download.writeback import begin_writeback


@pytest.mark.parametrize(("start", "length"), [(0, 1 << 20), (5, 7), (1 << 40, 1), (0, 0), (-1, 1)])
def test_a_hint_leaves_the_file_as_it_is(tmp_path: Path, start: int, length: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(bytes(range(256)) * 4096)
    handle = os.open(path, os.O_RDWR)
    try:
        begin_writeback(handle, start, length)
    finally:
        os.close(handle)
    assert path.read_bytes() == bytes(range(256)) * 4096


def test_where_the_system_has_no_such_call_it_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    writeback._begin.cache_clear()
    try:
        begin_writeback(-1, 0, 1)
        assert writeback._begin() is writeback._nothing
    finally:
        writeback._begin.cache_clear()


def test_a_closed_file_is_no_error(tmp_path: Path) -> None:
    begin_writeback(9999, 0, 1)
