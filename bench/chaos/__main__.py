"""Downloads through chaos: `python -m bench.chaos [--seconds S] [--seed N] [--log FOLDER]`.

Faults come and go at random while clients are killed, interrupted and run again; each round must end in the right
tree, with nothing left behind and no secret let out. A failure names the seed and the last events: exit 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from bench.chaos.diary import Diary
from bench.chaos.storm import Broken, chaos


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, help="of the dice; the times are never quite the same")
    parser.add_argument("--log", type=Path, default=Path("chaos-logs"), metavar="FOLDER")
    chosen = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    path = chosen.log / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{seed}.log"
    with Diary(path) as diary:
        try:
            tally = chaos(chosen.seconds, seed, diary)
        except Broken as error:
            diary.note(f"BROKEN: {error}")
            print(diary.last, f"\nseed {seed}, log {path}: {error}", sep="\n", file=sys.stderr)
            return 1
    print(
        f"seed {seed}: {tally.rounds} rounds right; {tally.runs} runs, {tally.kills} killed, "
        f"{tally.interrupts} interrupted, {tally.changes} changes of weather. Log: {path}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
