"""What a step of qtune takes beside its arithmetic: `python -m bench.train.overhead [--steps 50] [--rounds 7]`.

A loop written by hand does the same forward pass, backward pass, clipping and optimizer step on the same
micro-batches, without logs, checks, callbacks, checkpoints or a schedule of anything. Both in turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import warnings
from pathlib import Path

import torch

from bench.train import rivals, subject


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory(prefix="qtune-bench-") as name:
        model = subject.build(Path(name) / "model")
        rows = rivals.texts(model, subject.even(Path(name) / "even.jsonl"))
        runs: list[tuple[rivals.Outcome, rivals.Outcome]] = []
        rivals.by_hand(model, rows, 10)
        for _ in range(given.rounds):
            hand = rivals.by_hand(model, rows, given.steps)
            runs.append((hand, rivals.qtune(model, rows, given.steps)))
    print("| | by hand | qtune | more |")
    print("|---|---:|---:|---:|")
    for what, key in (("ms a step, clock", "seconds"), ("ms a step, processor", "busy")):
        hand_ms, ours_ms = (
            1e3 * statistics.median(getattr(run[side], key) for run in runs) / given.steps
            for side in (0, 1)
        )
        more = statistics.median(getattr(b, key) / getattr(a, key) - 1 for a, b in runs)
        print(f"| {what} | {hand_ms:.1f} | {ours_ms:.1f} | {100 * more:+.1f} % |")
    print(f"| mean loss | {runs[0][0].loss:.4f} | {runs[0][1].loss:.4f} | |")


if __name__ == "__main__":
    main()
