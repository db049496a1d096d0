"""The partial file and its journal, spoilt in every way, killed, shared and on a full disk."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.core.download.engine.intervals import Intervals, Stretch
from qtune.core.download.engine.part import Part, discard, journal_of, recorded
from tests.core.download.downloading import ROOT
from tests.core.download.engine.making import content, cuts, listed, part_of

SIZE = 10_000
DATA = content(SIZE)


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    made = part_of(tmp_path, DATA)
    made.open()
    yield made
    made.close()


def put(part: Part, start: int, end: int, source: str = "hf") -> None:
    part.write(start, memoryview(DATA)[start:end], source)


def again(part: Part) -> list[Stretch]:
    """What the next run finds."""
    part.close()
    later = Part(part.path, part.file)
    later.open()
    later.close()
    return list(later.done)


def left(folder: Path, journal: bytes | None, length: int | None) -> Part:
    """As an earlier run left it."""
    made = part_of(folder, DATA)
    if length is not None:
        made.path.write_bytes(DATA[:length] + bytes(max(0, length - SIZE)))
    if journal is not None:
        journal_of(made.path).write_bytes(journal)
    return made


HEAD = b'{"path": "model.safetensors"}\n'


def test_what_was_written_is_what_the_next_run_finds(part: Part) -> None:
    put(part, 2000, 3000, "hf")
    put(part, 0, 1000, "ms")
    put(part, 3000, 4000, "hf")
    part.forget(2500, 2600)
    part.attribute(0, 500, "hf")
    assert (part.here, part.frontier) == (2900, 1000)
    expected = [(0, 500, "hf"), (500, 1000, "ms"), (2000, 2500, "hf"), (2600, 4000, "hf")]
    assert again(part) == [Stretch(*each) for each in expected]
    assert part.path.stat().st_size == SIZE


def test_the_journal_says_what_this_will_be(part: Part) -> None:
    first = journal_of(part.path).read_bytes().split(b"\n")[0]
    about = json.loads(first)
    assert (about["path"], about["size"]) == ("model.safetensors", SIZE)
    assert about["sha256"] == part.file.sha256


@pytest.mark.parametrize(
    ("journal", "length", "here"),
    [
        (HEAD + b"0 4000 hf\n", SIZE, [(0, 4000, "hf")]),
        (HEAD + b"0 4000 hf\n5000 6000 h", SIZE, [(0, 4000, "hf")]),
        (HEAD + b"0 4000 hf\n5000 6000", SIZE, [(0, 4000, "hf")]),
        (HEAD + b"0 4000 hf\n-1000 20", SIZE, [(0, 4000, "hf")]),
        (HEAD + b"0 4000\n", SIZE, [(0, 4000, "")]),
        (HEAD + b"0 4000 a b c\n", SIZE, [(0, 4000, "a b c")]),
        (HEAD + b"0 4000 \xff\xfe\n", SIZE, [(0, 4000, "\ufffd\ufffd")]),
        (HEAD + b"x\n\n0\n0 y hf\n-\n-7\n9 3 hf\n5 5 hf\n-1 -2\n0 4000 hf\n", SIZE, [(0, 4000, "hf")]),
        (HEAD + b"0 " + b"9" * 5000 + b" hf\n0 4000 hf\n", SIZE, [(0, 4000, "hf")]),
        (HEAD + b"0 99999999999999 hf\n", SIZE, []),
        (HEAD + b"\0" * 4096, SIZE, []),
        (HEAD[:9], SIZE, []),
        (b"", SIZE, []),
        (HEAD + b"0 4000 hf\n5000 6000 ms\n", 5500, [(0, 4000, "hf")]),
        (HEAD + b"0 4000 hf\n", 3999, []),
        (HEAD + b"0 4000 hf\n", 0, []),
        (HEAD + b"0 4000 hf\n", None, []),
        (HEAD + b"0 4000 hf\n", SIZE + 500, [(0, 4000, "hf")]),
        (HEAD + b"0 4000 hf\n10000 10400 hf\n", SIZE + 500, [(0, 4000, "hf")]),
        (None, 4000, [(0, 4000, "")]),
        (None, SIZE, [(0, SIZE, "")]),
        (None, SIZE + 1, []),
        (None, 0, []),
        (None, None, []),
    ],
)  # fmt: skip
def test_whatever_lies_there_is_read_as_far_as_it_can_be_true(
    tmp_path: Path, journal: bytes | None, length: int | None, here: list[tuple[int, int, str]]
) -> None:
    found = left(tmp_path, journal, length)
    found.open()
    try:
        assert list(found.done) == [Stretch(*each) for each in here]
        assert found.path.stat().st_size == SIZE
        view = memoryview(bytearray(SIZE))
        for start, end, _ in here:
            assert found.read(start, view[: end - start]) == end - start
            assert view[: end - start] == DATA[start:end]
    finally:
        found.close()
    assert again(found) == [Stretch(*each) for each in here], "and so it stays"


lines = st.one_of(
    st.tuples(st.integers(-50, 250), st.integers(-50, 250), st.sampled_from((b"hf", b"ms"))).map(
        lambda t: b"%d %d %s" % t
    ),
    st.tuples(st.integers(0, 250), st.integers(0, 250)).map(lambda t: b"-%d %d" % t),
    st.binary(max_size=20),
)


@given(st.lists(lines, max_size=20), st.integers(0, 250), st.binary(max_size=10))
def test_a_journal_of_anything_never_speaks_of_bytes_behind_the_file(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], length: int, end: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.part"
    journal_of(path).write_bytes(b"\n".join([b"{}", *said]) + b"\n" + end)
    for stretch in recorded(path, 200, length):
        assert 0 <= stretch.start < stretch.end <= min(200, length)


def test_a_part_that_went_away_while_its_journal_stayed_is_begun_anew(part: Part) -> None:
    put(part, 0, 5000)
    part.close()
    part.path.unlink()
    assert again(part) == []


def test_what_was_discarded_leaves_nothing(part: Part) -> None:
    put(part, 0, 5000)
    part.close()
    discard(part.path)
    assert [p.name for p in part.path.parent.iterdir()] == [part.path.name]


def test_a_long_journal_is_written_anew_and_says_the_same(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtune.core.download.engine.part._MOST_LINES", 50)
    longest = 0
    for start, end in cuts(SIZE, 400, seed=1):
        put(part, start, end)
        longest = max(longest, journal_of(part.path).read_bytes().count(b"\n"))
    expected = Intervals()
    expected.add(0, SIZE, "hf")
    assert list(part.done) == list(expected) == again(part)
    assert longest <= 1 + 50 + 200 + 50, "the stretches that there were, and as many lines again"


def test_writers_at_once_lose_nothing(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtune.core.download.engine.part._MOST_LINES", 30)
    stretches = cuts(SIZE, 240, seed=2)
    begin = threading.Barrier(8)
    names = ("hf", "ms")

    def write(number: int) -> None:
        begin.wait()
        for start, end in stretches[number::8]:
            put(part, start, end, names[number % 2])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners: dict[int, str] = {}
    for number, (start, end) in enumerate(stretches):
        owners |= dict.fromkeys(range(start, end), names[number % 8 % 2])
    found = again(part)
    assert {at: s.source for s in found for at in range(s.start, s.end)} == owners
    assert part.path.read_bytes() == DATA


def test_what_another_program_left_is_copied_and_named(part: Part, tmp_path: Path) -> None:
    other = tmp_path / "other.incomplete"
    other.write_bytes(b"head" + DATA[100:3000])
    part.seed(100, other, 4, 2900, "huggingface_hub")
    assert list(part.done) == [Stretch(100, 3000, "huggingface_hub")]
    view = memoryview(bytearray(2900))
    part.read(100, view)
    assert view == DATA[100:3000]


def test_what_another_program_left_may_be_shorter_or_longer_than_it_seemed(
    part: Part, tmp_path: Path
) -> None:
    other = tmp_path / "other.incomplete"
    other.write_bytes(DATA[:700])
    part.seed(0, other, 0, 5000, "x")
    assert part.here == 700
    other.write_bytes(bytes(3 * SIZE))
    part.seed(9000, other, 0, 3 * SIZE, "x")
    assert part.here == 1700 and part.path.stat().st_size == SIZE
    part.seed(0, other, 10 * SIZE, 10, "x")
    part.seed(0, other, 0, 0, "x")
    assert part.here == 1700


def test_a_part_that_is_closed_in_the_middle_of_a_write_never_writes_into_another_file(
    part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number may be another file's the moment it is closed."""
    under_way, closed = threading.Event(), threading.Event()

    def slowly(fd: int, view: memoryview, offset: int) -> None:
        under_way.set()
        assert closed.wait(30)
        os.pwrite(fd, view, offset)

    monkeypatch.setattr("qtune.core.download.engine.part.write_at", slowly)
    writer = threading.Thread(target=put, args=(part, 0, 100))
    writer.start()
    assert under_way.wait(30)
    part.close()
    others = [os.open(tmp_path / f"other {n}", os.O_RDWR | os.O_CREAT) for n in range(8)]
    closed.set()
    writer.join()
    for number, fd in enumerate(others):
        os.close(fd)
        assert (tmp_path / f"other {number}").read_bytes() == b""
    assert part.path.read_bytes()[:100] == DATA[:100]


