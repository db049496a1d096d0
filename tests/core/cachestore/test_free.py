"""What is freed is gone, what is left is true, and nothing outside the cache is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from qtune.core.cachestore import choose
from qtune.core.cachestore.contents import Repo
from qtune.core.cachestore.free import Goes, all_of, notes_reads, partials_of, remove, unused_for
from qtune.core.cachestore.guard import Busy, alone
from qtune.core.cachestore.verify import claims, verify
from qtune.core.errors import DownloadError, UsageError
from tests.core.cachestore.caches import (
    by_huggingface_hub,
    by_qtune,
    largest,
    look,
    only,
    second_snapshot,
)
from tests.core.download.downloading import ROOT, contents, expected
from tests.core.download.locking import locking, told
from tests.hub import Hub, worlds


def freed(repo: Repo, goes: Goes) -> int:
    return remove(repo.root.parent, goes)


@pytest.mark.parametrize("made", [by_qtune, by_huggingface_hub])
def test_a_whole_repository_goes_and_its_neighbour_stays(
    hub: Hub, tmp_path: Path, made: object
) -> None:
    assert callable(made)
    made(hub, tmp_path)
    kept = made(hub, tmp_path, worlds.SMALL)
    before = contents(kept)
    repo = next(r for r in look(tmp_path).repos if r.label == worlds.QWEN)
    assert freed(repo, all_of(repo)) == repo.size
    assert not repo.root.exists()
    assert only(tmp_path).label == worlds.SMALL
    assert contents(kept) == before
    assert contents(made(hub, tmp_path)) == expected(worlds.qwen3())


def test_a_snapshot_takes_only_the_blobs_that_no_other_links(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    shot = second_snapshot(snapshot.parents[1])
    stranger = snapshot.parents[1] / "blobs" / "stranger"
    stranger.write_bytes(b"of nobody's snapshot")
    repo = only(tmp_path)
    (goes,) = choose.going(look(tmp_path), [f"{worlds.QWEN}@dev"])
    assert goes.bytes == len(b"only in the second")
    assert freed(repo, goes) == len(b"only in the second") + 40  # the ref, too
    assert not shot.exists()
    assert not (repo.root / "refs" / "dev").exists()
    assert stranger.exists()
    assert contents(snapshot) == expected(worlds.qwen3())
    assert only(tmp_path).whole


def test_the_first_of_two_snapshots_leaves_the_second_whole(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    shot = second_snapshot(snapshot.parents[1])
    before = contents(shot)
    (goes,) = choose.going(look(tmp_path), [f"{worlds.QWEN}@{snapshot.name[:8]}"])
    freed(only(tmp_path), goes)
    assert [r.commit for r in only(tmp_path).revisions] == [shot.name]
    assert contents(shot) == before


def test_beginnings_go_and_files_stay(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    root = snapshot.parents[1]
    part = root / ".qtune" / "partial" / ("a" * 64 + ".part")
    part.write_bytes(b"x" * 25)
    part.with_suffix(".json").write_text("{}")
    incomplete = root / "blobs" / ("b" * 64 + ".incomplete")
    incomplete.write_bytes(b"y" * 7)
    repo = only(tmp_path)
    assert partials_of(repo).bytes == 32
    assert freed(repo, partials_of(repo)) == 25 + 7 + 2
    assert only(tmp_path).partials == ()
    assert list((root / ".qtune" / "partial").iterdir()) == []
    assert contents(snapshot) == expected(worlds.qwen3())


def test_while_another_process_downloads_nothing_is_taken(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    repo = only(tmp_path)
    with locking(repo.root / ".qtune") as holder:
        with pytest.raises(Busy):
            freed(repo, all_of(repo))
        holder.kill()
    assert contents(snapshot) == expected(worlds.qwen3())
    freed(repo, all_of(repo))  # the lock went with its holder
    assert not repo.root.exists()


def test_whoever_waited_for_the_lock_gets_one_that_others_see(hub: Hub, tmp_path: Path) -> None:
    by_qtune(hub, tmp_path)
    repo = only(tmp_path)
    with contextlib.ExitStack() as stack:
        with alone(repo.root.parent, repo.root):
            waiter = stack.enter_context(locking(repo.root / ".qtune", until="SAY"))
            waiter.send_signal(signal.SIGSTOP)  # or it might be quicker than this test
            shutil.rmtree(repo.root)
        waiter.send_signal(signal.SIGCONT)
        told(waiter, "held")
        with pytest.raises(Busy), alone(repo.root.parent, repo.root):
            pass


def test_a_lock_of_huggingface_hub_is_respected(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_huggingface_hub(hub, tmp_path)
    repo = only(tmp_path)
    locks = repo.root.parent / ".locks" / repo.root.name
    with filelock.FileLock(next(locks.iterdir())), pytest.raises(Busy):
        freed(repo, all_of(repo))
    assert contents(snapshot) == expected(worlds.qwen3())


def test_what_several_repositories_share_is_counted_and_left(hub: Hub, tmp_path: Path) -> None:
    """huggingface_hub keeps some blobs once for the whole cache, and links to them."""
    snapshot = by_huggingface_hub(hub, tmp_path)
    cache = snapshot.parents[2]
    before = only(tmp_path).size
    blob = largest(snapshot).resolve()
    stored = cache / "blobs" / "ab" / ("ab" * 32)
    stored.parent.mkdir(parents=True)
    blob.rename(stored)
    blob.symlink_to(os.path.relpath(stored, blob.parent))
    repo = only(tmp_path)
    assert (repo.size, repo.whole) == (before, True)
    found = verify(claims(cache, (repo,)))
    assert {v.state for v in found} == {"right"} and len(found) == len(worlds.qwen3().files)
    assert freed(repo, all_of(repo)) == before - stored.stat().st_size
    assert stored.is_file() and not repo.root.exists()


def test_links_out_of_the_cache_go_and_what_they_lead_to_stays(hub: Hub, tmp_path: Path) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_bytes(b"mine")
    (root / "away").symlink_to(outside)
    (root / "blobs" / "away").symlink_to(outside / "mine")
    (root / "blobs" / "loop").symlink_to("loop")
    (root / "snapshots" / "linked").symlink_to(outside)
    repo = only(tmp_path)
    freed(repo, all_of(repo))
    assert not root.exists()
    assert (outside / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize("linked", ["root", ".qtune"])
def test_a_repository_that_is_a_link_is_refused(hub: Hub, tmp_path: Path, linked: str) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    repo = only(tmp_path)
    at = {"root": root, ".qtune": root / ".qtune"}[linked]
    elsewhere = tmp_path / "elsewhere"
    at.rename(elsewhere)
    before = contents(elsewhere)
    at.symlink_to(elsewhere)
    with pytest.raises(DownloadError) as caught:
        freed(repo, all_of(repo))
    assert caught.value.code == "DWN007"
    assert contents(elsewhere) == before


def test_a_lock_that_is_a_link_is_none_and_what_it_leads_to_stays(hub: Hub, tmp_path: Path) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    (root / ".qtune" / "writer.1").symlink_to(elsewhere)
    repo = only(tmp_path)
    freed(repo, all_of(repo))
    assert not root.exists()
    assert elsewhere.read_bytes() == b"mine"


def test_without_the_right_to_write_it_is_one_error(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    repo = only(tmp_path)
    (repo.root / "snapshots").chmod(0o500)
    if os.access(repo.root / "snapshots", os.W_OK):
        pytest.skip("whoever is root may do everything")
    try:
        with pytest.raises(DownloadError) as caught:
            freed(repo, all_of(repo))
    finally:
        (repo.root / "snapshots").chmod(0o700)
    assert caught.value.code == "DWN007"
    assert contents(snapshot) == expected(worlds.qwen3())


KILLED = """
import os, pathlib, signal, sys
from qtune.core.cachestore import choose, shelf
from qtune.core.cachestore.free import remove
left = int(sys.argv[3])
def count(event, arguments):
    global left
    if event in ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
