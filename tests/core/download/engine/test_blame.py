"""Who is blamed for a wrong hash: simulated sources, of which some lie about some bytes or go away."""

from __future__ import annotations

import queue
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import httpx
import pytest

from qtune.core.download.engine import blame
from qtune.core.download.engine import board as board_module
from qtune.core.download.engine.blame import Redo, Trial, redo
from qtune.core.download.engine.crew import Crew
from qtune.core.download.engine.intervals import Stretch
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.engine.part import Part
from qtune.core.download.engine.run import Errand, Run
from qtune.core.download.events import nobody
from qtune.core.download.failures import cut_short
from qtune.core.download.line import Line
from qtune.core.download.roster import Roster, Supplier
from qtune.core.download.store import HubCache
from qtune.core.hub.interface import Manifest
from qtune.core.hub.listing import too_many
from qtune.core.hub.modelscope import ModelScope
from qtune.core.hub.open import open_hub
from qtune.core.settings import resolve
from qtune.core.sources import Source
from qtune.core.wire.road import Road
from tests.core.download.engine.making import HF, content, listed

SIZE = 24_000
DATA = content(SIZE)
SOURCES = (
    HF,
    Source("modelscope", "https://modelscope.cn"),
    Source("mirror", "https://mirror.example"),
)
LIE = b"a lie, and one that is told in the same place by whoever tells it"


# pure


def here(*senders: str) -> list[Stretch]:
    return [Stretch(n * 10, n * 10 + 10, name) for n, name in enumerate(senders)]


def test_what_lay_here_before_is_in_doubt_first() -> None:
    found = redo(here("hf", "ms"), [(0, 5), (9, 10)], ["hf", "ms"], "hf")
    assert found == Redo(((0, 5), (9, 10)))


@pytest.mark.parametrize("senders", list(permutations(("hf", "ms", "mirror"))))
def test_the_hub_that_listed_is_suspected_last_and_one_that_is_gone_first(
    senders: tuple[str, ...],
) -> None:
    order, cleared = [], set[str]()
    while True:
        found = redo(here(*senders), (), ["hf", "ms"], "hf", cleared=cleared)
        if found is None or found.suspect is None:
            break
        order.append(found.suspect)
        assert found.forget == tuple(
            (s.start, s.end) for s in here(*senders) if s.source == found.suspect
        )
        cleared.add(found.suspect)
    assert order == ["mirror", "ms", "hf"]


def test_who_sent_all_of_it_is_proved_a_liar_where_another_can_send_it() -> None:
    found = redo(here("hf", "hf"), (), ["hf", "ms"], "hf")
    assert found is not None and found.proved and found.suspect == "hf"


def test_the_only_source_is_asked_twice_and_no_more() -> None:
    assert redo(here("hf"), (), ["hf"], "hf") == Redo(((0, 10),), only="hf")
    assert redo(here("hf"), (), ["hf"], "hf", tried=["hf"]) is None


def test_where_no_one_alone_was_to_blame_each_is_asked_for_all_of_it() -> None:
    senders, able = here("hf", "ms"), ["hf", "ms"]
    first = redo(senders, (), able, "hf", cleared=able)
    assert first is not None and (first.only, first.suspect) == ("hf", None)
    second = redo(senders, (), able, "hf", cleared=able, tried=["hf"])
    assert second is not None and second.only == "ms"
    assert redo(senders, (), able, "hf", cleared=able, tried=able) is None


def test_of_a_trial_only_what_differed_is_put_aside() -> None:
    trial = Trial("ms", ((0, 100),))
    trial.note(0, b"same", memoryview(b"same"))
    trial.note(10, b"mine", memoryview(b"your"))
    assert trial.aside == [(10, b"mine")] and trial.complete


def test_more_than_fits_in_memory_is_not_put_back_whatever_comes_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blame, "MOST_UNDONE", 10)
    trial = Trial("ms", ((0, 100),))
    trial.note(0, b"12345678", memoryview(b"abcdefgh"))
    trial.note(8, b"12345678", memoryview(b"abcdefgh"))
    assert not trial.complete and sum(len(old) for _, old in trial.aside) <= 10
    trial.kept_aside = 0  # two connections at once lost a count
    assert not trial.complete


# the whole of it, but for the network


