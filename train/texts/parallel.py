"""Many rows are made into tokens by several processes at once; the result is the same, in the same order.

The processes are started fresh and import no torch. A few thousand rows are done before they would have
begun; and a tokenizer that cannot be handed to another process is used in this one.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Value
from qtune.train.texts.making import BATCH, Made, Recipe, make

PAYS = 30_000  # rows; a process takes two seconds to begin, a row a quarter of a millisecond
MOST = 16  # processes
AHEAD = 3  # batches that wait for each process

_own: tuple[Any, Recipe] | None = None  # of a process that was started below


def made(
    tokenizer: Any,
    recipe: Recipe,
    values: Iterable[Value],
    expected: int,
    processes: int | None = None,
) -> Iterator[Made | Unusable]:
    """As making.make, for about as many values as `expected`.

    `processes` are as many as there are cores, unless they are named.
    """
    count = min(_cores(), MOST, expected // (PAYS // 4)) if processes is None else processes
    if count < 2 or (processes is None and expected < PAYS):
        return make(tokenizer, recipe, values)
    try:
        handed = pickle.dumps((tokenizer, recipe))
        pickle.loads(handed)
    except Exception:  # a tokenizer's own code decides what it raises
        return make(tokenizer, recipe, values)
    return _by_processes(handed, values, count)


def _by_processes(handed: bytes, values: Iterable[Value], count: int) -> Iterator[Made | Unusable]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    pool = ProcessPoolExecutor(count, context, initializer=_begin, initargs=(handed,))
    waiting: deque[Future[list[Made | Unusable]]] = deque()
    rest = iter(values)
    try:
        while True:
            while len(waiting) < AHEAD * count and (batch := list(islice(rest, BATCH))):
                waiting.append(pool.submit(_batch, batch))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(handed: bytes) -> None:
    global _own
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # every core has a process already
    _own = pickle.loads(handed)


def _batch(values: list[Value]) -> list[Made | Unusable]:
    assert _own is not None
    tokenizer, recipe = _own
    return list(make(tokenizer, recipe, values))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
