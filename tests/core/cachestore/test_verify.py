"""Hashing finds the damage that sizes and times hide, and what is removed comes back with a download."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import pytest

from qtune.core.cachestore.verify import TASK, Verdict, claims, discard, verify
from qtune.core.progress import SILENT, Progress, Silent
from tests.core.cachestore.caches import by_huggingface_hub, by_qtune, harm, largest, only
from tests.core.download.downloading import FROM_HF, contents, expected, get
from tests.hub import Hub, worlds


class Counting(Silent):
    """Remembers how much was to be done, and was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.totals: dict[str, int | None] = {}
        self.done: Counter[str] = Counter()

    def start(self, task: str, total: int | None) -> None:
        self.totals[task] = total

    def advance(self, task: str, amount: int) -> None:
        with self._lock:
            self.done[task] += amount


def judged(home: Path, progress: Progress = SILENT) -> tuple[Verdict, ...]:
    repo = only(home)
    return verify(claims(repo.root.parent, (repo,)), progress)


@pytest.mark.parametrize("made", [by_qtune, by_huggingface_hub])
def test_large_and_small_files_are_hashed_by_what_their_names_say(
    hub: Hub, tmp_path: Path, made: object
) -> None:
    assert callable(made)
    snapshot = made(hub, tmp_path)
    counted = Counting()
    found = judged(tmp_path, counted)
    assert {v.state for v in found} == {"right"}
    assert len(found) == len(worlds.qwen3().files)
    assert counted.totals == {TASK: worlds.qwen3().size}
    assert counted.done[TASK] == worlds.qwen3().size
    small = min((p for p in snapshot.iterdir()), key=lambda p: p.stat().st_size)
    for path in (largest(snapshot), small):
        harm(path)
    wrong = {v.claim.path for v in judged(tmp_path) if v.state == "wrong"}
    assert wrong == {largest(snapshot).resolve(), small.resolve()}


def test_where_no_links_are_made_the_listing_says_what_a_file_should_be(
    hub: Hub, tmp_path: Path
) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    (shot,) = (root / "snapshots").iterdir()
    for link in shot.iterdir():
        blob = link.resolve()
        link.unlink()
        blob.rename(link)
    assert {v.state for v in judged(tmp_path)} == {"right"}
    harm(largest(shot))
    (wrong,) = (v.claim.path for v in judged(tmp_path) if v.state == "wrong")
    assert wrong == largest(shot)


def test_a_file_of_which_nobody_said_anything_is_unknown(hub: Hub, tmp_path: Path) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    (root / "blobs" / "strange").write_bytes(b"1")
    assert [v.claim.name for v in judged(tmp_path) if v.state == "unknown"] == ["blobs/strange"]


def test_hashing_is_not_a_use(hub: Hub, tmp_path: Path) -> None:
    file = largest(by_qtune(hub, tmp_path)).resolve()
    os.utime(file, (1_000_000, 1_000_000))
    judged(tmp_path)
    if hasattr(os, "O_NOATIME"):
        assert file.stat().st_atime == 1_000_000


def test_a_wrong_blob_is_removed_and_the_next_download_brings_it(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    file = largest(snapshot)
    harm(file)
    cache = only(tmp_path).root.parent
    (wrong,) = (v for v in judged(tmp_path) if v.state == "wrong")
    assert discard(cache, wrong)
    assert only(tmp_path).revisions[0].missing == (file.name,)
    again = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert again.bytes_fetched == len(worlds.qwen3().files[file.name])
    assert contents(again.path) == expected(worlds.qwen3())


def test_a_file_that_changed_since_it_was_hashed_stays(hub: Hub, tmp_path: Path) -> None:
    file = largest(by_qtune(hub, tmp_path))
    harm(file)
    (wrong,) = (v for v in judged(tmp_path) if v.state == "wrong")
    file.resolve().write_bytes(worlds.qwen3().files[file.name])
    assert not discard(only(tmp_path).root.parent, wrong)
    assert contents(file.parent) == expected(worlds.qwen3())


def test_an_interrupt_ends_the_threads(hub: Hub, tmp_path: Path) -> None:
    class Interrupting(Silent):
        def advance(self, task: str, amount: int) -> None:
            names.append(threading.current_thread().name)
            raise KeyboardInterrupt

    names: list[str] = []
    by_qtune(hub, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        judged(tmp_path, Interrupting())
    assert all(name.startswith(TASK) for name in names) and names
    assert not [t.name for t in threading.enumerate() if t.name.startswith(TASK)]
