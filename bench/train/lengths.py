"""Samples a second on rows of even and of mixed length, beside a plain Trainer: `python -m bench.train.lengths`.

    python -m bench.train.lengths [--steps 50] [--rounds 5] [--threads 2] [even mixed]

Both run in this process, one after the other in turns, on the same rows in the same order; the loss must be
equal. Of the rounds the median is told, and the ratio of the processor times, which other work on the
machine disturbs less than the clock.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import warnings
from pathlib import Path

import torch

from bench.train import rivals, subject
from bench.train.trainers import BATCH

SETS = {"even": subject.even, "mixed": subject.mixed}
RUNNERS: dict[str, rivals.Runner] = {"plain Trainer": rivals.plain, "qtune": rivals.qtune}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(given.threads)
    print("| rows | trainer | mean loss | samples/s | processor s | faster (clock, processor) |")
    print("|---|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory(prefix="qtune-bench-") as name:
        model = subject.build(Path(name) / "model")
        for which in given.sets:
            rows = rivals.texts(model, SETS[which](Path(name) / f"{which}.jsonl"))
            _compare(which, RUNNERS, model, rows, given.steps, given.rounds)


def _compare(
    which: str,
    runners: dict[str, rivals.Runner],
    model: Path,
    rows: list[dict[str, list[int]]],
    steps: int,
    rounds: int,
) -> None:
    runs: dict[str, list[rivals.Outcome]] = {name: [] for name in runners}
    for runner in runners.values():
        runner(model, rows, 10)  # the first steps of a process are slower
    for number in range(rounds):
        names = list(runners) if number % 2 else list(reversed(runners))
        for name in names:
            runs[name].append(runners[name](model, rows, steps))
    first = next(iter(runs))
    slow = [statistics.median(getattr(run, key) for run in runs[first]) for key in KEYS]
    for name, made in runs.items():
        mine = [statistics.median(getattr(run, key) for run in made) for key in KEYS]
        ratio = f"{slow[0] / mine[0]:.2f}, {slow[1] / mine[1]:.2f}"
        rate = BATCH * steps / mine[0]
        print(f"| {which} | {name} | {made[0].loss:.4f} | {rate:.1f} | {mine[1]:.2f} | {ratio} |")


KEYS = ("seconds", "busy")


if __name__ == "__main__":
    main()
