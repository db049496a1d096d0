"""How long a command takes to begin, as a multiple of `import click`: `python bench/startup.py [rounds]`.

Bytecode is compiled first, as an installed package has it; the best of all rounds counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# (what, arguments, the multiple that it should stay below)
COMMANDS: tuple[tuple[str, list[str], float | None], ...] = (
    ("python -c pass", ["-c", "pass"], None),
    ("import click", ["-c", "import click"], 1.0),
    ("qtune --help", ["-m", "qtune", "--help"], 2.0),
    ("qtune explain NET101", ["-m", "qtune", "explain", "NET101"], 3.0),
    ("qtune explain TOK303", ["-m", "qtune", "explain", "TOK303"], 3.0),
    ("qtune check .env", ["-m", "qtune", "check", ".env"], 4.0),
    ("import huggingface_hub.hf_api", ["-c", "import huggingface_hub.hf_api"], None),
    ("import modelscope", ["-c", "import modelscope"], None),
)
ENV = "USE_MODELSCOPE=True\nHF_TOKEN=\nDEFAULT_MODEL=Qwen/Qwen3-4B\n"


def measure(arguments: list[str], folder: Path, environ: dict[str, str], rounds: int) -> float:
    """The best wall time in seconds: what the machine can do when nothing disturbs it."""
    best = float("inf")
    for number in range(rounds + 1):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], check=True, capture_output=True, cwd=folder, env=environ
        )
        if number:  # the first round compiles
            best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".env").write_text(ENV)
        environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environ |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "HOME": name}
        times = {what: measure(args, folder, environ, rounds) for what, args, _ in COMMANDS}
    click = times["import click"]
    print(f"{'command':32} {'ms':>7} {'x click':>8} {'at most':>8}")
    for what, _, limit in COMMANDS:
        shown = f"{limit:8.1f}" if limit else ""
        print(f"{what:32} {times[what] * 1000:7.0f} {times[what] / click:8.2f} {shown}".rstrip())


if __name__ == "__main__":
    main()
