"""The hash behind the bytes: in any order, by many threads, judged once, begun anew, stopped."""

from __future__ import annotations

import hashlib
import queue
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qtune.core.download.digest import Digests
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.verifier import Verifier
from tests.core.download.engine.making import content, cuts, job_of

MIB = 1 << 20


class Judged:
    """A verifier, and what it said."""

    def __init__(self) -> None:
        self.verdicts: queue.Queue[tuple[Job, Digests]] = queue.Queue()
        self.failures: queue.Queue[BaseException] = queue.Queue()
        self.then: Callable[[Job], None] = lambda job: None
        self.verifier = Verifier(self._judge, self.failures.put)

    def _judge(self, job: Job, digests: Digests) -> None:
        self.then(job)
        self.verdicts.put((job, digests))

    def next(self) -> tuple[Job, Digests]:
        return self.verdicts.get(timeout=60)

    def end(self) -> None:
        self.verifier.end(10)
        assert not any(thread.is_alive() for thread in self.verifier._threads)


@pytest.fixture
def judged() -> Iterator[Judged]:
    made = Judged()
    yield made
    made.end()


def come(judged: Judged, job: Job, data: bytes, start: int, end: int) -> None:
    """As a connection does it."""
    job.part.write(start, memoryview(data)[start:end], "hf")
    judged.verifier.look(job, whole=False)
    with job.part.lock:
        job.complete = job.part.done.total == len(data)
    judged.verifier.look(job, whole=job.part.frontier == len(data))


@pytest.mark.parametrize("seed", range(4))
def test_bytes_in_any_order_from_many_threads_are_judged_once_and_rightly(
    tmp_path: Path, judged: Judged, seed: int
) -> None:
    sizes = [1, 70_000, MIB, MIB + 1, 9 * MIB + 7]
    contents = [content(size, size) for size in sizes]
    jobs = [job_of(tmp_path, data) for data in contents]
    todo: queue.SimpleQueue[tuple[int, int, int]] = queue.SimpleQueue()
    stretches = [
        (number, start, end)
        for number, data in enumerate(contents)
        for start, end in cuts(len(data), 30 if len(data) > 1 else 1, seed)
    ]
    random.Random(seed).shuffle(stretches)
    for job in jobs:
        job.part.open()
    for stretch in stretches:
        todo.put(stretch)

    def work() -> None:
        while True:
            try:
                number, start, end = todo.get_nowait()
            except queue.Empty:
                return
            come(judged, jobs[number], contents[number], start, end)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = dict(judged.next() for _ in jobs)
    for job, data in zip(jobs, contents, strict=True):
        assert found[job].sha256 == hashlib.sha256(data).hexdigest()
        assert judged.verifier.position(job) == len(data)
        for whole in (True, False):
            judged.verifier.look(job, whole)
        job.part.close()
    judged.end()
    assert judged.verdicts.empty() and judged.failures.empty()


def test_it_begins_before_the_file_is_whole(tmp_path: Path, judged: Judged) -> None:
    data = content(6 * MIB)
    job = job_of(tmp_path, data)
    job.part.open()
    come(judged, job, data, 0, 5 * MIB)
    waits = threading.Event()
    for _ in range(3000):
        if judged.verifier.position(job) == 5 * MIB:
            break
        waits.wait(0.01)
    assert judged.verifier.position(job) == 5 * MIB and judged.verdicts.empty()
    come(judged, job, data, 5 * MIB, 6 * MIB)
    assert judged.next()[1].sha256 == hashlib.sha256(data).hexdigest()
    job.part.close()


