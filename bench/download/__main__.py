"""Downloads side by side: `python -m bench.download [--size MiB] [--rounds N] [PROFILE ...]`.

Every run has an empty cache and a process of its own; every file's sha256 is compared after the clock stopped.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from dataclasses import replace
from pathlib import Path

from bench.download import link, servers
from bench.download.ceilings import ceilings
from bench.download.course import Course, course, sample
from bench.download.peers import PEERS
from bench.download.profiles import PROFILES
from bench.download.table import HEAD, Row, rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.download", description=__doc__)
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help=", ".join(PROFILES))
    parser.add_argument("--size", type=int, default=256, help="MiB of the four large files")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one download")
    chosen = parser.parse_args()
    if unknown := {*chosen.profiles} - PROFILES.keys():
        parser.error(f"no such profile: {', '.join(sorted(unknown))}")
    absent = [peer.name for peer in PEERS if not peer.needs()]
    print(f"{time.strftime('%Y-%m-%d')}, {_machine()}; {chosen.size} MiB in four files, ten small")
    print(f"ones; medians of {chosen.rounds}. Not installed: {', '.join(absent) or 'nothing'}.\n")
    print(HEAD, flush=True)
    notes = []
    for name in chosen.profiles or PROFILES:
        profile = PROFILES[name]
        if reason := servers.missing() or (profile.line and link.missing()):
            notes.append(f"{name}: skipped, {reason}")
            continue
        with course(profile, chosen.size << 20, chosen.limit) as prepared:
            print("\n".join(rows(name, _rounds(prepared, chosen.rounds))), flush=True)
            notes.append(f"{name}: {profile.what}{_ceilings(prepared)}")
    print("", *notes, sep="\n")


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = f"{os.cpu_count()} x {names[0] if names else platform.machine()}"
    return f"{processor}, Linux {platform.release()}, Python {platform.python_version()}"


def _rounds(prepared: Course, rounds: int) -> list[Row]:
    """All clients in each round, so that what disturbs the machine meets all alike."""
    peers = [peer for peer in PEERS if peer.name in prepared.profile.peers and peer.needs()]
    measured = [Row(peer.name, peer.verifies, ()) for peer in peers]
    for _ in range(rounds):
        for number, (peer, row) in enumerate(zip(peers, measured, strict=True)):
            if row.failure is None:
                found = sample(prepared, peer)
                measured[number] = (
                    replace(row, failure=found)
                    if isinstance(found, str)
                    else replace(row, samples=(*row.samples, found))
                )
    return measured


def _ceilings(prepared: Course) -> str:
    profile, served = prepared.profile, prepared.served
    if profile.line or profile.pace or profile.total:
        return ""  # the line itself is the ceiling
    files = prepared.repo.entries.values()
    one = next(file for file in files if file.large)
    found = ceilings(one.data, prepared.folder, f"{served.large}/{one.sha256}", served.ca_file, 5)
    alone = sum(file.size for file in files) / 1e6 / found.hash
    return f"; {found}; the sha256 of it all {alone:.2f} s on one core"


if __name__ == "__main__":
    main()