def open_files() -> int:
    numbers = Path("/proc/self/fd")
    if not numbers.exists():
        pytest.skip("open files cannot be counted here")
    return sum(1 for _ in numbers.iterdir())


def test_closing_twice_is_closing_once_and_nothing_stays_open(tmp_path: Path) -> None:
    before = open_files()
    for _ in range(3):
        made = part_of(tmp_path, DATA)
        made.open()
        made.open()
        put(made, 0, 10)
        made.close()
        made.close()
    assert open_files() == before


def test_a_part_that_cannot_be_opened_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qtune.core.download.engine.part.preallocate", full)
    made = part_of(tmp_path, DATA)
    before = open_files()
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            made.open()
    assert open_files() == before


WRITER = """
import random, sys, threading
from pathlib import Path
from qtune.core.download.engine import part as module
from tests.core.download.engine.making import content, cuts, part_of

module._MOST_LINES = 40
size, seed = int(sys.argv[2]), int(sys.argv[3])
data = memoryview(content(size))
part = part_of(Path(sys.argv[1]), bytes(data))
part.open()
print("READY", flush=True)
def write(number):
    while True:
        for start, end in cuts(size, 200, seed + number):
            part.write(start, data[start:end], f"source {number}")
            if end % 7 == 0:
                part.forget(start, end)
for number in range(3):
    threading.Thread(target=write, args=(number,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_killed_in_the_middle_of_writes_the_journal_speaks_of_no_byte_that_is_not_there(
    tmp_path: Path, seed: int
) -> None:
    size = 300_000
    data = content(size)
    path = part_of(tmp_path, data).path
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), str(size), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == "READY\n"
        lines, wanted = 0, random.Random(seed).randrange(5, 60)
        while child.poll() is None and lines < wanted:
            lines += journal_of(path).read_bytes().count(b"\n")
    finally:
        child.kill()
        child.communicate()
    found = recorded(path, size, path.stat().st_size)
    content_here = path.read_bytes()
    assert len(content_here) == size
    for stretch in found:
        assert content_here[stretch.start : stretch.end] == data[stretch.start : stretch.end]
        assert stretch.source.startswith("source ")


TORN = """
import resource, sys
from pathlib import Path
from qtune.core.download.engine.part import journal_of
from tests.core.download.engine.making import content, part_of

