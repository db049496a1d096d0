"""Several processes train as one: the same losses, one ending, and any number of them goes on."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from qtune.core.errors import TrainError
from qtune.train import agent, distributed, endings, gang, world
from qtune.train.dealing import Blanks, Dealt
from qtune.train.endings import Death
from qtune.train.events import Crashed, Event, Failed, Log, Saved, Started, Step
from qtune.train.gang import Gang
from qtune.train.job import Job
from qtune.train.launch import Ended, launch
from qtune.train.world import World
from tests.train.forks import run_forked
from tests.train.runs import environ, make_job, metrics

STEPS = ("training.max_steps=6", "training.logging_steps=1", "training.save_steps=2")
# Seventeen rows in batches of eight: three, which two or four processes cannot share evenly.
HELD_OUT = ("eval_share=0.1", "training.eval_strategy=steps", "training.eval_steps=2")
ALL = "training.save_total_limit=9"

# The ranks meet over loopback; whatever reaches further is written down and refused.
LOOPBACK = """\
import os, socket
def near(host):
    return host in (None, "", "localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn())
def guarded(real, place):
    def call(*given, **named):
        where = given[place] if len(given) > place else None
        host = where[0] if isinstance(where, tuple) else where
        if not near(host):
            with open(os.environ["QTUNE_TEST_CALLS"], "a") as file:
                file.write(repr(where) + "\\n")
            raise OSError("no network in this test")
        return real(*given, **named)
    return call
socket.getaddrinfo = guarded(socket.getaddrinfo, 0)
"""
CONNECT = """\
class Near(socket.socket):
    connect = guarded(socket.socket.connect, 1)
    connect_ex = guarded(socket.socket.connect_ex, 1)
socket.socket = Near
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes of the job: the measure for all others."""
    folder = tmp_path_factory.mktemp("alone")
    assert run_forked(_job(folder, ALL), folder).code == 0
    return folder / "run"


def _job(folder: Path, *overrides: str) -> Job:
    cache = folder.parent / "cache"
    return make_job(folder / "run", cache, *STEPS, *HELD_OUT, *overrides)


def _surroundings(folder: Path, more: str = "") -> dict[str, str]:
    # As qtune itself does where there is one machine; here also for two that are none.
    given = environ(folder, GLOO_SOCKET_IFNAME="lo0" if sys.platform == "darwin" else "lo")
    (folder / "site" / "sitecustomize.py").write_text(LOOPBACK + CONNECT + more)
    return given


def _run(
    job: Job, folder: Path, many: Gang, at: Any = None, more: str = ""
) -> tuple[Ended, list[Event]]:
    """`at` is called with each step as it is told, and with the folder of the ranks' notes."""
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        if at is not None and isinstance(event, Step):
            (notes,) = folder.glob("tmp/qtune-job-*")
            at(event.step, notes)

    (folder / "tmp").mkdir(exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder / "tmp")
    try:
        return launch(job, _surroundings(folder, more), tell, gang=many), events
    finally:
        tempfile.tempdir = before


def _pid(notes: Path, rank: int) -> int:
    return int((notes / f"rank-{rank}.pid").read_text())


def _losses(run: Path) -> dict[int, float]:
    return {int(line["step"]): line["loss"] for line in metrics(run) if "loss" in line}


def _held_out(run: Path) -> dict[int, float]:
    return {int(line["step"]): line["eval_loss"] for line in metrics(run) if "eval_loss" in line}


def _goes_on_from(alone: Path, run: Path, step: int) -> None:
    """As if the run alone had been killed behind this checkpoint."""
    shutil.copytree(alone, run)
    for folder in run.glob("checkpoint-*"):
        if int(folder.name.split("-")[1]) > step:
            shutil.rmtree(folder)
    record = run / "record.json"
    record.write_text(record.read_text().replace('"finished"', '"training"'))


def _same(run: Path, alone: Path) -> None:
    assert _losses(run) == pytest.approx(_losses(alone), rel=1e-5)
    assert set(_held_out(run)) == {2, 4, 6}
    assert _held_out(run) == pytest.approx(_held_out(alone), rel=1e-5)
    learnt, expected = (load_file(r / "adapter_model.safetensors") for r in (run, alone))
    assert learnt.keys() == expected.keys()
    for name, weight in expected.items():
        torch.testing.assert_close(learnt[name], weight, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_a_signal_saves_once_and_one_goes_on(
    tmp_path: Path, alone: Path
) -> None:
    def stop(step: int, notes: Path) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGTERM)
            for rank in (0, 1):  # as Slurm does, which signals every process of the job
                os.kill(_pid(notes, rank), signal.SIGTERM)

    job = _job(tmp_path, ALL)
    ended, events = _run(job, tmp_path, Gang(2), stop)
    assert (ended.code, ended.error, ended.traceback) == (143, None, "")
    assert "8 rows a step, dealt out to 2 processes" in [
        event.text.en for event in events if isinstance(event, Log)
    ]
    told = [event for event in events if isinstance(event, Step)]
    assert [event.step for event in told] == sorted(_losses(job.config.output_dir))  # each once
    assert sum(isinstance(event, Started) for event in events) == 1
    last = told[-1].step
    assert last < 6
    saved = [event.step for event in events if isinstance(event, Saved)]
    assert saved == [2, last]
    tokens = {int(line["step"]): line["tokens"] for line in metrics(alone) if "tokens" in line}
    assert [event.tokens for event in told] == [tokens[event.step] for event in told]
    assert not (tmp_path / "calls.txt").exists()

    outcome = run_forked(job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    assert f"resuming from checkpoint-{last}" in outcome.logs()
    _same(job.config.output_dir, alone)


@pytest.mark.slow
def test_four_processes_go_on_where_one_was_and_end_with_the_one_that_is_killed(
    tmp_path: Path, alone: Path
) -> None:
    job = _job(tmp_path, ALL)
    run = job.config.output_dir
    _goes_on_from(alone, run, 2)
    pids: list[int] = []

    def kill(step: int, notes: Path) -> None:
        if step == 4:
            pids.extend(_pid(notes, rank) for rank in range(4))
            os.kill(pids[3], signal.SIGKILL)

    ended, events = _run(job, tmp_path, Gang(4), kill)
    assert ended.code == 1
    assert ended.error is not None and ended.error.code == "TRN041"
    assert "rank 3 of 4: signal SIGKILL" in ended.error.message.en
    assert [event.code for event in events if isinstance(event, Failed)] == ["TRN041"]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    seen = {event.step: event.loss for event in events if isinstance(event, Step)}
    assert min(seen) == 3 and max(seen) >= 4
    assert seen == pytest.approx({step: _losses(alone)[step] for step in seen}, rel=1e-5)


@pytest.mark.slow
def test_a_model_spread_by_fsdp_goes_on_where_one_process_was_and_one_goes_on_after_it(
    tmp_path: Path, alone: Path
) -> None:
    job = _job(tmp_path, ALL)
    run = job.config.output_dir
    _goes_on_from(alone, run, 2)
    spread = replace(job, config=replace(job.config, distributed="fsdp"))

    def stop(step: int, notes: Path) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    ended, events = _run(spread, tmp_path, Gang(2), stop)
    assert (ended.code, ended.error, ended.traceback) == (130, None, "")
    assert any(
        isinstance(event, Log) and "FSDP gathers the head" in event.text.en for event in events
    )
    last = max(event.step for event in events if isinstance(event, Saved))
    names = {path.name for path in (run / f"checkpoint-{last}").iterdir()}
    assert {"adapter_model.safetensors", "optimizer.pt", "scheduler.pt"} <= names
    assert not [name for name in names if name.endswith(".bin")]

    outcome = run_forked(job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    assert f"resuming from checkpoint-{last}" in outcome.logs()
    _same(run, alone)


@pytest.mark.slow
@pytest.mark.triggers("TRN081")
def test_of_two_machines_each_says_what_it_knows_of_an_end(tmp_path: Path, alone: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    job = _job(tmp_path, ALL)
    (tmp_path / "tmp").mkdir()
    given = _surroundings(tmp_path)
    machines: dict[int, tuple[Ended, list[Event]]] = {}

    def machine(node: int) -> None:
        events: list[Event] = []

        def tell(event: Event) -> None:
            events.append(event)
            if isinstance(event, Step) and event.step == 2:
                (pid,) = (tmp_path / "tmp").glob("qtune-job-*/rank-1.pid")
                os.kill(int(pid.read_text()), signal.SIGKILL)

        ended = launch(job, given, tell, gang=Gang(1, 2, node, endpoint))
        machines[node] = (ended, events)

    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path / "tmp")
    try:
        both = [threading.Thread(target=machine, args=(node,)) for node in (0, 1)]
        for one in both:
            one.start()
        for one in both:
            one.join(timeout=150)
    finally:
        tempfile.tempdir = before
    (first, told), (second, silent) = machines[0], machines[1]
    assert second.error is not None and second.error.code == "TRN041"
    assert "rank 1 of 2" in second.error.message.en
    assert [type(event) for event in silent] == [Failed]  # rank 0 alone speaks
    assert first.error is not None and first.error.code == "TRN081"
    assert "2 processes on 2 machines, over gloo" in [
        event.text.en for event in told if isinstance(event, Log)
    ]
    seen = {event.step: event.loss for event in told if isinstance(event, Step)}
    assert seen == pytest.approx({step: _losses(alone)[step] for step in seen}, rel=1e-5)


@pytest.mark.slow
@pytest.mark.spares("TRN081")
def test_the_error_of_a_rank_is_the_error_of_the_run(tmp_path: Path) -> None:
    """Rank 0 waits inside torch for a rank that never comes: there it hears no signal."""
    broken = "\nimport sys\nif os.environ.get('RANK') == '1': sys.modules['peft'] = None\n"
    ended, events = _run(_job(tmp_path), tmp_path, Gang(2), more=broken)
    assert ended.code == 1
    assert ended.error is not None and ended.error.code == "TRN040"
    assert ended.error.message.en.endswith("(rank 1 of 2)")
    assert [type(event) for event in events] == [Failed]


# --- which ending counts ---


def _noted(folder: Path, *ends: tuple[int, int, Failed | Crashed | None, float]) -> None:
    for rank, code, ending, at in ends:
        endings.note(folder, rank, code, ending)
        path = folder / f"rank-{rank}.json"
        text = path.read_text()
        start = text.index('"at": ')
        path.write_text(text[:start] + f'"at": {at}}}')


def _failed(code: str) -> Failed:
    from qtune.train.causes import failure

    error = failure(code)
    return Failed(error.code, error.message, error.fix)


def test_the_first_error_that_follows_from_no_other_is_the_runs(tmp_path: Path) -> None:
    _noted(
        tmp_path,
        (0, 1, _failed("TRN081"), 10.0),
        (1, 1, _failed("TRN020"), 10.2),
        (2, 3, Crashed("Traceback: broken pipe"), 10.4),
    )
    code, ending = endings.verdict(tmp_path, Gang(3))
    assert (code, isinstance(ending, Failed) and ending.code) == (1, "TRN020")


def test_a_killed_rank_counts_before_the_bugs_it_brings_about(tmp_path: Path) -> None:
    _noted(tmp_path, (0, 3, Crashed("Traceback"), 10.0))
    endings.note_deaths(tmp_path, [Death(0, 3, 11), Death(1, -9, 11)])
    code, ending = endings.verdict(tmp_path, Gang(2))
    assert (code, isinstance(ending, Failed) and ending.code) == (1, "TRN041")


def test_an_error_before_a_death_is_the_cause_of_it(tmp_path: Path) -> None:
    _noted(tmp_path, (0, 1, _failed("TRN023"), 10.0))
    endings.note_deaths(tmp_path, [Death(1, -9, 16)])
    _, ending = endings.verdict(tmp_path, Gang(2))
    assert isinstance(ending, Failed) and ending.code == "TRN023"


def test_a_rank_that_died_of_another_signal_is_told_with_it(tmp_path: Path) -> None:
    _noted(tmp_path, (0, 1, _failed("TRN081"), 10.0))
    endings.note_deaths(tmp_path, [Death(1, -11, 11)])
    _, ending = endings.verdict(tmp_path, Gang(2))
    assert isinstance(ending, Failed) and ending.code == "TRN042"
    assert "rank 1 of 2: signal SIGSEGV" in ending.message.en


def test_a_bug_of_a_rank_is_told_with_the_rank(tmp_path: Path) -> None:
    _noted(tmp_path, (0, 143, None, 11.0), (1, 3, Crashed("Traceback"), 10.0))
    assert endings.verdict(tmp_path, Gang(2)) == (3, Crashed("rank 1 of 2\nTraceback"))


def test_ranks_that_were_stopped_or_done_have_no_error(tmp_path: Path) -> None:
    _noted(tmp_path, (0, 143, None, 10.0), (1, 143, None, 10.0))
    assert endings.verdict(tmp_path, Gang(2)) == (143, None)
    (tmp_path / "rank-9.json").write_text("{")  # torn
    _noted(tmp_path, (0, 0, None, 10.0), (1, 0, None, 10.0))
    assert endings.verdict(tmp_path, Gang(2)) == (0, None)


# --- who gets what ---


@pytest.mark.parametrize(
    ("micro", "accumulation", "ranks", "expected"),
    [
        (1, 8, 1, (1, 8)),
        (1, 8, 2, (1, 4)),
        (2, 4, 8, (1, 1)),
        (8, 1, 4, (2, 1)),
        (3, 4, 6, (1, 2)),
        (4, 3, 6, (2, 1)),
        (1, 8, 3, (1, 3)),  # cannot be divided: nine rows
    ],
)
def test_a_batch_is_divided_without_changing_it_where_that_can_be(
    micro: int, accumulation: int, ranks: int, expected: tuple[int, int]
) -> None:
    assert gang.share(micro, accumulation, ranks) == expected


def test_the_steps_of_sft_stay_and_a_librarys_own_are_warned_of(tmp_path: Path) -> None:
    config = make_job(tmp_path / "run", tmp_path).config  # eight rows a step
    assert gang.effective(config, 3) == 8
    assert gang.batch(config, 3)[1] == "info"
    theirs = replace(config, method="dpo")
    assert gang.effective(theirs, 2) == 8
    told, level = gang.batch(theirs, 3)
    assert (gang.effective(theirs, 3), level) == (24, "warning")
    assert "24 rows a step" in told.en and "the config says 8" in told.en


def test_another_launchers_environment_is_not_taken_for_ours(tmp_path: Path) -> None:
    given = {
        "RANK": "3",
        "WORLD_SIZE": "4",
        "MASTER_ADDR": "pod",
        "TORCHELASTIC_RUN_ID": "x",
        "A": "b",
    }
    assert gang.environment(Gang(), given) == {"A": "b"}
    assert "RANK" not in gang.environment(Gang(2), given)


def test_the_processors_are_divided_among_the_ranks() -> None:
    assert gang.environment(Gang(1000), {})["OMP_NUM_THREADS"] == "1"
    assert gang.environment(Gang(2), {"OMP_NUM_THREADS": "7"})["OMP_NUM_THREADS"] == "7"
    assert "OMP_NUM_THREADS" not in gang.environment(Gang(), {})


def test_machines_meet_where_they_are_told_and_one_alone_on_loopback(tmp_path: Path) -> None:
    here = gang.command(Gang(4), tmp_path / "job.json", tmp_path)
    assert {"--nproc-per-node=4", "--standalone", "--local-addr=127.0.0.1"} <= set(here)
    numbered = gang.command(Gang(8, 2, 1, "a:29500"), tmp_path / "job.json", tmp_path)
    assert {"--nnodes=2", "--node-rank=1", "--rdzv-endpoint=a:29500"} <= set(numbered)
    assert "--rdzv-backend=static" in numbered
    agreed = gang.command(Gang(8, 2, None, "a:29500"), tmp_path / "job.json", tmp_path)
    assert "--rdzv-backend=c10d" in agreed
    assert "qtune.train.agent" not in gang.command(Gang(), tmp_path / "job.json", tmp_path)


@pytest.mark.triggers("TRN080")
def test_machines_that_cannot_meet_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("TORCHELASTIC_SIGNALS_TO_HANDLE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(key, os.environ.get(key, "1"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        given = gang.command(Gang(1, 2, 0, endpoint), tmp_path / "job.json", tmp_path)
        start = given.index(str(tmp_path)) + 1
        assert agent._run(given[start:], tmp_path) == 1
    _, ending = endings.verdict(tmp_path, Gang(1, 2, 0, endpoint))
    assert isinstance(ending, Failed) and ending.code == "TRN080"


@pytest.mark.triggers("TRN083")
def test_more_processes_than_gpus_are_an_error() -> None:
    with pytest.raises(TrainError) as caught:
        distributed._take_card(0, torch.cuda.device_count() + 1, lambda event: None)
    assert caught.value.code == "TRN083"


@pytest.mark.parametrize("size", [2, 3, 4])
def test_each_held_out_row_counts_once_whatever_the_number_of_ranks(size: int) -> None:
    rows = [{"input_ids": [n], "labels": [n]} for n in range(17)]
    batches = [list(range(17))[start : start + 8] for start in (0, 8, 16)]
    dealt = [list(Dealt(batches, rank, size)) for rank in range(size)]
    assert {len(each) for each in dealt} == {len(Dealt(batches, 0, size))}
    seen = [Blanks(rows)[index]["labels"][0] for each in dealt for batch in each for index in batch]
    assert sorted(label for label in seen if label != -100) == list(range(17))


def test_what_fsdp_lacks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(tmp_path / "run", tmp_path)
    spread = replace(job, config=replace(job.config, distributed="fsdp"))
    told: list[Event] = []
    assert distributed.arranged(spread, told.append) == spread
    assert [event.level for event in told if isinstance(event, Log)] == ["warning"]

    monkeypatch.setattr(distributed, "_HERE", World(0, 0, 2, 2))
    made = distributed.arranged(spread, told.append).config.training
    assert made["fsdp"] is True
    best = {**job.config.training, "load_best_model_at_end": True}
    wants = replace(spread, config=replace(spread.config, training=best))
    with pytest.raises(TrainError, match="load_best_model_at_end"):
        distributed.arranged(wants, told.append)
    assert distributed.arranged(job, told.append).config.training.get("fsdp") is None


# --- keeping step, with ranks that are threads ---


def _ranks(count: int, of: int = 1) -> list[World]:
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    return [World(rank, rank % of, count, of, store) for rank in range(count)]


def _together(ranks: list[World], work: Any) -> list[BaseException | None]:
    errors: list[BaseException | None] = [None] * len(ranks)

    def one(world: World) -> None:
        try:
            work(world)
        except BaseException as error:
            errors[world.rank] = error

    threads = [threading.Thread(target=one, args=(world,)) for world in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors


def test_the_first_of_each_machine_goes_first_and_then_the_others() -> None:
    order: list[tuple[str, int]] = []

    def work(world: World) -> None:
        with world.first(on_each_machine=True):
            order.append(("machine", world.rank))
        with world.first():
            order.append(("all", world.rank))

    assert _together(_ranks(4, of=2), work) == [None] * 4
    machine = [rank for kind, rank in order if kind == "machine"]
    assert machine.index(0) < machine.index(1) and machine.index(2) < machine.index(3)
    assert next(rank for kind, rank in order if kind == "all") == 0
    assert len(order) == 8


@pytest.mark.triggers("TRN081")
def test_who_waits_for_a_rank_that_gave_up_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = _ranks(2)

    def work(world: World) -> None:
        with world.first():
            if world.leads:
                raise MemoryError

    monkeypatch.setattr(distributed, "_HERE", ranks[0])

    def one(world: World) -> None:
        try:
            work(world)
        except MemoryError:
            distributed.give_up()
            raise

    first, second = _together(ranks, one)
    assert isinstance(first, MemoryError)
    assert isinstance(second, TrainError) and second.code == "TRN081"


@pytest.mark.spares("TRN080", "TRN082", "TRN083")
def test_the_run_directory_is_claimed_once_for_all(tmp_path: Path) -> None:
    def work(world: World) -> None:
        with world.claim(tmp_path / "run"):
            pass

    assert _together(_ranks(3), work) == [None] * 3
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


@pytest.mark.triggers("TRN082")
def test_machines_with_a_run_directory_each_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "APPEARS_S", 0.2)

    def work(world: World) -> None:
        try:
            with world.claim(tmp_path / f"run-{world.rank}"):
                pass
        except TrainError:
            world.store.set("qtune/found/all", "1")  # where torchrun would end the other
            raise

    (tmp_path / "run-1").mkdir()
    (tmp_path / "run-1" / world.BEACON).write_text("of another run")
    first, second = _together(_ranks(2), work)
    assert first is None
    assert isinstance(second, TrainError) and second.code == "TRN082"
    assert str(tmp_path / "run-1") in second.message.en
