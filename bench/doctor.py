"""How long the doctor takes: `python -m bench.doctor [rounds]`.

Healthy: on two local hubs, its wall time beside that of its slowest check (aim: at most 0.3 s more); the speed
test is left out. Silent: the hubs take the request and never answer. Dead: every packet to them is dropped.
Both beside --timeout (aim: at most 0.5 s more).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.doctor.probes.sockets import full_queue
from tests.hub import Fault, Hub, worlds

TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Run:
    """Seconds; `slowest` is the check that took longest."""

    wall: float
    check: str
    slowest: float

    @property
    def more(self) -> float:
        return self.wall - self.slowest


def doctor(arguments: list[str], folder: Path, environ: Mapping[str, str]) -> Run:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "qtune", "doctor", "--no-speed", "--format", "json", *arguments],
        cwd=folder,
        env={**environ},
        capture_output=True,
        check=False,
    )
    wall = time.perf_counter() - started
    rows = json.loads(done.stdout)["checks"]
    slowest = max(rows, key=lambda row: row["took_ms"])
    return Run(wall, slowest["check"], slowest["took_ms"] / 1000)


def environment(hf_url: str, ms_url: str, folder: Path) -> dict[str, str]:
    """A user with an empty home, bytecode compiled, and both hubs on this machine."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return own | {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "HF_ENDPOINT": hf_url,
        "MODELSCOPE_ENDPOINT": ms_url,
        "QTUNE_TRUSTED_HOSTS": "127.0.0.1",
        "NO_PROXY": "127.0.0.1",
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    world = worlds.demo()
    with tempfile.TemporaryDirectory() as name, Hub(world.repos, world.users) as hub:
        folder = Path(name)
        environ = environment(hub.hf_url, hub.ms_url, folder)
        doctor(["--for", "download"], folder, environ)  # compiles
        healthy = {
            goal: min(
                (doctor(["--for", goal], folder, environ) for _ in range(rounds)),
                key=lambda run: run.more,
            )
            for goal in ("download", "train")
        }
        hub.fault(Fault("silent", "*"))
        late = {"silent hubs": doctor(["--timeout", str(TIMEOUT_S)], folder, environ)}
        with full_queue() as port:
            nowhere = f"http://127.0.0.1:{port}"
            environ = environment(nowhere, nowhere, folder)
            late["dead network"] = doctor(["--timeout", str(TIMEOUT_S)], folder, environ)
    print(f"{'':26} {'wall s':>7} {'beside':>24} {'more s':>7} {'at most':>8}")
    for goal, run in healthy.items():
        beside = f"{run.check} {run.slowest:.2f}"
        print(
            f"{'healthy, --for ' + goal:26} {run.wall:7.2f} {beside:>24} {run.more:7.2f} {0.3:8.1f}"
        )
    for what, run in late.items():
        beside, more = f"--timeout {TIMEOUT_S:.1f}", run.wall - TIMEOUT_S
        print(f"{what:26} {run.wall:7.2f} {beside:>24} {more:7.2f} {0.5:8.1f}")


if __name__ == "__main__":
    main()
