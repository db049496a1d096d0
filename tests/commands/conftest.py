"""A project folder, and `python -m qtune` in it as a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hub import Hub, worlds


@dataclass
class Shell:
    """`environ` is added to what the test process has, which holds no setting of the developer's."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        base = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
        return {**base, **self.environ, **changes}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "qtune", *arguments]

    def qtune(
        self, *arguments: str, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(environ),
            input=stdin,
            capture_output=True,
            encoding=environ.get("PYTHONIOENCODING", "utf-8"),
            timeout=60,
        )

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def env(self, *lines: str, mode: int = 0o600) -> Path:
        path = self.folder / ".env"
        path.write_text("".join(line + "\n" for line in lines), "utf-8")
        path.chmod(mode)
        return path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    folder = tmp_path / "project"
    folder.mkdir()
    return Shell(folder)


@pytest.fixture
def online(shell: Shell, hub: Hub) -> Iterator[Shell]:
    """The same with both hubs at the other end, trusted as a company's own hub would be."""
    hosts = [url.removeprefix("http://") for url in (hub.hf_url, hub.ms_url)]
    shell.environ |= {
        "HF_ENDPOINT": hub.hf_url,
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "QTUNE_TRUSTED_HOSTS": ",".join(hosts),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    yield shell


QWEN = worlds.QWEN
