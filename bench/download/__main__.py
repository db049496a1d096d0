"""Downloads side by side: `python -m bench.download [--size MiB] [--rounds N] [--judge] [PROFILE ...]`.

Every run has an empty cache and a process of its own; every file's sha256 is compared after the clock stopped.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from bench.download import link, nginx, servers
from bench.download.ceilings import ceilings
from bench.download.course import Amounts, Course, course, sample
from bench.download.judge import HEAD as VERDICTS
from bench.download.judge import Measured, judge
from bench.download.peers import PEERS
from bench.download.profiles import PROFILES
from bench.download.table import HEAD, Row, rows


def main() -> int:
    chosen = _arguments()
    host = chosen.host or ("nginx" if nginx.program() else "plain")
    absent = [peer.name for peer in PEERS if not peer.needs()]
    print(f"{time.strftime('%Y-%m-%d')}, {_machine()}; {chosen.size} MiB in four files, ten small")
    print(f"ones; medians of {chosen.rounds}. Not installed: {', '.join(absent) or 'nothing'}.\n")
    print(HEAD, flush=True)
    amounts = Amounts(chosen.size << 20, chosen.files, chosen.limit)
    notes, found = [], {}
    for name in chosen.profiles or PROFILES:
        profile, began = PROFILES[name], time.monotonic()
        if reason := servers.missing(profile, host) or (profile.line and link.missing()):
            notes.append(f"{name}: skipped, {reason}")
            continue
        with course(profile, amounts, host) as prepared:
            measured = _rounds(prepared, chosen.rounds, chosen.clients or [p.name for p in PEERS])
            print("\n".join(rows(name, measured)), flush=True)
            most = ceilings(prepared.repo, profile, prepared.served, prepared.folder, 5)
        found[name] = Measured(measured, most)
        took = time.monotonic() - began
        notes.append(f"{name}: {profile.what}; {most} ({took:.0f} s for this profile, on {host})")
    print("", *notes, sep="\n")
    if not chosen.judge:
        return 0
    verdicts = judge(found)
    print("", VERDICTS, *verdicts, sep="\n")
    return 0 if all(verdict.met for verdict in verdicts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.download", description=__doc__)
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help=", ".join(PROFILES))
    parser.add_argument("--size", type=int, default=1024, help="MiB of the four large files")
    parser.add_argument("--files", type=int, default=10_000, help="how many files `small` has")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one download")
    parser.add_argument("--client", action="append", dest="clients", help="only these; repeatable")
    parser.add_argument("--host", choices=servers.HOSTS, help="nginx where it is installed")
    parser.add_argument(
        "--judge", action="store_true", help="compare with what is promised; 1: missed"
    )
    chosen = parser.parse_args()
    if unknown := {*chosen.profiles} - PROFILES.keys():
        parser.error(f"no such profile: {', '.join(sorted(unknown))}")
    if unknown := {*(chosen.clients or ())} - {peer.name for peer in PEERS}:
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    return chosen


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = f"{os.cpu_count()} x {names[0] if names else platform.machine()}"
    return f"{processor}, Linux {platform.release()}, Python {platform.python_version()}"


def _rounds(prepared: Course, rounds: int, clients: Collection[str]) -> list[Row]:
    """All clients in each round, so that what disturbs the machine meets all alike."""
    names = {*prepared.profile.peers} & {*clients}
    peers = [peer for peer in PEERS if peer.name in names and peer.needs()]
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


if __name__ == "__main__":
    sys.exit(main())
