"""The quick benches run, and their tables have a row for each thing measured; no time is judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.download import nginx
from bench.download.ceilings import Ceilings, Step
from bench.download.judge import Measured, judge
from bench.download.peers import PEERS
from bench.download.profiles import bare
from bench.download.table import Row, Sample

ROOT = Path(__file__).parents[2]


def rows(*arguments: str) -> list[list[str]]:
    """The table, without its heading, in words."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()[1:]]


def test_startup() -> None:
    table = {" ".join(row[:2]): row for row in rows("bench/startup.py", "1")}
    assert {"import click", "qtune --help", "qtune explain", "qtune check"} <= table.keys()
    assert table["import click"][-2:] == ["1.00", "1.0"]


def test_report() -> None:
    table = [row[0] for row in rows("-m", "bench.report", "1")]
    assert {"json", "sarif", "html", "check,"} <= {*table}


@pytest.mark.slow
def test_doctor() -> None:
    table = [row[0] for row in rows("-m", "bench.doctor", "1")]
    assert table == ["healthy,", "healthy,", "silent", "dead"]


@pytest.mark.slow
def test_lsp() -> None:
    table = {" ".join(row[:2]) for row in rows("-m", "bench.lsp", "1")}
    assert {"bare pygls", ".env, 2000", "run.yaml, 1988", "train.py, 1802"} <= table
    assert {"nb.ipynb, 200", "a burst"} <= table


def downloads(*arguments: str) -> tuple[str, dict[tuple[str, str], list[str]]]:
    """What the bench printed, and the table's cells by profile and client."""
    command = [sys.executable, "-m", "bench.download", "--rounds", "1", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return done.stdout, {(row[0], row[1]): row[2:] for row in cells}


@pytest.mark.slow
@pytest.mark.skipif(nginx.program() is None, reason="nginx is not installed")
def test_the_data_path() -> None:
    """The bench compares the sha256 of what each client received."""
    options = ("--size", "16", "--rounds", "1", "--connections", "8")
    table = [" ".join(row) for row in rows("-m", "bench.datapath", "plain", "tls", *options)]
    for profile in ("plain", "tls"):
        for client in ("qtune's Connection", "http.client + recv_into", "httpx"):
            assert any(row.startswith(f"| {profile} | 8 | {client} |") for row in table)


@pytest.mark.skipif(sys.platform != "linux", reason="pacing is Linux's")
def test_a_small_fast_and_paced_row(capfd: pytest.CaptureFixture[str]) -> None:
    """Also without nginx. The bench gives no number to a download that is not whole, or not verified."""
    programs = ("aria2c -x16 -s16", "curl --parallel", bare(8), bare(64))
    quick = ("qtune", "huggingface_hub", *programs)
    chosen = [word for name in quick for word in ("--client", name)]
    text, table = downloads("fast", "paced", "--size", "16", "--host", "plain", *chosen)
    there = [peer.name for peer in PEERS if peer.name in quick and peer.needs()]
    wanted = {(profile, name) for profile in ("fast", "paced") for name in there}
    assert table.keys() == wanted - {("fast", bare(64)), ("paced", bare(8))}
    for (profile, name), row in table.items():
        assert not row[0].startswith("failed"), f"{profile} {name}: {row}"
        assert float(row[0]) > 0
    assert all(table[profile, "qtune"][-1] == "sha256" for profile in ("fast", "paced"))
    with capfd.disabled():  # seen, and not judged: the machine that runs tests is busy
        print(f"\n{text}", file=sys.stderr)


@pytest.mark.slow
@pytest.mark.skipif(nginx.program() is None, reason="nginx is not installed")
def test_a_small_row_of_each_kind_before_nginx() -> None:
    chosen = [word for name in ("qtune", "huggingface_hub", bare(8)) for word in ("--client", name)]
    _, table = downloads("tls", "kill", "small", "--size", "16", "--files", "60", *chosen)
    for (profile, name), row in table.items():
        assert not row[0].startswith("failed"), f"{profile} {name}: {row}"
    assert {profile for profile, _ in table} == {"tls", "kill", "small"}


def row(peer: str, wall: float, cpu: float = 1.0, served: float = 1.0) -> Row:
    return Row(peer, "sha256", (Sample(wall, cpu, 40.0, served, 0.2),))


def ceilings() -> Ceilings:
    step = Step(amount=1 << 30, wall=0.5, cpu=0.5)
    return Ceilings(1 << 30, 1 << 28, 0.02, step, step, step, step, "receive", line=0.0)


def test_a_missed_promise_is_shown_with_what_forbids_it() -> None:
    peers = (row("huggingface_hub", 2.0), row("curl --parallel", 1.0, cpu=0.4), row(bare(8), 0.95))
    rows = (row("qtune", 1.0), *peers)
    verdicts = {v.bar: v for v in judge({"fast": Measured(rows, ceilings())})}
    wall = verdicts["wall <= 0.45 x huggingface_hub"]
    assert (wall.measured, wall.met) == (0.5, False)
    assert "missed" in str(wall) and "is the floor" in str(wall) and "sha256" in str(wall)
    assert "a bare program, 8 connections takes 0.95 s, 0.47 x" in str(wall)
    unknown = verdicts["wall <= 1.1 x modelscope"]
    assert not unknown.met and "not measured" in str(unknown)
    assert verdicts["CPU <= 1.2 x (curl + sha256)"].measured == pytest.approx(1 / 0.9)
    assert verdicts["first byte <= 0.4 s"].met and verdicts["peak memory <= 150 MB"].met


def test_two_hubs_are_held_against_the_better_of_one_and_a_kill_by_what_was_served() -> None:
    walls = (("qtune", 4.0), ("qtune, ModelScope", 6.0), ("qtune, both named", 2.2))
    two = judge({"two": Measured([row(*pair) for pair in walls], ceilings())})
    assert two[0].measured == pytest.approx(0.55) and two[0].met
    kill = judge({"kill": Measured([row("qtune", 4.0, served=1.06)], ceilings())})
    assert [v.met for v in kill if "served" in v.bar] == [False]
