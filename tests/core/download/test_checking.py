"""What lies on the disk already: hashed once, by several threads, told of, and stopped at once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from qtune.core.download import checking
from qtune.core.download.checking import check, hashes, telling
from qtune.core.download.digest import Advance, Digests, Stopped, content, digests_of
from qtune.core.download.events import Checking, Event
from qtune.core.download.offline import Cached, Wanted, look
from qtune.core.download.store import HubCache
from qtune.core.hub.interface import RepoFile
from qtune.core.sources import Source
from tests.core.download.downloading import FROM_HF, Told, at, get, repo_folder
from tests.core.download.locking import ROOT
from tests.hub import Hub, worlds

COMMIT = "c" * 40
DATA = [random.Random(n).randbytes(300_000) for n in range(4)]
FILES = tuple(
    RepoFile(f"model-{n}.safetensors", len(d), hashlib.sha256(d).hexdigest(), lfs=True)
    for n, d in enumerate(DATA)
)


@pytest.fixture
def store(tmp_path: Path) -> HubCache:
    """Four blobs that another program put there."""
    made = HubCache(tmp_path, "o/n")
    (made.root / "blobs").mkdir(parents=True)
    for file, data in zip(FILES, DATA, strict=True):
        (made.root / "blobs" / content(file)).write_bytes(data)
    return made


@pytest.fixture
def everything_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "WORTH_TELLING", 1)


def _check(store: HubCache, told: Told, stop: threading.Event | None = None) -> None:
    places = [(file, store.candidates(file, COMMIT)) for file in FILES]
    check(store.root, store.ledger, places, tell=told, stop=stop or threading.Event())


def test_afterwards_nothing_is_read_any_more(
    store: HubCache, monkeypatch: pytest.MonkeyPatch, everything_is_told: None
) -> None:
    _check(store, told := Told())
    events = told.of(Checking)
    assert events[0] == Checking(0, 1_200_000) and events[-1] == Checking(1_200_000, 1_200_000)
    monkeypatch.setattr("qtune.core.download.vouched.digests_of", None)
    assert [store.find(file, COMMIT) for file in FILES] == [
        store.root / "blobs" / content(file) for file in FILES
    ]
    _check(store, again := Told())
    assert again.events == []


def test_a_wrong_one_is_read_once_and_not_believed(
    store: HubCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store.root / "blobs" / content(FILES[1])).write_bytes(DATA[0])
    _check(store, Told())
    monkeypatch.setattr("qtune.core.download.vouched.digests_of", None)
    assert [store.find(file, COMMIT) is not None for file in FILES] == [True, False, True, True]


def test_what_was_written_over_meanwhile_is_read_again(store: HubCache) -> None:
    blob = store.root / "blobs" / content(FILES[1])
    blob.write_bytes(DATA[0])
    _check(store, Told())
    blob.write_bytes(DATA[1])
    os.utime(blob, ns=(1, 1))
    assert store.find(FILES[1], COMMIT) == blob


def test_a_look_by_size_reads_nothing(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the doctor asks of a cache that another program filled."""
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, **FROM_HF)
    (repo_folder(tmp_path, repo.id) / ".qtune" / "provenance.json").unlink()
    monkeypatch.setattr("qtune.core.download.vouched.digests_of", None)
    cache = HubCache(tmp_path / "hf" / "hub", repo.id)
    chosen = Source("huggingface", hub.hf_url)
    found = look(cache, chosen, Wanted(repo.id), by_size=True)
    assert isinstance(found, Cached) and len(found.files) == len(repo.files)


def test_little_is_not_told_of(store: HubCache) -> None:
    _check(store, told := Told())
    assert told.events == []


def test_the_same_content_in_two_places_is_read_once(
    store: HubCache, everything_is_told: None
) -> None:
    link = store.snapshot(COMMIT) / FILES[0].path
    link.parent.mkdir(parents=True)
    link.symlink_to(f"../../blobs/{content(FILES[0])}")
    twin = RepoFile("copy.safetensors", FILES[0].size, FILES[0].sha256, lfs=True)
    places = [(file, store.candidates(file, COMMIT)) for file in (FILES[0], twin)]
    check(store.root, store.ledger, places, tell=(told := Told()), stop=threading.Event())
    assert told.of(Checking)[-1] == Checking(300_000, 300_000)


