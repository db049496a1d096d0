"""Room for a whole file at once, and bytes written to their places, as real disks and limits have it."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.core.download import positioned, preallocate
from qtune.core.download.preallocate import prealloc_store
from tests.core.download.locking import ROOT
from tests.core.download.mounted import run

MB = 1 << 20


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0))
    yield handle
    os.close(handle)


def test_the_file_has_its_size_and_what_was_in_it(fd: int) -> None:
    positioned.write_at(fd, memoryview(b"begun"), 0)
    preallocate.preallocate(fd, 3 * MB)
    assert os.fstat(fd).st_size == 3 * MB
    head = bytearray(3 * MB)
    assert positioned.read_at(fd, memoryview(head), 0) == 3 * MB
    assert head == b"begun" + bytes(3 * MB - 5)
    preallocate.preallocate(fd, 4)
    assert os.fstat(fd).st_size == 4
    preallocate.preallocate(fd, 0)
    assert os.fstat(fd).st_size == 0
    preallocate.preallocate(fd, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="what tmpfs promises")
def test_the_room_is_taken_from_the_disk_at_once(tmp_path: Path) -> None:
    code = """
import os, sys
from qtune.core.download.preallocate import preallocate
fd = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_CREAT)
before = os.statvfs(sys.argv[1]).f_bfree
preallocate(fd, 3 << 20)
taken = (before - os.statvfs(sys.argv[1]).f_bfree) * os.statvfs(sys.argv[1]).f_frsize
print(taken, os.fstat(fd).st_blocks * 512)
"""
    assert run(tmp_path, "size=8m", code).split() == [str(3 * MB), str(3 * MB)]


def test_a_disk_too_small_is_known_before_the_first_byte_and_left_as_it_was(tmp_path: Path) -> None:
    code = """
import errno, os, sys
from qtune.core.download.preallocate import preallocate
fd = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_CREAT)
os.write(fd, b"begun")
try:
    preallocate(fd, 1 << 20)
except OSError as error:
    print(errno.errorcode[error.errno], os.fstat(fd).st_size, os.fstat(fd).st_blocks)
"""
    assert run(tmp_path, "size=400k", code).split() == ["ENOSPC", "5", "8"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_limit_of_the_system_counts_before_the_first_byte(tmp_path: Path) -> None:
    code = """
import errno, os, resource, sys
from qtune.core.download.positioned import write_at
from qtune.core.download.preallocate import preallocate
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
try:
    preallocate(fd, 200_000)
except OSError as error:
    print(errno.errorcode[error.errno], os.fstat(fd).st_size)
try:
    write_at(fd, memoryview(b"x" * 60_000), 60_000)  # the kernel writes what fits, then refuses
except OSError as error:
    print(errno.errorcode[error.errno], os.fstat(fd).st_size)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.splitlines() == ["EFBIG 0", "EFBIG 100000"]


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_where_nothing_can_be_promised_the_file_has_its_length(fd: int, code: int) -> None:
    def refuse(fd: int, size: int) -> None:
        raise OSError(code, os.strerror(code))

    preallocate.preallocate(fd, MB, refuse)
    assert os.fstat(fd).st_size == MB


@pytest.mark.parametrize("code", [errno.EDQUOT, errno.ENOSPC])
def test_a_refused_reservation_leaves_the_length_that_was(fd: int, code: int) -> None:
    def half(fd: int, size: int) -> None:
        os.ftruncate(fd, size // 2)  # as ext4 does before it finds no more
        raise OSError(code, os.strerror(code))

    positioned.write_at(fd, memoryview(b"begun"), 0)
    with pytest.raises(OSError, match=os.strerror(code)):
        preallocate.preallocate(fd, MB, half)
    assert os.fstat(fd).st_size == 5


def test_macos_is_asked_for_one_piece_and_then_for_several(fd: int) -> None:
    asked = []

    def control(fd: int, command: int, argument: bytes) -> bytes:
        flags, mode, offset, length, _ = struct.unpack("=Iiqqq", argument)
        asked.append((command, flags, mode, offset, length))
        if flags & 2:
            raise OSError(errno.ENOSPC, "not in one piece")
        return argument

    prealloc_store(fd, MB, control)
    assert asked == [(42, 6, 3, 0, MB), (42, 4, 3, 0, MB)]


def test_macos_refuses_before_the_first_byte_too(fd: int) -> None:
    def control(fd: int, command: int, argument: bytes) -> bytes:
        raise OSError(errno.ENOSPC, "not at all")

    with pytest.raises(OSError, match="not at all"):
        preallocate.preallocate(fd, MB, lambda fd, size: prealloc_store(fd, size, control))
    assert os.fstat(fd).st_size == 0


@pytest.mark.parametrize("by", ["place", "seek"])
def test_many_threads_write_and_read_one_file_each_at_its_place(
    fd: int, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """As on Windows too, where a place can only be sought."""
    write = getattr(positioned, f"_write_by_{by}")
    read = getattr(positioned, f"_read_by_{by}")
    piece, count = 4096, 64

    def work(first: int) -> None:
        for number in range(first, count, 4):
            write(fd, memoryview(bytes([number]) * piece), number * piece)
            view = bytearray(piece)
            assert read(fd, memoryview(view), number * piece) == piece
            assert view == bytes([number]) * piece

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    view = bytearray(count * piece + 10)
    assert read(fd, memoryview(view), 0) == count * piece
    assert view[: count * piece] == b"".join(bytes([n]) * piece for n in range(count))
    assert read(fd, memoryview(view), count * piece) == 0


@pytest.mark.parametrize("by", ["place", "seek"])
def test_a_write_that_writes_a_part_is_gone_on_with(
    fd: int, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    name = "pwrite" if by == "place" else "write"
    real = getattr(os, name)
    monkeypatch.setattr(os, name, lambda fd, view, *at: real(fd, view[:7], *at))
    getattr(positioned, f"_write_by_{by}")(fd, memoryview(bytes(range(100))), 3)
    monkeypatch.undo()
    view = bytearray(200)
    assert positioned.read_at(fd, memoryview(view), 0) == 103
    assert view[:103] == bytes(3) + bytes(range(100))
