"""What other programs left becomes ours when its hash is right, and is left as it was in any case."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import threading
from pathlib import Path

import filelock
import pytest

from qtune.core.cachestore.partials import partials
from qtune.core.download import reuse
from qtune.core.download.digest import Stopped
from qtune.core.download.engine.part import Part, recorded
from qtune.core.download.events import Checking, Event, Said
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import Search, Whole, found
from qtune.core.download.store import HubCache, Store
from qtune.core.hub.interface import RepoFile

ID = "acme/tiny"
COMMIT = "c" * 40
MEBI = 1 << 20
DATA = random.Random(11).randbytes(3 * MEBI)
LARGE = RepoFile("sub/model.safetensors", len(DATA), hashlib.sha256(DATA).hexdigest(), lfs=True)
CONFIG = b'{"model_type": "qwen3"}'
SMALL = RepoFile("config.json", len(CONFIG), hashlib.sha256(CONFIG).hexdigest())


class Place:
    """A cache of each of the two clients, and a store of ours."""

    def __init__(self, home: Path, local: Path | None = None) -> None:
        self.cache = HubCache(home / "hub", ID)
        self.store: Store = self.cache if local is None else Folder(local)
        self.modelscope = home / "ms"
        self.theirs = self.modelscope / "models" / "acme--tiny" / "snapshots" / "master"
        self.search = Search(ID, "model", self.cache.root, self.modelscope, local)
        self.told: list[Event] = []
        self.stop = threading.Event()

    def put(self, name: str, data: bytes, folder: Path | None = None) -> Path:
        path = (folder or self.theirs) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def reuse(self, *files: RepoFile) -> tuple[RepoFile, ...]:
        left = found(files, self.search)
        return reuse.reuse(
            left, self.store, COMMIT, "modelscope", tell=self.told.append, stop=self.stop
        )

    def here(self, file: RepoFile) -> bytes:
        here = self.store.find(file, COMMIT)
        assert here is not None
        return here.read_bytes()

    def partial(self, file: RepoFile) -> dict[tuple[int, int], str]:
        """What the journal says is there, after comparing it with what is."""
        path = self.store.partial(file)
        whole = path.read_bytes()
        done = recorded(path, file.size, len(whole))
        assert all(whole[s.start : s.end] == DATA[s.start : s.end] for s in done)
        return {(s.start, s.end): s.source for s in done}

    @property
    def text(self) -> str:
        return "\n".join(event.text.en for event in self.told if isinstance(event, Said))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_whole_files_of_modelscopes_cache_become_ours(place: Place) -> None:
    kept = {f: place.put(f.path, d) for f, d in ((LARGE, DATA), (SMALL, CONFIG))}
    assert set(place.reuse(LARGE, SMALL)) == {LARGE, SMALL}
    assert (place.here(LARGE), place.here(SMALL)) == (DATA, CONFIG)
    assert [path.read_bytes() for path in kept.values()] == [DATA, CONFIG]
    assert list((place.cache.root / ".qtune" / "partial").iterdir()) == []
    entries = place.store.ledger.files.values()
    assert {(e.source, e.verified_by) for e in entries} == {("modelscope's cache", "modelscope")}
    assert "2 files of this already" in place.text


@pytest.mark.parametrize("clones", [True, False], ids=["as it is here", "without clones"])
def test_a_large_file_takes_no_room_twice_and_a_small_one_is_apart(
    place: Place, monkeypatch: pytest.MonkeyPatch, clones: bool
) -> None:
    """People edit a config.json in ModelScope's folder; weights are written anew."""
    large, small = place.put(LARGE.path, DATA), place.put(SMALL.path, CONFIG)
    if not clones:
        monkeypatch.setattr(reuse, "cloned", lambda source, target: False)
    place.reuse(LARGE, SMALL)
    one, other = (place.store.find(f, COMMIT) for f in (LARGE, SMALL))
    assert one is not None and other is not None
    assert not other.samefile(small)
    assert clones or one.samefile(large)
    small.write_bytes(CONFIG.replace(b"qwen3", b"mine!"))
    assert place.here(SMALL) == CONFIG


def test_a_linked_file_that_is_written_over_is_not_believed_any_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reuse, "cloned", lambda source, target: False)
    theirs = place.put(LARGE.path, DATA)
    place.reuse(LARGE)
    os.utime(theirs, ns=(1, 1))
    with theirs.open("r+b") as file:
        file.write(b"something else")
    assert place.store.find(LARGE, COMMIT) is None


def test_into_a_local_folder_nothing_is_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reuse, "cloned", lambda source, target: False)
    place = Place(tmp_path, tmp_path / "model")
    theirs = place.put(LARGE.path, DATA)
    assert place.reuse(LARGE) == (LARGE,)
    mine = tmp_path / "model" / LARGE.path
    assert mine.read_bytes() == DATA
    assert not mine.samefile(theirs)


@pytest.mark.parametrize("share", ["clone", "hard link", "copy"])
def test_wrong_bytes_are_not_taken_and_not_touched(
    place: Place, monkeypatch: pytest.MonkeyPatch, share: str
) -> None:
    if share != "clone":
        monkeypatch.setattr(reuse, "cloned", lambda source, target: False)
    if share == "copy":
        monkeypatch.setattr(reuse, "linked", lambda copy, target: False)
    wrong = DATA[:-1] + b"\0"
    theirs = place.put(LARGE.path, wrong)
    assert place.reuse(LARGE) == ()
    assert theirs.read_bytes() == wrong
    assert place.store.find(LARGE, COMMIT) is None
    assert list((place.cache.root / ".qtune" / "partial").iterdir()) == []
    assert "left alone" in place.text


