"""Which client receives bodies best: `python -m bench.datapath [--size MiB] [--rounds N] [PROFILE ...]`.

Each run is a process of its own; all clients take turns in each round; the file's sha256 is compared after the
clock stopped. Wall and CPU seconds, medians.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.datapath.clients import CLIENTS, installed
from bench.download import servers
from bench.download.profiles import MB, MODEL, Profile
from tests.hub import Repo

PROFILES = {
    "plain": Profile("loopback"),
    "tls": Profile("loopback, TLS with a throw-away authority", tls=True),
    "paced": Profile("loopback, 4 MB/s per connection", pace=4 * MB),
}
CONNECTIONS = (8, 64)
HEAD = (
    "| profile | connections | client | wall s | CPU s | peak MB |\n|---|---:|---|---:|---:|---:|"
)
Sample = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.datapath", description=__doc__)
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help=", ".join(PROFILES))
    parser.add_argument("--size", type=int, default=512, help="MiB of the file")
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many")
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    chosen = parser.parse_args()
    if unknown := {*chosen.profiles} - PROFILES.keys():
        parser.error(f"no such profile: {', '.join(sorted(unknown))}")
    there = [name for name in CLIENTS if installed(name)]
    absent = ", ".join(name for name in CLIENTS if name not in there)
    print(f"{chosen.size} MiB, medians of {chosen.rounds}, {os.cpu_count()} CPUs.", end=" ")
    print(f"Not installed: {absent or 'nothing'}.\n\n{HEAD}", flush=True)
    for name in chosen.profiles or PROFILES:
        if reason := servers.missing(PROFILES[name], "nginx"):
            print(f"{name}: skipped, {reason}")
            continue
        measure(name, there, chosen.size << 20, chosen.rounds, chosen.connections)


def measure(profile: str, clients: list[str], size: int, rounds: int, counts: list[int]) -> None:
    if profile == "paced":
        size //= 4
    data = os.urandom(1 << 20) * (size >> 20)
    repo = Repo(MODEL, {"model.safetensors": data})
    with tempfile.TemporaryDirectory(prefix="datapath-") as folder:
        place = Path(folder)
        with servers.serving(repo, PROFILES[profile], "127.0.0.1", place, "nginx") as served:
            sha256 = hashlib.sha256(data).hexdigest()
            url = f"{served.large}/{sha256}"
            for count in counts:
                samples: dict[str, list[Sample]] = {name: [] for name in clients}
                for round_ in range(rounds):
                    for client in (
                        clients[round_ % len(clients) :] + clients[: round_ % len(clients)]
                    ):
                        samples[client].append(
                            _run(client, url, size, count, place, served.ca_file, sha256)
                        )
                for client, several in samples.items():
                    wall, cpu, peak = (
                        statistics.median(column) for column in zip(*several, strict=True)
                    )
                    print(
                        f"| {profile} | {count} | {client} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |",
                        flush=True,
                    )


def _run(
    client: str, url: str, size: int, count: int, place: Path, ca_file: Path | None, sha256: str
) -> Sample:
    file = place / "received"
    with file.open("wb") as empty:
        os.posix_fallocate(empty.fileno(), 0, size)
    command = [
        sys.executable,
        "-m",
        "bench.datapath.child",
        client,
        url,
        str(size),
        str(count),
        str(file),
    ]
    command += [str(ca_file)] if ca_file else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(f"{client} failed:\n{done.stderr}")
    with file.open("rb") as received:
        assert hashlib.file_digest(received, "sha256").hexdigest() == sha256, client
    wall, cpu, peak = map(float, done.stdout.split())
    return wall, cpu, peak


if __name__ == "__main__":
    main()
