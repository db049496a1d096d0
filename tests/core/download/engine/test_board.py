"""The board: however pieces are taken, shrunk, given back, extended and excluded, each byte has one owner."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from qtune.core.download.engine import board as board_module
from qtune.core.download.engine.board import (
    LARGEST,
    SMALLEST,
    WORTH_TAKING,
    Board,
    May,
)
from qtune.core.download.engine.job import SMALL, Job, Piece
from qtune.core.errors import HubError
from qtune.core.text import Text
from tests.core.download.engine.making import unwritten

KIB, MIB = 1 << 10, 1 << 20
GONE = HubError("HUB200", Text("gone", "没了"))


def anyone(job: Job) -> bool:
    return True


def allowed(source: str) -> May:
    return lambda job: source not in job.excluded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No room is taken on the disk: the board moves numbers only."""
    monkeypatch.setattr("qtune.core.download.engine.part.preallocate", lambda fd, size: None)
    return tmp_path


@pytest.fixture
def tiny(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MiB is a KiB here, so that every byte can have an owner in a list."""
    for name in ("SMALLEST", "LARGEST", "WORTH_TAKING", "WORTH_TAKING_FROM_SLOW"):
        value = getattr(board_module, name)
        monkeypatch.setattr(board_module, name, value >> 10)
    return folder


def closing(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.part.close()


def took(board: Board, source: str = "hf", sharers: int = 1, **how: bool) -> Piece:
    piece = board.take(source, anyone, sharers, **how)
    assert piece is not None
    return piece


class Owned:
    """Who claimed which byte, this round."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._lock = threading.Lock()
        self.claimed = {job: bytearray(job.file.size) for job in jobs}

    def claim(self, board: Board, piece: Piece, count: int) -> int:
        at, granted = board.claim(piece, count)
        with self._lock:
            mine = self.claimed[piece.job]
            assert not any(mine[at : at + granted]), "a byte was given to two"
            mine[at : at + granted] = b"\1" * granted
        return granted

    def again(self, job: Job, start: int, end: int) -> None:
        self.claimed[job][start:end] = bytes(end - start)


# one after another


def test_pieces_come_in_the_order_of_the_files_large_first_and_small_at_the_end(
    folder: Path,
) -> None:
    jobs = [unwritten(folder, 40 * MIB, "one"), unwritten(folder, 40 * MIB, "two")]
    board, order, lengths = Board(jobs), [], []
    while (piece := board.take("hf", anyone, 4)) is not None:
        board.claim(piece, piece.left)
        board.give_back(piece)
        order.append((jobs.index(piece.job), piece.start))
        lengths.append(piece.end - piece.start)
    assert order == sorted(order) and all(job.complete for job in jobs)
    assert lengths[0] == 10 * MIB and max(lengths) <= LARGEST
    assert min(lengths) >= SMALLEST // 2 and sum(lengths) == 80 * MIB
    assert lengths[-1] <= 2 * SMALLEST
    closing(jobs)


@pytest.mark.parametrize("size", [1, SMALL, SMALL + 1, SMALLEST, SMALLEST + 1, 3 * SMALLEST // 2])
def test_a_small_rest_is_no_piece_of_its_own(folder: Path, size: int) -> None:
    job = unwritten(folder, size)
    board = Board([job])
    piece = took(board)
    assert piece.end - piece.start in (size, SMALLEST)
    rest = size - piece.end
    assert rest == 0 or rest >= SMALLEST // 2
    closing([job])


def test_half_of_the_largest_piece_is_taken_where_nothing_is_free(folder: Path) -> None:
    job = unwritten(folder, 8 * MIB)
    board = Board([job])
    pieces = []
    while job.free or not job.opened:
        pieces.append(took(board))
    largest = pieces[0]
    before = largest.end
    assert all(piece.left <= largest.left for piece in pieces)
    taken = took(board, "ms")
    assert taken.end == before and taken.start == largest.end == before // 2
    closing([job])


def test_of_a_piece_that_is_nearly_done_or_very_fast_nothing_is_taken(folder: Path) -> None:
    job = unwritten(folder, 2 * WORTH_TAKING)
    board = Board([job])
    piece = took(board)
    assert piece.end == 2 * WORTH_TAKING
    assert board.take("hf", anyone, 1) is None
    piece.speed = 1e9
    assert board.take("hf", anyone, 1) is None and not board.could_take(anyone)
    piece.speed = 1000.0  # it needs a quarter of an hour: even a small part helps
    assert board.could_take(anyone)
    taken = board.take("ms", anyone, 1, speed=50_000.0)
    assert taken is not None and piece.end == taken.start < taken.end == 2 * WORTH_TAKING
    assert taken.left > 10 * piece.left
    closing([job])


def test_a_stalled_owner_that_is_cut_leaves_exactly_what_it_had_not_claimed(tiny: Path) -> None:
    job = unwritten(tiny, 40 * KIB)
    board, owned = Board([job]), Owned([job])
    stalled = took(board, sharers=1)
    owned.claim(board, stalled, 3_000)
    thief = board.take("hf", anyone, 1)
    board.give_back(stalled)
    assert not job.complete
    rest = 0
    for piece in [thief] if thief else []:
        rest += owned.claim(board, piece, piece.left)
        board.give_back(piece)
    while (next_one := board.take("ms", anyone, 1)) is not None:
        rest += owned.claim(board, next_one, next_one.left)
        board.give_back(next_one)
    assert rest == 40 * KIB - 3_000 and job.complete
    closing([job])


def test_more_than_is_left_is_never_granted(folder: Path) -> None:
    job = unwritten(folder, 4 * MIB)
    board = Board([job])
    piece = took(board)
    piece.speed = 1.0
    thief = board.take("ms", anyone, 1, speed=1.0)
    assert thief is not None
    end = piece.end
    assert board.claim(piece, 100 * MIB) == (0, end)
    assert board.claim(piece, 5) == (end, 0)
    closing([job])


def test_whole_takes_all_that_is_missing_in_one_and_nobody_takes_from_it(folder: Path) -> None:
    job = unwritten(folder, 20 * MIB)
    board = Board([job])
    piece = took(board, whole=True)
    assert (piece.start, piece.end, piece.whole) == (0, 20 * MIB, True)
    piece.speed = 1.0
    assert board.take("ms", anyone, 8, speed=1e6) is None
    assert board.take("hf", anyone, 8, whole=True) is None
    assert not board.could_take(anyone), "or who waits would look again and again"
    assert not board.wants(anyone), "or connections would come that find nothing"
    board.give_back(piece)
    assert job.free.total == 20 * MIB
    closing([job])


def test_single_takes_one_part_of_a_file_at_a_time(folder: Path) -> None:
    jobs = [unwritten(folder, 20 * MIB, "one"), unwritten(folder, 20 * MIB, "two")]
    board = Board(jobs)
    one, two = took(board, single=True), took(board, single=True)
    assert [one.job, two.job] == jobs
    assert board.take("hf", anyone, 1, single=True) is None
    assert took(board, "ms", single=True).job is jobs[0], "another source has its own one"
    board.give_back(one)
    assert took(board, single=True).job is jobs[0]
    closing(jobs)


def test_who_may_not_send_a_file_gets_another_or_nothing(folder: Path) -> None:
    jobs = [unwritten(folder, MIB, "one"), unwritten(folder, MIB, "two")]
    board = Board(jobs)
    board.exclude(jobs[0], "hf", GONE)
    piece = board.take("hf", allowed("hf"), 1)
    assert piece is not None and piece.job is jobs[1]
    assert board.take("hf", allowed("hf"), 1) is None
    assert board.wants(allowed("hf")) == 0 and board.wants(allowed("ms")) >= 1
    board.readmit(jobs[0], "hf")
    assert took(board).job is jobs[0]
    closing(jobs)


def test_a_body_that_goes_on_takes_along_what_is_nobodys(tiny: Path) -> None:
    job = unwritten(tiny, 10 * KIB)
    board, owned = Board([job]), Owned([job])
    first = took(board, sharers=5)
    other = took(board, "ms", sharers=5)
    owned.claim(board, first, first.left)
    skip = board.extend(first)
    assert skip == other.end - first.start - KIB
    assert (first.at, first.end) == (other.end, 10 * KIB)
    assert board.extend(first) is None or first.left == 0
    owned.claim(board, first, first.left)
    board.give_back(first)
    owned.claim(board, other, other.left)
    board.give_back(other)
    assert job.complete
    closing([job])


def test_a_body_that_was_read_beyond_its_piece_goes_on_from_where_it_is(folder: Path) -> None:
    """Another took the rest of the piece while some of that rest had been read already."""
    job = unwritten(folder, MIB)
    board = Board([job])
    piece = took(board)
    piece.speed = 1.0
    thief = board.take("ms", anyone, 1, speed=1.0)
    assert thief is not None and (piece.end, thief.start) == (512 * KIB, 512 * KIB)
    read = 700 * KIB
    at, granted = board.claim(piece, read)
    assert (at, granted) == (0, 512 * KIB)
    assert board.extend(piece, read - granted) is None, "another has it"
    board.claim(thief, 300 * KIB)
    board.give_back(thief)
    skip = board.extend(piece, read - granted)
    assert (piece.at, piece.end) == (812 * KIB, MIB)
    assert skip is not None and piece.at == read + skip, "the body's next byte is the piece's"
    closing([job])


def test_bytes_that_proved_wrong_are_there_to_be_taken_again(folder: Path) -> None:
    jobs = [unwritten(folder, MIB, "one"), unwritten(folder, MIB, "two")]
    board = Board(jobs)
    for _ in jobs:
        piece = took(board)
        board.claim(piece, piece.left)
        board.give_back(piece)
    assert board.take("hf", anyone, 1) is None and all(job.complete for job in jobs)
    board.free_again(jobs[0], [(100, 200), (300, 400)])
    assert not jobs[0].complete and jobs[1].complete
    found = [took(board), took(board)]
    assert [(p.start, p.end) for p in found] == [(100, 200), (300, 400)]
    closing(jobs)


def test_what_lay_here_is_not_taken(folder: Path) -> None:
    job = unwritten(folder, 10 * MIB)
    job.part.open()
    job.part.attribute(0, 4 * MIB, "hf")
    job.part.attribute(5 * MIB, 10 * MIB, "")
    board = Board([job])
    board.open(job)
    piece = took(board)
    assert (piece.start, piece.end) == (4 * MIB, 5 * MIB)
    assert job.earlier == ((0, 4 * MIB), (5 * MIB, 10 * MIB)) and not job.complete
    closing([job])


def test_one_that_is_all_here_is_complete_at_once(folder: Path) -> None:
    job = unwritten(folder, 10 * MIB)
    job.part.open()
    job.part.attribute(0, 10 * MIB, "")
    board = Board([job])
    board.open(job)
    assert job.complete and board.take("hf", anyone, 1) is None
    closing([job])


def test_a_closed_board_gives_nothing_and_wakes_who_waits(folder: Path) -> None:
    job = unwritten(folder, MIB)
    board = Board([job])
    woken, waiting = threading.Event(), threading.Event()

    def wait() -> None:
        with board.changed:
            waiting.set()
            board.changed.wait()
        woken.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert waiting.wait(30)
    board.close()
    assert woken.wait(30)
    assert board.take("hf", anyone, 1) is None
    thread.join()


@pytest.mark.parametrize("how", ["give back", "free again", "readmit", "exclude"])
def test_who_waits_for_work_is_woken_by_whatever_may_bring_some(folder: Path, how: str) -> None:
    job = unwritten(folder, MIB)
    board = Board([job])
    piece = took(board)
    waiting, woken = threading.Event(), threading.Event()

    def wait() -> None:
        with board.changed:
            waiting.set()
            board.changed.wait()
        woken.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert waiting.wait(30)
    does: dict[str, Callable[[], None]] = {
        "give back": lambda: board.give_back(piece),
        "free again": lambda: board.free_again(job, [(0, 1)]),
        "readmit": lambda: board.readmit(job, "hf"),
        "exclude": lambda: board.exclude(job, "hf", GONE),
    }
    does[how]()
    assert woken.wait(30)
    thread.join()
    closing([job])


# many at once


@pytest.mark.parametrize("seed", range(6))
def test_many_connections_claim_every_byte_once_whatever_befalls_them(
    tiny: Path, seed: int
) -> None:
    """Sources with and without parts, connections that break off, and two rounds of bytes thrown away."""
    sizes = [30 * KIB + 17, 1, KIB, 700, 50 * KIB, KIB + 1]
    jobs = [unwritten(tiny, size, f"file {n}") for n, size in enumerate(sizes)]
    board, owned = Board(jobs), Owned(jobs)
    chance = random.Random(seed)
    rounds = [2]
    failed: list[BaseException] = []
    kinds = [("hf", {}), ("ms", {}), ("mirror", {"whole": True}), ("other", {"single": True})]

    def work(number: int) -> None:
        dice = random.Random(seed * 100 + number)
        source, how = kinds[number % len(kinds)]
        try:
            while not board.closed:
                speed = dice.choice((0.0, 1.0, 1e3, 1e6))
                piece = board.take(source, allowed(source), 8, speed=speed, **how)
                if piece is None:
                    with board.changed:
                        if not board.closed:
                            board.changed.wait(0.01)
                    continue
                serve(piece, dice)
        except BaseException as error:
            failed.append(error)
            board.close()

    def serve(piece: Piece, dice: random.Random) -> None:
        breaks_off = dice.random() < 0.3
        position = piece.at  # of the body
        while True:
            piece.speed = dice.choice((0.0, 0.1, 1e3, 1e6))
            read = dice.randrange(1, 3 * KIB)
            read = min(read, max(0, piece.end - piece.at))
            at = piece.at
            assert at == position, "bytes of another place were written here"
            time.sleep(0)  # the others' turn
            granted = owned.claim(board, piece, read)
            position += read
            if breaks_off and dice.random() < 0.3:
                break
            if piece.at >= piece.end:
                skip = board.extend(piece, read - granted) if piece.whole else None
                if skip is None:
                    break
                position += skip
        board.give_back(piece)
        judge(piece.job)

    def judge(job: Job) -> None:
        with board.changed:
            if not job.complete or job.kept:
                return
            if rounds[0] and chance.random() < 0.5:
                rounds[0] -= 1
                start = chance.randrange(job.file.size)
                owned.again(job, start, job.file.size)
                board.free_again(job, [(start, job.file.size)])
                return
            job.kept = True
            if all(each.kept for each in jobs):
                board.close()

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        job = chance.choice(jobs)
        board.exclude(job, "ms", GONE)
        board.wants(allowed("ms"))
        board.readmit(job, "ms")
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    assert not failed, failed
    assert all(job.kept and not job.pieces and not job.free for job in jobs)
    assert all(all(bytes_of) for bytes_of in owned.claimed.values())
    closing(jobs)


class Boards(RuleBasedStateMachine):
    """Every byte of a file is here, free, or one piece's; nothing is claimed twice; nothing is lost."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.jobs = [
            unwritten(self.folder, s, f"f{n}") for n, s in enumerate((50 * KIB + 3, 900, 20 * KIB))
        ]
        self.board = Board(self.jobs)
        self.owned = Owned(self.jobs)
        self.pieces: list[Piece] = []

    def teardown(self) -> None:
        closing(self.jobs)

    @rule(
        source=st.sampled_from(("hf", "ms")),
        sharers=st.integers(0, 70),
        speed=st.sampled_from((0.0, 1.0, 1e4)),
        whole=st.booleans(),
        single=st.booleans(),
    )
    def take(self, source: str, sharers: int, speed: float, whole: bool, single: bool) -> None:
        may = allowed(source)
        piece = self.board.take(source, may, sharers, speed=speed, whole=whole, single=single)
        if piece is not None:
            assert piece.left and may(piece.job)
            self.pieces.append(piece)
        elif not (whole or single):
            assert not any(may(j) and (j.free or not j.opened) for j in self.jobs)

    @precondition(lambda self: self.pieces)
    @rule(number=st.integers(0, 99), count=st.integers(0, 20 * KIB))
    def claim(self, number: int, count: int) -> None:
        self.owned.claim(self.board, self.pieces[number % len(self.pieces)], count)

    @precondition(lambda self: self.pieces)
    @rule(number=st.integers(0, 99), speed=st.sampled_from((0.0, 0.1, 10.0, 1e6)))
    def pace(self, number: int, speed: float) -> None:
        self.pieces[number % len(self.pieces)].speed = speed

    @precondition(lambda self: self.pieces)
    @rule(number=st.integers(0, 99), beyond=st.integers(0, KIB))
    def extend(self, number: int, beyond: int) -> None:
        piece = self.pieces[number % len(self.pieces)]
        if piece.left:
            return
        end = piece.end
        skip = self.board.extend(piece, beyond)
        if skip is None:
            assert piece.end == end
        else:
            assert skip >= 0 and piece.at == end + beyond + skip and piece.left

    @precondition(lambda self: self.pieces)
    @rule(number=st.integers(0, 99))
    def give_back(self, number: int) -> None:
        piece = self.pieces.pop(number % len(self.pieces))
        self.board.give_back(piece)

    @rule(number=st.integers(0, 2), source=st.sampled_from(("hf", "ms")), out=st.booleans())
    def exclude(self, number: int, source: str, out: bool) -> None:
        if out:
            self.board.exclude(self.jobs[number], source, GONE)
        else:
            self.board.readmit(self.jobs[number], source)

    @rule(number=st.integers(0, 2), start=st.integers(0, 899), length=st.integers(1, 900))
    def wrong(self, number: int, start: int, length: int) -> None:
        job = self.jobs[number]
        if job.complete:
            end = min(start + length, job.file.size)
            self.owned.again(job, start, end)
            self.board.free_again(job, [(start, end)])

    @invariant()
    def each_byte_has_one_place(self) -> None:
        for job in self.jobs:
            if not job.opened:
                continue
            borders = [(s.start, s.end) for s in job.free] + [
                (p.at, p.end) for p in job.pieces if p.left
            ]
            claimed = self.owned.claimed[job]
            here = sum(claimed)
            assert here + sum(end - start for start, end in borders) == job.file.size
            assert not any(any(claimed[start:end]) for start, end in borders)
            assert job.complete == (not job.pieces and here == job.file.size)

    @invariant()
    def who_waits_is_told_the_truth(self) -> None:
        for source in ("hf", "ms"):
            may = allowed(source)
            free = any(may(j) and (j.free or not j.opened) for j in self.jobs)
            assert bool(self.board.wants(may)) >= free


def test_each_byte_is_here_or_free_or_one_pieces(tiny: Path) -> None:
    Boards.folder = tiny
    run_state_machine_as_test(
        Boards, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
