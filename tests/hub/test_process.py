"""`python -m tests.hub` is the same hub as a process of its own, until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.hub import worlds
from tests.hub.fetch import fetch

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hub", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()), process
        finally:
            process.terminate()


def test_it_prints_one_line_and_serves_until_it_is_terminated() -> None:
    with serving("--world", "demo", "--port", "0") as (ready, process):
        info = fetch(f"{ready['hf']}/api/whoami-v2", token=ready["tokens"]["laptop@alice"])
        assert info.json()["name"] == "alice"
        assert fetch(f"{ready['ms']}/openapi/v1/models/{worlds.QWEN}").status == 200
        assert worlds.LLAMA in ready["repos"]
        if os.name == "posix":
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            assert process.stdout is not None
            assert process.stdout.read() == ""


def test_faults_can_be_given_as_json() -> None:
    fault = '{"kind": "status", "origin": "hf", "status": 503, "times": 1}'
    with serving("--fault", fault, "--tls", "none") as (ready, _):
        assert ready["hf"].startswith("https://")
        assert Path(ready["ca_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_a_fault_it_does_not_know_ends_it_with_the_reason() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.hub", "--fault", '{"kind": "broken"}'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode != 0
    assert "not a valid Kind" in run.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_ends_it_quietly() -> None:
    with serving() as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