@dataclass
class World:
    """A run over these sources; `lies` of each: the places where it sends something else."""

    run: Run
    job: Job
    lies: dict[str, tuple[int, ...]]
    dies: dict[str, int] = field(default_factory=dict)  # ... after so many bytes
    sent: dict[str, int] = field(default_factory=dict)

    def bytes_of(self, name: str, start: int, end: int) -> memoryview:
        data = bytearray(DATA)
        for place in self.lies.get(name, ()):
            data[place : place + len(LIE)] = LIE
        return memoryview(data)[start:end]

    def play(self, dice: random.Random) -> None:
        run, job = self.run, self.job
        for _ in range(20_000):
            if job.kept or run.failure is not None:
                return
            stranded = run.stranded()
            if stranded is not None:
                run.fail(stranded)
                return
            if not self._turn(dice):
                try:
                    run.news.get(timeout=0.002)
                except queue.Empty:
                    continue
        raise AssertionError("it goes round in a circle, or waits for ever")

    def _turn(self, dice: random.Random) -> bool:
        busy = False
        for outlet in dice.sample(self.run.outlets, len(self.run.outlets)):
            if not self.run.serving(outlet):
                continue
            piece = self.run.take(outlet, 0.0)
            if piece is None:
                continue
            busy = True
            breaks_off = dice.random() < 0.2
            while piece.left:
                at, granted = self.run.board.claim(piece, dice.randrange(1, 2000))
                data = self.bytes_of(outlet.name, at, at + granted)
                self.run.written(outlet, self.job, at, data)
                self.sent[outlet.name] = self.sent.get(outlet.name, 0) + granted
                if breaks_off and dice.random() < 0.3:
                    break
            self.run.board.give_back(piece)
            self.run.judging.look(self.job)
            limit = self.dies.get(outlet.name)
            if limit is not None and self.sent.get(outlet.name, 0) >= limit:
                error = cut_short(self.job.file, at, outlet.supplier)
                self.run.give_up(outlet, error, self.job)
        return busy

    @property
    def dropped(self) -> set[str]:
        return {name for name, _ in self.run.errand.roster.dropped}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MiB is a KiB here."""
    for name in ("SMALLEST", "LARGEST", "WORTH_TAKING", "WORTH_TAKING_FROM_SLOW"):
        monkeypatch.setattr(board_module, name, getattr(board_module, name) >> 10)
    monkeypatch.setattr("qtune.core.download.engine.job.SMALL", 0)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def world(
    folder: Path,
    client: httpx.Client,
    lies: Sequence[tuple[int, ...]],
    *,
    together: bool = True,
    dies: dict[int, int] | None = None,
) -> World:
    settings = resolve(environ={"HF_HOME": str(folder)})
    sources = SOURCES[: len(lies)]
    file = listed(DATA)
    manifest = Manifest("o/n", "main", "c" * 40, (file,), sources[0])
    suppliers = [Supplier(open_hub(source, settings, client), "c" * 40) for source in sources]
    roster = Roster(suppliers)
    errand = Errand(manifest, HubCache(folder, "o/n"), roster, together, lambda: None)
    job = Job(file, Part(errand.store.partial(file), file))
    outlets = [Outlet(supplier, Crew(8), commit="c" * 40) for supplier in suppliers]
    run = Run(errand, [job], outlets, Road(settings), Line(client, settings, nobody))
    names = [source.name for source in sources]
    return World(
        run,
        job,
        dict(zip(names, lies, strict=True)),
        {names[n]: limit for n, limit in (dies or {}).items()},
    )


def play(made: World, seed: int) -> World:
    try:
        made.play(random.Random(seed))
    finally:
        made.run.line.cut()
        made.run.judging.verifier.end(10)
        made.job.part.close()
    return made


def right(made: World) -> None:
    assert made.run.failure is None, made.run.failure
    assert made.job.kept
    store = made.run.errand.store
    found = store.find(made.job.file, "c" * 40)
    assert found is not None and found.read_bytes() == DATA


FRONT, MIDDLE, END = (100,), (12_000,), (SIZE - 500,)
EVERYWHERE = tuple(range(0, SIZE - 500, 1000))


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("liar", [0, 1])
@pytest.mark.parametrize("lie", [FRONT, MIDDLE, END, EVERYWHERE])
def test_of_two_sources_the_honest_one_wins(
    tmp_path: Path, client: httpx.Client, seed: int, liar: int, lie: tuple[int, ...]
) -> None:
    lies: list[tuple[int, ...]] = [(), ()]
    lies[liar] = lie
    made = play(world(tmp_path, client, lies), seed)
    right(made)
    assert SOURCES[1 - liar].name not in made.dropped
    assert made.sent[SOURCES[1 - liar].name] <= SIZE, "no honest source sends a byte twice"


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("liar", [0, 1, 2])
def test_of_three_sources_one_liar_is_found(
    tmp_path: Path, client: httpx.Client, seed: int, liar: int
) -> None:
    lies: list[tuple[int, ...]] = [(), (), ()]
    lies[liar] = EVERYWHERE
    made = play(world(tmp_path, client, lies), seed)
    right(made)
    assert made.dropped <= {SOURCES[liar].name}


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("honest", [0, 1, 2])
@pytest.mark.parametrize("lie", [FRONT, EVERYWHERE])
def test_one_honest_source_among_three_is_enough(
    tmp_path: Path, client: httpx.Client, seed: int, honest: int, lie: tuple[int, ...]
) -> None:
    lies = [lie, lie, lie]
    lies[honest] = ()
    made = play(world(tmp_path, client, lies), seed)
    right(made)
    assert SOURCES[honest].name not in made.dropped


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("liar", [0, 1])
def test_asked_one_after_another_the_first_liar_is_left_for_the_next(
    tmp_path: Path, client: httpx.Client, liar: int
) -> None:
    lies: list[tuple[int, ...]] = [(), ()]
    lies[liar] = FRONT
    made = play(world(tmp_path, client, lies, together=False), 1)
    right(made)
    assert SOURCES[1 - liar].name not in made.dropped


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("seed", range(8))
def test_the_suspect_comes_back_where_the_one_that_was_to_replace_it_goes_away(
    tmp_path: Path, client: httpx.Client, seed: int
) -> None:
    """The hub that listed lies, so the other is suspected first; then the liar dies in the middle of the trial."""
    made = world(tmp_path, client, [EVERYWHERE, ()], dies={0: SIZE // 2 + 3000})
    right(play(made, seed))
    assert SOURCES[1].name not in made.dropped


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("lies", [[FRONT], [FRONT, MIDDLE], [FRONT, FRONT], [EVERYWHERE] * 3])
def test_where_all_lie_that_is_said_and_nothing_is_kept(
    tmp_path: Path, client: httpx.Client, lies: list[tuple[int, ...]]
) -> None:
    made = play(world(tmp_path, client, lies), 1)
    failure = made.run.failure
    assert failure is not None and getattr(failure, "code", "") == "DWN003", failure
    assert not made.job.kept


def test_another_hub_whose_listing_is_beyond_all_measure_is_left_out(
    tmp_path: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world(tmp_path, client, [(), ()])
    outlet = made.run.outlets[1]
    outlet.known = False

    def endless(*_: object, **__: object) -> Manifest:
        raise too_many(SOURCES[1], "o/n")

    monkeypatch.setattr(ModelScope, "manifest", endless)
    try:
        assert not made.run.open_to(outlet) and made.run.failure is None
        assert made.run.open_to(made.run.outlets[0])
        assert made.dropped == {"modelscope"}
    finally:
        made.run.line.cut()
        made.run.judging.verifier.end(10)


@pytest.mark.usefixtures("tiny")
def test_a_file_that_is_whole_is_not_given_up_before_its_hash_has_been_looked_at(
    tmp_path: Path, client: httpx.Client
) -> None:
    """Its last sources go away while its hash is still being computed, which takes minutes for a large one."""
    made = world(tmp_path, client, [(), ()])
    run, job = made.run, made.job
    while (piece := run.take(run.outlets[0], 0.0)) is not None:
        at, granted = run.board.claim(piece, piece.left)
        run.written(run.outlets[0], job, at, made.bytes_of("huggingface", at, at + granted))
        run.board.give_back(piece)
    for outlet in run.outlets:
        run.exclude(outlet, cut_short(job.file, 0, outlet.supplier), job)
    assert run.stranded() is None
    run.judging.look(job)
    right(play(made, 1))
