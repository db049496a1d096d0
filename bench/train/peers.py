"""qtune beside its peers: `python -m bench.train.peers VENVS [--rounds 3] [--threads 2] [even mixed]`.

VENVS is a folder with the environments llamafactory/, swift/ and trl/ (README.md says how to make them). All
of a round run one after the other, in an order that changes; medians count.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.train import subject
from bench.train.measure import Failed, Run, run
from bench.train.trainers import HERE, TRAINERS, Trainer

SETS = {"even": subject.even, "mixed": subject.mixed}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venvs", type=Path)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_intermixed_args()
    trainers = [t for t in TRAINERS if not t.venv or (given.venvs / t.venv).is_dir()]
    with tempfile.TemporaryDirectory(prefix="qtune-bench-") as name:
        folder = Path(name)
        model = subject.build(folder / "model")
        for which in given.sets:
            rows = SETS[which](folder / f"{which}.jsonl")
            runs: dict[str, list[Run]] = {trainer.name: [] for trainer in trainers}
            for number in range(given.rounds):
                order = random.Random(number).sample(trainers, len(trainers))
                for trainer in order:
                    made = _one(trainer, given.venvs, folder, model, rows, given.threads)
                    if made is not None:
                        runs[trainer.name].append(made)
            _table(which, runs)
    return 0


def _one(
    trainer: Trainer, venvs: Path, folder: Path, model: Path, rows: Path, threads: int
) -> Run | None:
    python = venvs / trainer.venv / "bin" / "python" if trainer.venv else HERE
    place = folder / "run"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    print(f"{trainer.name} …", file=sys.stderr, flush=True)
    try:
        return run(trainer.make(python, place, model, rows), place, threads)
    except Failed as failed:
        print(f"{trainer.name}: {failed}", file=sys.stderr)
        return None


def _table(which: str, runs: dict[str, list[Run]]) -> None:
    print(f"\n{which}\n")
    print("| trainer | mean loss | samples/s | first step s | whole s | peak MB |")
    print("|---|---|---|---|---|---|")
    for name, made in runs.items():
        if not made:
            print(f"| {name} | failed | | | | |")
            continue
        told = [
            f"{statistics.median(each.loss for each in made):.3f}",
            f"{statistics.median(each.rate for each in made):.1f}",
            f"{statistics.median(each.first_s for each in made):.1f}",
            f"{statistics.median(each.wall_s for each in made):.1f}",
            f"{statistics.median(each.peak for each in made) / 1e6:.0f}",
        ]
        print(f"| {name} | {' | '.join(told)} |")


if __name__ == "__main__":
    sys.exit(main())
