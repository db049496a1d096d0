"""A user's machine on the real host names: huggingface.co and modelscope.cn are led to the local hub by a proxy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from tests.hub import Hub, Proxy, Repo, official, worlds
from tests.installed import ROOT

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text("utf-8"))
ORIGINS = {"huggingface": ("hf", "cdn", "cas"), "modelscope": ("ms", "ms-cdn")}


@dataclass(frozen=True)
class Done:
    """How a command ended. `wrote` is all it said, for the search for secrets."""

    code: int
    stdout: str
    stderr: str

    @property
    def wrote(self) -> str:
        return self.stdout + self.stderr

    @property
    def report(self) -> dict[str, Any]:
        """The JSON document, which must always be one that the published schema allows."""
        document = json.loads(self.stdout)
        jsonschema.validate(document, SCHEMA)
        assert document["exit"] == self.code
        assert isinstance(document, dict)
        return document

    @property
    def codes(self) -> list[str]:
        return [finding["code"] for finding in self.report["findings"]]


@dataclass
class Road:
    """A project folder, the hub at the other end, and the road between."""

    hub: Hub
    proxy: Proxy
    project: Path
    python: Path
    environ: dict[str, str] = field(default_factory=dict)

    def env(self, *lines: str) -> Path:
        """Writes the project's `.env`."""
        path = self.project / ".env"
        path.write_text("".join(line + "\n" for line in lines), "utf-8")
        path.chmod(0o600)
        return path

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "HTTPS_PROXY": self.proxy.url,
            "SSL_CERT_FILE": str(self.hub.ca_file),
            "REQUESTS_CA_BUNDLE": str(self.hub.ca_file),
            "LC_ALL": "C.UTF-8",
            **self.environ,
            **changes,
        }

    def qtune(self, *arguments: str, **environ: str) -> Done:
        done = subprocess.run(
            [self.python, "-m", "qtune", *arguments],
            cwd=self.project,
            env=self.environment(environ),
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def doctor(self, *arguments: str, **environ: str) -> Done:
        return self.qtune("doctor", "--format", "json", *arguments, **environ)

    def killed_after(self, seconds: float, *arguments: str, **environ: str) -> bool:
        """Runs qtune and kills it with SIGKILL, children included; False when it had ended before."""
        child = subprocess.Popen(
            [self.python, "-m", "qtune", *arguments],
            cwd=self.project,
            env=self.environment(environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return True

    def asked(self, source: str) -> int:
        """How many requests reached the hub of that name since the last `forget`."""
        return sum(request.origin in ORIGINS[source] for request in self.hub.requests)

    def config(self, model: str, **training: object) -> Path:
        """A run config and its data: few rows, few steps."""
        rows = [{"instruction": f"Say {n}", "output": f"{n} it is."} for n in range(24)]
        data = self.project / "train.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        settings = {
            "num_train_epochs": 1,
            "per_device_train_batch_size": 4,
            "gradient_accumulation_steps": 1,
            "logging_steps": 1,
            "save_steps": 2,
            **training,
        }
        document = {"model": model, "data": "train.jsonl", "max_length": 128, "training": settings}
        path = self.project / "sft.yaml"
        path.write_text(json.dumps(document), "utf-8")  # JSON is YAML
        return path


@contextmanager
def road(
    project: Path, python: Path, repos: Mapping[str, bytes] | None = None, **environ: str
) -> Iterator[Road]:
    """The demo world; `repos` are the files of a model that can be trained, for QWEN and LLAMA."""
    world = worlds.demo()
    served = list(world.repos)
    if repos is not None:
        served = [repo for repo in served if repo.id not in (worlds.QWEN, worlds.LLAMA)]
        served += [Repo(worlds.QWEN, repos), Repo(worlds.LLAMA, repos).only_on("hf", gated="auto")]
    with (
        Hub(served, world.users, tls=True, public_urls=official.URLS) as hub,
        Proxy(routes=official.routes(hub)) as proxy,
    ):
        yield Road(hub, proxy, project, python, dict(environ))


def until(condition: Any, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
