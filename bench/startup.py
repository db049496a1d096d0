"""How long a command takes to begin, as a multiple of a bare Python: `python bench/startup.py [rounds]`."""

from __future__ import annotations

import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import click": ["-c", "import click"],
    "qtune --help": ["-m", "qtune", "--help"],
    "qtune explain NET101": ["-m", "qtune", "explain", "NET101"],
    "import huggingface_hub.hf_api": ["-c", "import huggingface_hub.hf_api"],
    "import modelscope": ["-c", "import modelscope"],
}


def measure(arguments: list[str], rounds: int) -> float:
    """The best of `rounds` wall times, in seconds: what the machine can do when nothing disturbs it."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times = {name: measure(arguments, rounds) for name, arguments in COMMANDS.items()}
    bare = times["python -c pass"]
    print(f"{'command':32} {'ms':>7} {'x bare python':>14}")
    for name, seconds in times.items():
        print(f"{name:32} {seconds * 1000:7.0f} {seconds / bare:14.1f}")


if __name__ == "__main__":
    main()