def test_it_is_told_at_most_five_times_a_second(
    monkeypatch: pytest.MonkeyPatch, everything_is_told: None
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    told = Told()
    with telling(10_000, told, threading.Event()) as advance:
        for _ in range(1000):
            advance(1)
            now += 0.01
    assert 40 <= len(told.events) <= 52
    counts = [event.done for event in told.of(Checking)]
    assert counts == sorted(counts) and counts[-1] == 10_000


def test_several_threads_hash_at_once(store: HubCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    together = threading.Barrier(4)
    names: set[str] = set()

    def met(path: Path, file: RepoFile, advance: Advance) -> Digests:
        together.wait(30)  # breaks unless all four are read at the same time
        names.add(threading.current_thread().name)
        return digests_of(path, file, advance)

    monkeypatch.setattr(checking, "digests_of", met)
    asked = [(store.root / "blobs" / content(file), file) for file in FILES]
    found = hashes(asked, tell=Told(), stop=threading.Event())
    assert [its.sha256 for its in found] == [file.sha256 for file in FILES]
    assert len(names) == 4


def test_once_stopped_every_thread_leaves_at_its_next_block(store: HubCache) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        _check(store, Told(), stop)
    assert [t for t in threading.enumerate() if t.name.startswith("checking")] == []


def test_what_was_hashed_before_it_was_stopped_is_known_the_next_time(
    store: HubCache, tmp_path: Path, everything_is_told: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "EVERY_S", 0.0)
    stop = threading.Event()

    def tell(event: Event) -> None:
        assert isinstance(event, Checking)
        if event.done >= 600_000:
            stop.set()

    places = [(file, store.candidates(file, COMMIT)) for file in FILES]
    with contextlib.suppress(Stopped):
        check(store.root, store.ledger, places, tell=tell, stop=stop)
    assert len(HubCache(tmp_path, "o/n").ledger.files) >= 2


def test_one_that_fails_ends_the_others(store: HubCache, tmp_path: Path) -> None:
    stop = threading.Event()
    asked = [(tmp_path / "not there", FILES[0])]
    with pytest.raises(FileNotFoundError):
        hashes(asked, tell=Told(), stop=stop)
    assert stop.is_set()


INTERRUPTED = """
import os, pathlib, signal, sys, threading, time
from qtune.core.download.checking import hashes
from qtune.core.hub.interface import RepoFile
from qtune.core.sources import Source

began = threading.Event()
def tell(event):
    if event.done and not began.is_set():
        began.set()
        print("reading", flush=True)

huge = pathlib.Path(sys.argv[1])
files = [(huge, RepoFile(f"{n}.safetensors", huge.stat().st_size, lfs=True)) for n in range(4)]
try:
    hashes(files, tell=tell, stop=threading.Event())
except KeyboardInterrupt:
    print("left", threading.active_count(), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a console event, not a signal")
def test_ctrl_c_ends_it_long_before_a_file_is_read(tmp_path: Path) -> None:
    """Each of four threads has an hour's work before it: a sparse file of eight terabytes."""
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(8 << 40)
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(huge)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "reading\n"
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=30)
    assert said == "left 1\n"


# --- a whole download ---------------------------------------------------------------------------------------


AGAIN = """
import json, pathlib, sys
from qtune.core.download import download
from qtune.core.settings import resolve

given = json.loads(sys.argv[1])
local = pathlib.Path(given["local"]) if given["local"] else None
opened = []

def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and given["home"] in arguments[0]:
        opened.append(arguments[0])
    if event in ("os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir"):
        opened.append(event)

sys.addaudithook(hook)
download(given["repo"], resolve(environ=given["environ"]), local_dir=local)
print(json.dumps(sorted({pathlib.Path(name).name for name in opened})))
"""


@pytest.mark.parametrize("local", [False, True], ids=["cache", "local-dir"])
@pytest.mark.parametrize("links", ["0", "1"], ids=["links", "without links"])
def test_a_second_download_opens_no_blob_takes_no_lock_and_writes_nothing(
    hub: Hub, tmp_path: Path, local: bool, links: str
) -> None:
    repo = worlds.qwen3()
    folder = tmp_path / "model" if local else None
    changes = {**FROM_HF, "HF_HUB_DISABLE_SYMLINKS": links}
    get(hub, tmp_path, repo.id, local_dir=folder, **changes)
    settings = at(hub, tmp_path, **changes)
    given = {
        "repo": repo.id,
        "home": str(tmp_path),
        "local": str(folder) if folder else "",
        "environ": {value.setting.key: value.text for value in settings if value.text},
    }
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, json.dumps(given)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    opened = set(json.loads(done.stdout)) - {"token"}  # the SDK's own, of the user
    if local:
        assert opened == {"listing.json", "provenance.json"}
    else:
        commit = repo.commit
        assert opened == {"provenance.json", f"{commit}.json", "main"}


def test_what_another_program_put_into_the_cache_is_told_of_while_it_is_hashed(
    hub: Hub, tmp_path: Path, everything_is_told: None
) -> None:
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, **FROM_HF)
    (repo_folder(tmp_path, repo.id) / ".qtune" / "provenance.json").unlink()
    again = get(hub, tmp_path, repo.id, told := Told(), **FROM_HF)
    assert again.bytes_fetched == 0
    counts = told.of(Checking)
    assert counts[0].done == 0 and counts[-1].done == counts[-1].total > 400_000


def test_offline_too(hub: Hub, tmp_path: Path, everything_is_told: None) -> None:
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, **FROM_HF)
    local = tmp_path / "model"
    offline = {**FROM_HF, "HF_HUB_OFFLINE": "1"}
    get(hub, tmp_path, repo.id, told := Told(), local_dir=local, **offline)
    whole = [event.total for event in told.of(Checking) if event.done == event.total]
    assert whole == [repo.size]  # as it is copied
    assert {p.name for p in local.iterdir()} >= {"config.json", "vocab.json"}
