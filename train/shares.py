"""How often each row is seen, and which are kept out of training: by weight, share and seed, and always the same."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from qtune.core.data.digest import digest
from qtune.core.runconfig import RunConfig
from qtune.train import data
from qtune.train.causes import failure
from qtune.train.data import BadRow, Row, Rows, Seen


@dataclass(frozen=True)
class Shares:
    """`evaluation` None: nothing is evaluated. The unusable rows of both are in the `bad` of theirs."""

    train: Rows
    evaluation: Rows | None = None


def shares(config: RunConfig) -> Shares:
    """The rows of a run. Raises TrainError for files and rows that cannot be trained on."""
    seed, method = seed_of(config), config.method
    kept: list[Row] = []
    apart: list[Row] = []
    bad: list[BadRow] = []
    most_bad = config.max_unusable
    found = [data.read([source], method, most_bad) for source in config.data]
    share = 0.0 if config.eval_data else config.eval_share
    limit = _limit(found, share, seed) if share else None
    for index, (source, rows) in enumerate(zip(config.data, found, strict=True)):
        bad += rows.bad
        usable = rows.usable
        if limit is not None:
            usable, out = divided(usable, limit, seed)
            apart += out
        kept += weighted(usable, source.weight, f"{seed}:{index}")
    data.judge(Seen(tuple(len(rows.usable) for rows in found), tuple(bad)), most_bad)
    train = Rows(tuple(kept), tuple(bad))
    if config.eval_data:
        judged = data.read(config.eval_data, method, most_bad)
        data.judge(judged, most_bad)
        return Shares(train, judged)
    if limit is None:
        return Shares(train)
    if not kept or not apart:
        raise failure("TRN056")
    return Shares(train, Rows(tuple(apart), ()))


def seed_of(config: RunConfig) -> int:
    seed = config.training.get("data_seed") or config.training.get("seed", 42)
    return seed if isinstance(seed, int) else 42


def weighted(rows: Sequence[Row], weight: float, seed: str) -> Sequence[Row]:
    """2.3 is each row twice, and three tenths of them, drawn by seed, once more; 0.3 is three tenths."""
    whole, part = math.floor(weight), _part(len(rows), weight)
    if not part:
        return rows if whole == 1 else [row for row in rows for _ in range(whole)]
    drawn = set(random.Random(seed).sample(range(len(rows)), part))
    return [row for i, row in enumerate(rows) for _ in range(whole + (i in drawn))]


def times(count: int, weight: float) -> int:
    """How many rows `weighted` makes of so many."""
    return math.floor(weight) * count + _part(count, weight)


def _part(count: int, weight: float) -> int:
    """The rows that are drawn once more; of a source that is named, at least one is seen."""
    part = round(weight % 1 * count)
    return part if weight >= 1 else max(part, min(count, 1))


def trained(config: RunConfig, seen: Seen) -> int:
    """About how many rows are trained on, where they were only counted."""
    share = 0.0 if config.eval_data else config.eval_share
    left = [round(count * (1 - share)) for count in seen.sources]
    return sum(times(count, source.weight) for count, source in zip(left, config.data, strict=True))


def divided(rows: Sequence[Row], limit: bytes, seed: int) -> tuple[list[Row], list[Row]]:
    """(to train on, to evaluate on). Rows that say the same fall on the same side."""
    sides: tuple[list[Row], list[Row]] = ([], [])
    key = key_of(seed)
    for row in rows:
        sides[digest(row.value, key) <= limit].append(row)
    return sides


def key_of(seed: int) -> bytes:
    return hashlib.sha256(f"eval {seed}".encode()).digest()


def _limit(found: Sequence[Rows], share: float, seed: int) -> bytes:
    """The rows whose digests come first, until there are enough of them: a share of the rows, not of the
    different ones, and exact save for repetitions."""
    key = key_of(seed)
    digests = sorted(digest(row.value, key) for rows in found for row in rows.usable)
    wanted = max(1, round(share * len(digests)))
    return digests[min(wanted, len(digests)) - 1] if digests else b""
