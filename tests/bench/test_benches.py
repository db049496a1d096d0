"""The quick benches run, and their tables have a row for each thing measured; no number is judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.download.peers import PEERS
from bench.download.profiles import PROFILES
from bench.download.servers import missing

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


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=f"the large-file host: {missing()}")
def test_download() -> None:
    command = ("-m", "bench.download", "fast", "--size", "16", "--rounds", "1")
    table = [[cell.strip() for cell in " ".join(row).split("|")] for row in rows(*command)]
    seen = {row[2]: row[3] for row in table if len(row) > 3 and row[1] == "fast"}
    assert seen.keys() == {p.name for p in PEERS if p.needs() and p.name in PROFILES["fast"].peers}
    assert all(float(wall) > 0 for wall in seen.values()), seen
