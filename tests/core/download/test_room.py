"""Room is counted for all files together before the first byte; what the disk says later is one clear error."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from qtune.core.download.disk_error import write_error
from qtune.core.download.room import free_bytes, free_files, require_room, still_to_take
from qtune.core.errors import DownloadError
from tests.core.download.mounted import run

MB = 1 << 20
ASK = """
import pathlib, sys
from qtune.core.download.disk_error import write_error
from qtune.core.download.room import free_files, require_room
from qtune.core.errors import DownloadError
disk = pathlib.Path(sys.argv[1])
def ask(needed, files):
    try:
        require_room(disk / "not" / "yet", needed, files)
        print("room")
    except DownloadError as error:
        print(error.code, error.message.en)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NTFS tells no blocks")
def test_a_sparse_beginning_counts_for_what_is_written_of_it(tmp_path: Path) -> None:
    sparse, short, new = (tmp_path / name for name in ("sparse", "short", "new"))
    with sparse.open("wb") as file:
        file.truncate(10 * MB)
        file.seek(4 * MB)
        file.write(os.urandom(MB))
        file.flush()
        os.fsync(file.fileno())
    short.write_bytes(os.urandom(MB))
    with short.open("rb") as file:
        os.fsync(file.fileno())
    needed, files = still_to_take([(sparse, 10 * MB), (short, 3 * MB), (new, 100)], [5 * MB, 1])
    assert needed == 9 * MB + 2 * MB + 4096 + 5 * MB + 4096
    assert files == 3


def test_bytes_that_do_not_fit_are_told_with_how_many_and_where(tmp_path: Path) -> None:
    said = run(tmp_path, "size=1m", ASK + "ask(3_048_576, 0); ask(1 << 20, 0)").splitlines()
    assert said[0].startswith("DSK600 3.0 MB are still to come, and the disk of ")
    assert said[0].endswith("has 1.0 MB free: 2.0 MB too few")
    assert said[1] == "room"


def test_files_that_do_not_fit_are_told_with_how_many_and_where(tmp_path: Path) -> None:
    code = ASK + "left = free_files(disk); ask(0, left + 7); ask(0, left); print(left)"
    said = run(tmp_path, "size=1m,nr_inodes=50", code).splitlines()
    left = int(said[2])
    assert 40 < left < 50
    assert said[0].startswith(f"DSK601 {left + 7} more files are to be made, and the file system")
    assert said[0].endswith(f"has room for {left}: 7 too few")
    assert said[1] == "room"


def test_a_disk_that_runs_out_of_files_is_not_called_full(tmp_path: Path) -> None:
    code = (
        ASK
        + """
try:
    for number in range(100):
        (disk / str(number)).touch()
except OSError as error:
    found = write_error(error, disk)
    print(found.code, found.message.en)
"""
    )
    said = run(tmp_path, "size=1m,nr_inodes=20", code)
    assert said.startswith("DSK601 The file system of ") and "kept" in said


@pytest.mark.skipif(sys.platform == "win32", reason="statvfs is POSIX")
def test_a_file_system_without_a_count_of_files_is_not_asked_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(tmp_path)
    uncounted = os.statvfs_result((*real[:5], 0, 0, 0, *real[8:]))  # as btrfs tells
    monkeypatch.setattr(os, "statvfs", lambda path: uncounted)
    assert free_files(tmp_path) is None
    require_room(tmp_path, 0, 10**9)
    monkeypatch.delattr(os, "statvfs")  # as on Windows
    assert free_files(tmp_path) is None


def test_room_is_that_of_the_folder_that_will_be_made(tmp_path: Path) -> None:
    assert abs(free_bytes(tmp_path / "a" / "b") - free_bytes(tmp_path)) < 1 << 30


@pytest.mark.parametrize(
    ("number", "code", "what", "advice"),
    [
        (errno.ENOSPC, "DSK600", "is full", "qtune cache"),
        (errno.EDQUOT, "DSK600", "quota", "quota -s"),
        (errno.EFBIG, "DSK600", "file of this size", "FAT32"),
        (errno.EIO, "DWN007", "fails", "dmesg"),
        (errno.EROFS, "DWN007", "read-only", "dmesg"),
        (errno.ESTALE, "DWN007", "network disk", "Mount it again"),
    ],
)
def test_whatever_the_disk_says_in_the_middle_is_one_error_with_what_to_do(
    tmp_path: Path, number: int, code: str, what: str, advice: str
) -> None:
    found = write_error(OSError(number, os.strerror(number), "some/file"), tmp_path)
    assert found.code == code
    assert what in found.message.en and str(tmp_path) in found.message.en
    assert os.strerror(number) in found.message.en
    assert "what was downloaded is kept" in found.message.en and "保留" in found.message.zh
    assert found.fix is not None and advice in found.fix.en
    assert "goes on where it stopped" in found.fix.en and "会从中断处继续" in found.fix.zh


@pytest.mark.parametrize(("options", "number"), [("ro", errno.EROFS), ("size=64k", errno.ENOSPC)])
def test_a_lock_that_cannot_be_written_is_an_error_of_the_system_and_leaves_nothing(
    tmp_path: Path, options: str, number: int
) -> None:
    code = """
import pathlib, sys
import httpx
from qtune.core.download.line import Line
from qtune.core.download.lock import locked
from qtune.core.settings import resolve
line = Line(httpx.Client(trust_env=False), resolve(environ={}), print)
state = pathlib.Path(sys.argv[1])
try:
    with locked(state, line):
        print("held")
except OSError as error:
    print(error.errno, sorted(p.name for p in state.iterdir() if p.name != "full"))
"""
    fill = "true" if options == "ro" else f"(yes > {tmp_path}/full 2>/dev/null; true)"
    assert run(tmp_path, options, code, before=fill) == f"{number} []\n"


def test_too_little_room_is_an_error_of_the_download(tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        require_room(tmp_path, 1 << 60)