data = content(10_000)
part = part_of(Path(sys.argv[1]), data)
part.open()
part.write(9_999, memoryview(data)[9_999:], "hf")
length = journal_of(part.path).stat().st_size
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
line = b"0 7000 a-source-with-a-long-name"
full = 20_000
while length + 200 < full:
    part.attribute(0, 10, "x" * 150)
    length = journal_of(part.path).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (length + int(sys.argv[2]), hard))
try:
    part.attribute(0, 1, "a-source-with-a-long-name")
    print("FITTED")
except OSError as error:
    print("FULL")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
part.write(8_000, memoryview(data)[8_000:8_100], "ms")
part.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize("room", [0, 1, 2, 3, 4, 5, 9])
def test_a_line_that_a_full_disk_cut_off_spoils_no_later_one(tmp_path: Path, room: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TORN, str(tmp_path), str(room)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert done.stdout == "FULL\n", done.stderr
    path = part_of(tmp_path, DATA).path
    here = {(s.start, s.end) for s in recorded(path, SIZE, SIZE) if s.start >= 100}
    assert here == {(8_000, 8_100), (9_999, 10_000)}


def test_the_journal_that_cannot_be_written_anew_stays_as_it_was(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at that very moment."""
    monkeypatch.setattr("qtune.core.download.engine.part._MOST_LINES", 3)
    put(part, 0, 100)
    put(part, 200, 300)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            put(part, 400, 500)
    put(part, 600, 700)
    assert {(s.start, s.end) for s in again(part)} == {(0, 100), (200, 300), (400, 500), (600, 700)}


def test_the_hash_of_a_listing_names_the_part(tmp_path: Path) -> None:
    assert part_of(tmp_path, DATA).path.name == f"{listed(DATA).sha256}.part"