def test_of_several_copies_the_right_one_is_taken(place: Place) -> None:
    place.put(LARGE.path, DATA[:-1] + b"\0")
    place.put(LARGE.path, DATA, place.modelscope / "hub" / "models" / "acme" / "tiny")
    assert place.reuse(LARGE) == (LARGE,)
    assert place.here(LARGE) == DATA


def test_beginnings_lie_in_the_partial_file_with_their_origin(place: Place) -> None:
    blobs = place.cache.root / "blobs"
    place.put(f"{LARGE.sha256}.0123abcd.incomplete", DATA[:MEBI], blobs)
    place.put(f"{LARGE.path}_{2 * MEBI}_{3 * MEBI - 1}", DATA[2 * MEBI :])
    assert place.reuse(LARGE) == ()
    assert place.partial(LARGE) == {
        (0, MEBI): "huggingface_hub's partial file",
        (2 * MEBI, 3 * MEBI): "modelscope's partial file",
    }
    (told,) = (p for p in partials(place.cache.root) if p.by == "qtune")
    assert (told.have, told.size, told.name) == (2 * MEBI, LARGE.size, LARGE.path)


def test_what_we_have_ourselves_is_not_written_over(place: Place) -> None:
    part = Part(place.store.partial(LARGE), LARGE)
    part.open()
    part.write(0, memoryview(DATA[: MEBI // 2]), "modelscope")
    part.write(2 * MEBI, memoryview(DATA[2 * MEBI : 2 * MEBI + 100]), "modelscope")
    part.close()
    place.put(f"{LARGE.path}.incomplete", DATA[: 3 * MEBI - 7])
    place.reuse(LARGE)
    theirs = "modelscope's partial file"
    assert place.partial(LARGE) == {
        (0, MEBI // 2): "modelscope",
        (MEBI // 2, 2 * MEBI): theirs,
        (2 * MEBI, 2 * MEBI + 100): "modelscope",
        (2 * MEBI + 100, 3 * MEBI - 7): theirs,
    }


def test_an_older_partial_file_of_ours_without_a_journal_is_understood(place: Place) -> None:
    partial = place.store.partial(LARGE)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(DATA[:MEBI])
    partial.with_suffix(".json").write_text('{"path": "sub/model.safetensors", "size": 3145728}')
    (told,) = partials(place.cache.root)
    assert (told.have, told.size, told.name) == (MEBI, LARGE.size, LARGE.path)
    place.put(f"{LARGE.path}.incomplete", DATA[: 2 * MEBI])
    place.reuse(LARGE)
    assert sorted(place.partial(LARGE)) == [(0, MEBI), (MEBI, 2 * MEBI)]


def test_while_huggingface_hub_is_at_it_its_beginning_is_left_to_it(place: Place) -> None:
    blobs = place.cache.root / "blobs"
    place.put(f"{LARGE.sha256}.0123abcd.incomplete", DATA[:MEBI], blobs)
    lock = place.cache.root.parent / ".locks" / place.cache.root.name / f"{LARGE.sha256}.lock"
    lock.parent.mkdir(parents=True)
    with filelock.FileLock(lock):
        place.reuse(LARGE)
        assert not place.store.partial(LARGE).exists()
    place.reuse(LARGE)
    assert sorted(place.partial(LARGE)) == [(0, MEBI)]


def test_what_is_read_is_told_in_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtune.core.download.checking.WORTH_TELLING", 1)
    place.put(SMALL.path, CONFIG)
    place.put(f"{LARGE.path}.incomplete", DATA[:MEBI])
    place.reuse(LARGE, SMALL)
    told = [event for event in place.told if isinstance(event, Checking)]
    total = MEBI + len(CONFIG)
    assert told[0] == Checking(0, total) and told[-1] == Checking(total, total)


def test_what_costs_room_is_known_before(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(LARGE.path, DATA)
    place.put(SMALL.path, CONFIG)
    wholes = [w for w in found((LARGE, SMALL), place.search) if isinstance(w, Whole)]
    folder = Folder(place.cache.root.parent / "model")
    monkeypatch.setattr(reuse, "cloned", lambda source, target: False)
    assert [reuse.costs_room(w, place.store) for w in wholes] == [False, True]
    assert [reuse.costs_room(w, folder) for w in wholes] == [True, True]
    monkeypatch.undo()
    assert list(place.store.partial(LARGE).parent.iterdir()) == []


def test_it_can_be_stopped(place: Place) -> None:
    place.put(LARGE.path, DATA)
    place.stop.set()
    with pytest.raises(Stopped):
        place.reuse(LARGE)
    assert list((place.cache.root / ".qtune" / "partial").iterdir()) == []


def test_a_full_disk_ends_it_and_leaves_nothing_half(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place.put(LARGE.path, DATA)
    monkeypatch.setattr(reuse, "cloned", full)
    with pytest.raises(OSError, match="No space"):
        place.reuse(LARGE)
    assert list((place.cache.root / ".qtune" / "partial").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root reads everything")
def test_a_file_that_is_closed_to_us_is_passed_over(place: Place) -> None:
    place.put(LARGE.path, DATA).chmod(0)
    assert place.reuse(LARGE) == ()