def test_a_file_that_was_wrong_is_hashed_again_from_its_start(
    tmp_path: Path, judged: Judged
) -> None:
    data = content(3 * MIB)
    wrong = data[:MIB] + bytes(100) + data[MIB + 100 :]
    job = job_of(tmp_path, data)
    job.part.open()

    def anew(judging: Job) -> None:
        if judged.verdicts.empty():
            judging.part.forget(MIB, MIB + 100)
            judged.verifier.start_over(judging)
            judging.complete = False

    judged.then = anew
    come(judged, job, wrong, 0, 3 * MIB)
    assert judged.next()[1].sha256 == hashlib.sha256(wrong).hexdigest()
    judged.then = lambda job: None
    assert judged.verifier.position(job) == 0
    come(judged, job, data, MIB, MIB + 100)
    assert judged.next()[1].sha256 == hashlib.sha256(data).hexdigest()
    judged.end()
    assert judged.verdicts.empty() and judged.failures.empty()
    job.part.close()


def test_who_looks_late_at_a_file_that_is_begun_anew_brings_no_verdict_about_half_of_it(
    tmp_path: Path, judged: Judged
) -> None:
    """The connection before the last looks only now, while the file's bytes are thrown away."""
    data = content(6 * MIB)
    job = job_of(tmp_path, data)
    job.part.open()
    looked = threading.Event()

    def anew(judging: Job) -> None:
        judging.part.forget(5 * MIB, 6 * MIB)
        judged.verifier.start_over(judging)
        judged.verifier.look(judging, whole=True)
        judged.verifier.look(judging, whole=False)
        judging.complete = False
        looked.set()
        judged.then = lambda job: None

    judged.then = anew
    come(judged, job, data, 0, 6 * MIB)
    assert looked.wait(60)
    judged.next()
    come(judged, job, data, 5 * MIB, 6 * MIB)
    assert judged.next()[1].sha256 == hashlib.sha256(data).hexdigest()
    judged.end()
    assert judged.verdicts.empty() and judged.failures.empty()
    job.part.close()


def test_what_the_judge_raises_is_told_and_the_next_file_is_judged(
    tmp_path: Path, judged: Judged
) -> None:
    def raises(job: Job) -> None:
        raise KeyboardInterrupt

    judged.then = raises
    for number in range(6):
        data = content(1000, number)
        job = job_of(tmp_path, data)
        job.part.open()
        come(judged, job, data, 0, 1000)
        assert isinstance(judged.failures.get(timeout=60), KeyboardInterrupt)
        job.part.close()
    judged.then = lambda job: None
    data = content(1000, 99)
    job = job_of(tmp_path, data)
    job.part.open()
    come(judged, job, data, 0, 1000)
    assert judged.next()[0] is job
    job.part.close()


def test_a_file_that_became_shorter_under_its_feet_is_told(tmp_path: Path, judged: Judged) -> None:
    data = content(5 * MIB)
    job = job_of(tmp_path, data)
    job.part.open()
    job.part.write(0, memoryview(data), "hf")
    with job.part.path.open("r+b") as stream:
        stream.truncate(2 * MIB)
    job.complete = True
    judged.verifier.look(job, whole=True)
    failure = judged.failures.get(timeout=60)
    assert isinstance(failure, OSError) and "shorter" in str(failure)
    job.part.close()


def test_stopped_in_the_middle_nothing_is_judged(tmp_path: Path) -> None:
    data = content(8 * MIB)
    jobs = [job_of(tmp_path, data[: size * MIB]) for size in (5, 6, 7, 8)]
    judged = Judged()
    entered, ended = threading.Event(), threading.Event()
    first = jobs[0]

    def slow(job: Job) -> None:
        entered.set()
        ended.wait(60)

    judged.then = slow
    for job in jobs:
        job.part.open()
        job.part.write(0, memoryview(data)[: job.file.size], "hf")
        job.complete = True
    judged.verifier.look(first, whole=True)
    assert entered.wait(60)
    judged.verifier.end(0.01)
    for job in jobs[1:]:
        judged.verifier.look(job, whole=True)
    ended.set()
    judged.end()
    assert [judged.next()[0]] == [first] and judged.verdicts.empty()
    for job in jobs:
        job.part.close()
