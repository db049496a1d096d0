"""Where this process stands among those that train together, and how they keep step.

Alone, everything below does nothing. A rank that is gone leaves nobody waiting: on its own machine torchrun
ends the others, and elsewhere the connection to it breaks, or its last word in the store is found.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from qtune.core.text import plain
from qtune.train import rundir
from qtune.train.causes import failure
from qtune.train.gang import PATIENCE_S

LOST = "qtune/lost"
BEACON = ".ranks"  # a file in the run directory, by which the ranks know that it is the same
APPEARS_S = 20.0  # how long a network file system may hide a fresh file
LOOKS_EVERY_S = 0.05


@dataclass
class World:
    """`rank` of `size`, and on this machine `local_rank` of `local_size`."""

    rank: int = 0
    local_rank: int = 0
    size: int = 1
    local_size: int = 1
    store: Any = None
    turns: int = 0

    @property
    def leads(self) -> bool:
        """Is this the rank that speaks, and writes into the run directory?"""
        return self.rank == 0

    @property
    def nodes(self) -> int:
        return self.size // self.local_size

    def meet(self) -> None:
        """Go on when every rank is here."""
        self.loudest(None)

    @contextmanager
    def first(self, *, on_each_machine: bool = False) -> Iterator[None]:
        """What is inside is done by rank 0 (of each machine), and then by the others.

        For what the first leaves behind and the others find: a cache, a built model. It may take hours.
        When it fails in the first, the others do not begin.
        """
        if self.size == 1:
            yield
            return
        self.turns += 1
        machine = self.rank // self.local_size if on_each_machine else 0
        done = f"qtune/first/{self.turns}/{machine}"
        if self.rank == (machine * self.local_size if on_each_machine else 0):
            yield
            self.store.set(done, "1")
        else:
            self._await(done)
            yield

    @contextmanager
    def claim(self, folder: Path) -> Iterator[None]:
        """Hold the run directory for all ranks; raises TrainError when it is not the same for all."""
        if self.size == 1:
            with rundir.claim(folder):
                yield
        elif self.leads:
            with rundir.claim(folder):
                beacon = folder / BEACON
                token = uuid4().hex
                beacon.write_text(token, encoding="ascii")
                self.store.set("qtune/claimed", token)
                try:
                    self._await("qtune/found/all")
                finally:
                    beacon.unlink(missing_ok=True)
                yield
        else:
            self._await("qtune/claimed")
            self._find(folder, self.store.get("qtune/claimed").decode())
            if self.store.add("qtune/found", 1) == self.size - 1:
                self.store.set("qtune/found/all", "1")
            yield

    def _find(self, folder: Path, token: str) -> None:
        end = time.monotonic() + APPEARS_S
        while time.monotonic() < end:
            try:
                if (folder / BEACON).read_text(encoding="ascii") == token:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(LOOKS_EVERY_S)
        raise failure("TRN082", plain(str(folder)))

    def loudest(self, number: int | None) -> int | None:
        """The largest of what each rank brings; None where all bring None. For once a step."""
        if self.size == 1:
            return number
        brought = torch.tensor(number or 0)
        torch.distributed.all_reduce(brought, op=torch.distributed.ReduceOp.MAX)
        return int(brought) or None

    def _await(self, key: str) -> None:
        # In short looks: during a wait inside the store no signal would be heard.
        end = time.monotonic() + PATIENCE_S
        while not self.store.check([key]):
            if self.store.check([LOST]) or time.monotonic() > end:
                raise failure("TRN081")
            time.sleep(LOOKS_EVERY_S)
