"""A body that goes on behind its piece, of which another takes a part while it is being read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from qtune.core.download.engine.lane import Lane
from qtune.core.wire.connection import Connection
from tests.core.download.engine import test_blame
from tests.core.download.engine.test_blame import DATA, SIZE, World, world

tiny = test_blame.tiny


class Body:
    """All of the file's bytes; the other source takes what it can after the first of them were read."""

    def __init__(self, made: World) -> None:
        self.made, self.position = made, 0

    @property
    def left(self) -> int:
        return SIZE - self.position

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        first = not self.position
        count = min(len(view), self.left)
        view[:count] = DATA[self.position : self.position + count]
        self.position += count
        if first:
            run, job = self.made.run, self.made.job
            end, held = job.pieces[0].end, []
            while job.pieces[0].end == end:
                taken = run.take(run.outlets[1], 1.0)
                assert taken is not None
                held.append(taken)
            for taken in held:
                at, granted = run.board.claim(taken, taken.left // 2)
                run.written(run.outlets[1], job, at, memoryview(DATA)[at : at + granted])
                run.board.give_back(taken)
        return count


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


@pytest.mark.usefixtures("tiny")
def test_each_byte_of_it_comes_to_lie_in_its_place(tmp_path: Path, client: httpx.Client) -> None:
    made = world(tmp_path, client, [(), ()])
    run, outlet = made.run, made.run.outlets[0]
    outlet.whole = True  # as its answer to the request for this piece told
    try:
        piece = run.board.take(outlet.name, run.may(outlet), 1)
        assert piece is not None and not piece.whole
        end = piece.end
        piece.speed = 1.0
        lane, body = Lane(run, outlet, 1), Body(made)
        lane._pour(cast("Connection", body), piece)
        assert piece.end != end and body.position > end, "it was taken from, and went on"
        job = made.job
        view = memoryview(bytearray(SIZE))
        for stretch in job.part.done:
            job.part.read(stretch.start, view[stretch.start : stretch.end])
            assert view[stretch.start : stretch.end] == DATA[stretch.start : stretch.end]
    finally:
        run.line.cut()
        run.judging.verifier.end(10)
        made.job.part.close()