found = shelf.read(pathlib.Path(sys.argv[1]))
(goes,) = choose.going(found, [sys.argv[2]])
sys.addaudithook(count)
remove(found.folder, goes)
"""


@pytest.mark.parametrize("what", [worlds.QWEN, f"{worlds.QWEN}@main"])
def test_killed_at_any_step_no_snapshot_looks_whole_that_is_not(
    hub: Hub, tmp_path: Path, what: str
) -> None:
    codes = set()
    for step in range(0, 80, 8):
        home = tmp_path / str(step)
        home.mkdir()
        snapshot = by_qtune(hub, home)
        shot = second_snapshot(snapshot.parents[1])
        cache = snapshot.parents[2]
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(cache), what, str(step)], cwd=ROOT, check=False
        )
        codes.add(done.returncode)
        for repo in look(home).repos:
            for revision in repo.revisions:
                links = list((repo.root / "snapshots" / revision.commit).rglob("*"))
                assert revision.missing or all(p.exists() for p in links), (step, revision)
        if "@" in what:
            assert len(contents(shot)) == len(expected(worlds.qwen3())) + 1
        if any(r.label == worlds.QWEN for r in look(home).repos):
            (rest,) = choose.going(look(home), [worlds.QWEN])
            remove(cache, rest)
        assert not (cache / snapshot.parents[1].name).exists()
        assert contents(by_qtune(hub, home)) == expected(worlds.qwen3())
    assert codes == {0, -signal.SIGKILL}


def test_age_is_that_of_the_last_use(hub: Hub, tmp_path: Path) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    assert not unused_for(only(tmp_path), 30)
    for blob in (root / "blobs").iterdir():
        os.utime(blob, (1_600_000_000, 1_600_000_000))
    assert unused_for(only(tmp_path), 30)
    assert not unused_for(only(tmp_path), 30, now=1_600_000_000 + 29 * 86400)


@pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="Linux tells its mounts")
def test_a_disk_that_notes_no_reads_is_known() -> None:
    rows = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    last = {row[1]: row[3].split(",") for row in rows}  # a later mount covers an earlier one
    for folder, options in last.items():
        if Path(folder).is_dir() and Path(folder).is_mount():
            assert notes_reads(Path(folder)) is ("noatime" not in options), folder


@pytest.mark.parametrize("name", ["../..", "/etc", "", "models--", "no/such", worlds.QWEN + "@x"])
def test_a_name_that_is_not_in_the_cache_is_a_usage_error(
    hub: Hub, tmp_path: Path, name: str
) -> None:
    by_qtune(hub, tmp_path)
    with pytest.raises(UsageError):
        choose.going(look(tmp_path), [name])
