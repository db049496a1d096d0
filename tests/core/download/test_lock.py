"""One writer at a time, over processes and machines; whatever becomes of him, the next one goes on."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import filelock
import pytest

from qtune.core.download import holder, lockfile
from qtune.core.download.holder import Holder, Machine, is_gone, myself, read
from qtune.core.download.lock import at_once
from tests.core.download.locking import ask, begin, end, locking, told

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

ELSEWHERE = {"host": "node7", "identity": "m7", "boot": "b7", "space": "pid:[7]"}
SLOWER = {"STALE_S": 2.0}
QUICK = {"BEAT_S": 0.1, "STALE_S": 1.0, "LOOK_S": 0.02, "LOOK_FAR_S": 0.05}


def _holder(state: Path, among: set[int]) -> int:
    """Which of these processes has it; waits until one has."""
    while True:
        found = read(lockfile.content(state, lockfile.highest(state)) or b"")
        if found is not None and found.pid in among:
            return found.pid
        time.sleep(0.01)


def _names(state: Path) -> list[str]:
    return sorted(path.name for path in state.iterdir())


def test_the_next_one_gets_it_when_the_first_has_left_it(tmp_path: Path) -> None:
    with locking(tmp_path) as first, locking(tmp_path, until="SAY") as second:
        assert _names(tmp_path) == ["writer.1"]
        ask(first)
        assert told(first, "still") == "still held"
        end(first)
        told(second, "held")
        assert end(second) == ""
        assert _names(tmp_path) == []


def test_who_waits_says_for_whom_and_again_when_that_changes(tmp_path: Path) -> None:
    first = begin(tmp_path)
    told(first, "held")
    waiting = [begin(tmp_path), begin(tmp_path)]
    for process in waiting:
        said = told(process, "SAY")
        assert f"process {first.pid} on {holder.here().host}, since 20" in said
        assert "waiting for it" in said
    end(first)
    # Whoever of the two comes first is named to the other.
    pid = _holder(tmp_path, {process.pid for process in waiting})
    one, other = sorted(waiting, key=lambda process: process.pid != pid)
    told(one, "held")
    assert f"process {one.pid} on" in told(other, "SAY")
    assert end(one) == ""
    told(other, "held")
    assert end(other) == ""


@pytest.mark.spares("DWN012")
def test_a_killed_holder_is_passed_over_at_once(tmp_path: Path) -> None:
    """With the limit of silence far beyond the patience of this test. The child stays a zombie meanwhile."""
    first = begin(tmp_path, limits={"STALE_S": 1e6})
    told(first, "held")
    with first, locking(tmp_path, until="SAY", limits={"STALE_S": 1e6}) as second:
        first.send_signal(signal.SIGKILL)
        told(second, "held")
        assert _names(tmp_path) == ["writer.2"]
        first.wait()
        ask(second)
        assert told(second, "still") == "still held"


@pytest.mark.triggers("DWN012")
def test_a_stopped_holder_is_passed_over_after_the_limit_and_finds_out(tmp_path: Path) -> None:
    with locking(tmp_path, limits={"BEAT_S": 0.1}) as first:
        first.send_signal(signal.SIGSTOP)
        with locking(tmp_path, until="SAY", limits=QUICK) as second:
            told(second, "held")
            ask(first)
            first.send_signal(signal.SIGCONT)
            said = told(first, "ERROR")
            assert said.startswith("ERROR DWN012") and said.endswith("CUT")
            assert f"process {second.pid} on" in said
            ask(second)
            assert told(second, "still") == "still held"
            assert _names(tmp_path) == ["writer.2"]


def test_of_several_that_wait_for_a_silent_one_exactly_one_wins(tmp_path: Path) -> None:
    with locking(tmp_path, limits=QUICK) as first:
        first.send_signal(signal.SIGSTOP)
        waiting = {p.pid: p for p in (begin(tmp_path, limits=QUICK | SLOWER) for _ in range(4))}
        while waiting:
            # Each keeps it until it is told to go, while the others look at it.
            winner = waiting.pop(_holder(tmp_path, set(waiting)))
            told(winner, "held")
            assert sum(name.startswith("writer.") for name in _names(tmp_path)) == 1
            assert end(winner) == ""
        ask(first)
        first.send_signal(signal.SIGCONT)
        assert told(first, "ERROR").startswith("ERROR DWN012")


def test_another_machine_keeps_its_lock_by_its_heartbeat_alone(tmp_path: Path) -> None:
    """Its process number means nothing here: it may be nobody's, or somebody else's."""
    with locking(tmp_path, ELSEWHERE, limits={"BEAT_S": 0.1}) as first:
        asking = begin(tmp_path, at_once=True)
        assert told(asking, "theirs") == "theirs"
        end(asking)
        ask(first)
        assert told(first, "still") == "still held"


def test_another_machine_loses_its_lock_when_its_heartbeat_ends(tmp_path: Path) -> None:
    with locking(tmp_path, ELSEWHERE, limits={"BEAT_S": 0.1}) as first:
        first.kill()
        first.wait()
    with locking(tmp_path, until="SAY", limits=QUICK) as second:
        told(second, "held")
        assert _names(tmp_path) == ["writer.2"]


def test_a_machine_that_was_started_anew_left_nothing_that_holds(tmp_path: Path) -> None:
    before = {"host": "node7", "identity": "m7", "boot": "b6", "space": "pid:[7]"}
    with locking(tmp_path, before) as first:
        first.kill()
        first.wait()
    with locking(tmp_path, ELSEWHERE, limits={"STALE_S": 1e6}):
        pass


def test_whose_lock_was_removed_finds_out_and_ends(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with locking(state, limits={"BEAT_S": 0.05}) as first:
        (state / "writer.1").unlink()
        state.rmdir()
        ask(first)
        while (said := told(first, "")).startswith("still"):
            ask(first)  # until it looked
        assert said.startswith("ERROR DWN012") and "removed" in said


def test_a_folder_that_goes_away_while_one_waits_is_made_anew(tmp_path: Path) -> None:
    state = tmp_path / "a" / "state"
    with locking(state) as first, locking(state, until="SAY") as second:
        second.send_signal(signal.SIGSTOP)  # or it might be quicker than this test
        shutil.rmtree(state.parent)
        second.send_signal(signal.SIGCONT)
        told(second, "held")
        assert _names(state) == ["writer.1"]
        assert first.poll() is None


def test_an_interrupt_ends_the_wait(tmp_path: Path) -> None:
    with locking(tmp_path, ELSEWHERE), locking(tmp_path, until="SAY") as second:
        second.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in end(second)
        assert _names(tmp_path) == ["writer.1"]


def test_an_interrupted_holder_leaves_no_lock(tmp_path: Path) -> None:
    with locking(tmp_path) as first:
        first.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in end(first)
        assert _names(tmp_path) == []


def test_what_an_older_qtune_left_or_holds_does_not_hinder(tmp_path: Path) -> None:
    with filelock.FileLock(tmp_path / "lock"), locking(tmp_path):
        pass


@pytest.mark.parametrize("junk", [b"", b"{", b"[1]", b"\x00\xff", b"9" * 100_000, b'{"pid": "x"}'])
def test_a_lock_file_that_nobody_can_read_is_passed_over_after_the_limit(
    tmp_path: Path, junk: bytes
) -> None:
    (tmp_path / "writer.7").write_bytes(junk)
    with locking(tmp_path, until="SAY", limits=QUICK | {"STALE_S": 0.1}) as process:
        told(process, "held")
        assert _names(tmp_path) == ["writer.8"]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_that_is_no_file_does_not_hang(tmp_path: Path, kind: str) -> None:
    trap = tmp_path / "writer.1"
    if kind == "link":
        trap.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(trap)
    else:
        trap.mkdir()
    with locking(tmp_path), at_once(tmp_path) as ours:
        assert not ours
    with at_once(tmp_path) as ours:
        assert ours


def test_where_there_are_no_hard_links_one_holds_all_the_same(tmp_path: Path) -> None:
    prefix = (
        "import os\n"
        "def refuse(*_, **__): raise PermissionError(1, 'Operation not permitted')\n"  # as FAT does
        "os.link = refuse\n"
    )
    crowd = {p.pid: p for p in (begin(tmp_path, prefix=prefix) for _ in range(3))}
    while crowd:
        winner = crowd.pop(_holder(tmp_path, set(crowd)))
        told(winner, "held")
        assert "writer.1" in _names(tmp_path)
        assert end(winner) == ""
    assert _names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_closed_to_us_is_an_error_of_the_system(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        process = begin(tmp_path)
        assert told(process, "OSERROR")
        end(process)
    finally:
        tmp_path.chmod(0o700)


def test_at_once_says_no_to_a_process_of_this_machine_however_silent(tmp_path: Path) -> None:
    with locking(tmp_path) as first:
        first.send_signal(signal.SIGSTOP)
        with at_once(tmp_path) as ours:
            assert not ours
        first.kill()
        first.wait()
        with at_once(tmp_path) as ours:
            assert ours
    assert _names(tmp_path) == []


def test_a_process_number_that_is_anothers_now_holds_nothing(tmp_path: Path) -> None:
    mine = myself()
    assert not is_gone(mine)
    if mine.started:
        assert is_gone(Holder(mine.machine, mine.pid, "1", mine.since, mine.nonce))
    other = Machine(mine.machine.host, mine.machine.identity, mine.machine.boot, "pid:[1]")
    assert not is_gone(Holder(other, mine.pid, "1", mine.since, mine.nonce))


class _Kernel:
    """What Windows answers about a process number."""

    def __init__(self, handle: int, waited: int) -> None:
        self.handle, self.waited, self.closed = handle, waited, 0

    def OpenProcess(self, rights: int, inherit: bool, pid: int) -> int:
        return self.handle

    def WaitForSingleObject(self, handle: int, milliseconds: int) -> int:
        assert (handle, milliseconds) == (self.handle, 0)
        return self.waited

    def CloseHandle(self, handle: int) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("handle", "error", "waited", "lives"),
    [(0, 87, 0, False), (0, 5, 0, True), (40, 0, 258, True), (40, 0, 0, False)],
    ids=["no such number", "another user's", "running", "ended, and somebody looks at it still"],
)
def test_windows_is_asked_without_ending_the_process(
    monkeypatch: pytest.MonkeyPatch, handle: int, error: int, waited: int, lives: bool
) -> None:
    kernel = _Kernel(handle, waited)
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: error, raising=False)
    assert holder._runs_on_windows(4711) is lives
    assert kernel.closed == bool(handle)


def test_what_another_wrote_cannot_play_with_a_terminal() -> None:
    mine = myself()
    text = json.loads(mine.to_bytes())
    text["machine"]["host"] = "a\x1b[31m\nb" + "x" * 1000
    text["since"] = 1e300
    found = read(json.dumps(text).encode())
    assert found is not None
    said = found.describe().en
    assert "\x1b" not in said and "\n" not in said and len(said) < 200
