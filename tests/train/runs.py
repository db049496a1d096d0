"""Helpers for tests that train for real: a small job on the quickstart's model, and its child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qtune.core import runconfig
from qtune.core.runconfig import Defaults
from qtune.train import job as jobs
from qtune.train import quickstart
from qtune.train.events import Event, Failed, Log, decode
from qtune.train.job import Job

# Imported by every Python of the child before anything else: whatever reaches for the network is
# written down and refused.
NO_NETWORK = """\
import os, socket
def refuse(*arguments, **options):
    with open(os.environ["QTUNE_TEST_CALLS"], "a") as file:
        file.write(repr(arguments[-1:]) + "\\n")
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse
"""


def make_job(
    output: Path,
    cache: Path,
    *overrides: str,
    base: str = "Qwen/tiny",
    text: str = "",
) -> Job:
    """The quickstart with eight steps an epoch; `text` replaces its YAML."""
    path = quickstart.CONFIG
    if text:
        path = output.parent / "run.yaml"
        path.write_text(text, encoding="utf-8")
    given = (f"output_dir={output}", *overrides)
    defaults = Defaults("quickstart", Path("runs"), output.parent)
    config = runconfig.load(path, given, defaults=defaults)
    return Job(quickstart.snapshot(cache), base, config, device="cpu", dtype="float32")


def environ(folder: Path, **more: str) -> dict[str, str]:
    """An environment without network, and one thread: two cores are shared with other tests."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(NO_NETWORK)
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(site),
        "QTUNE_TEST_CALLS": str(folder / "calls.txt"),
        **more,
    }


@dataclass
class Outcome:
    code: int
    events: list[Event] = field(default_factory=list)
    stderr: str = ""

    def logs(self) -> list[str]:
        return [event.text.en for event in self.events if isinstance(event, Log)]

    def error(self) -> Failed:
        return next(event for event in self.events if isinstance(event, Failed))


def run_child(
    job: Job,
    environment: dict[str, str],
    on_event: Callable[[subprocess.Popen[str], Event], None] = lambda child, event: None,
) -> Outcome:
    """The training child itself, without the parent's half; `on_event` may kill it."""
    folder = Path(environment["QTUNE_TEST_CALLS"]).parent
    path = folder / f"job-{len(list(folder.glob('job-*.json')))}.json"
    jobs.write(job, path)
    outcome = Outcome(0)
    with (
        (folder / "stderr.txt").open("w+") as stderr,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "qtune.train", str(path)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            event = decode(line)
            outcome.events.append(event)
            on_event(child, event)
        outcome.code = child.wait()
        stderr.seek(0)
        outcome.stderr = stderr.read()
    return outcome


def metrics(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
