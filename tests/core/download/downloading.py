"""A download against the local hub, in this process or in a child that may be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtune.core.download import Snapshot, download
from qtune.core.settings import Settings
from tests.core.hub.asking import settings_for
from tests.hub import Hub, Repo

ROOT = Path(__file__).resolve().parents[3]
Changes = dict[str, Any]  # settings by key; Any, so that they may be keyword arguments

FROM_HF: Changes = {"USE_MODELSCOPE": "False"}
FROM_MS: Changes = {"USE_MODELSCOPE": "True"}


class Told:
    """A progress observer that remembers everything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lines: list[str] = []
        self.totals: dict[str, int | None] = {}
        self.done: Counter[str] = Counter()
        self.finished: list[str] = []

    def start(self, task: str, total: int | None) -> None:
        with self._lock:
            self.totals[task] = total

    def advance(self, task: str, amount: int) -> None:
        with self._lock:
            self.done[task] += amount

    def finish(self, task: str) -> None:
        with self._lock:
            self.finished.append(task)

    def say(self, line: str) -> None:
        with self._lock:
            self.lines.append(line)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def at(hub: Hub, home: Path, **changes: str) -> Settings:
    given: Changes = {"HF_HOME": str(home / "hf"), **changes}
    return settings_for(hub, **given)


def get(
    hub: Hub,
    home: Path,
    repo_id: str,
    told: Told | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    revision: str | None = None,
    local_dir: Path | None = None,
    **changes: str,
) -> Snapshot:
    return download(
        repo_id,
        at(hub, home, **changes),
        revision=revision,
        include=include,
        exclude=exclude,
        local_dir=local_dir,
        progress=told or Told(),
    )


def repo_folder(home: Path, repo_id: str) -> Path:
    return home / "hf" / "hub" / f"models--{repo_id.replace('/', '--')}"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below, links followed, but for qtune's own folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".qtune" not in path.relative_to(folder).parts
    }


def expected(repo: Repo) -> dict[str, bytes]:
    return dict(sorted(repo.files.items()))


def bodies(hub: Hub, path: str) -> int:
    """Bytes of body that any origin sent for addresses like this."""
    return sum(r.body_bytes_sent for r in hub.seen(path=path))


CHILD = """
import json, sys
from qtune.core.download import download
from qtune.core.errors import QtuneError
from qtune.core.progress import Silent
from qtune.core.settings import resolve

class Aloud(Silent):
    def say(self, line):
        print("SAY", line, flush=True)

given = json.loads(sys.argv[1])
print("START", flush=True)
try:
    found = download(given["repo"], resolve(environ=given["environ"]), progress=Aloud())
except QtuneError as error:
    print("ERROR", error.code, error.message.en, flush=True)
    raise SystemExit(1)
print("DONE", json.dumps([str(found.path), found.bytes_fetched, found.bytes_reused]), flush=True)
"""


def child(hub: Hub, home: Path, repo_id: str, **changes: str) -> subprocess.Popen[str]:
    """`download` in a process of its own; its last line is DONE or ERROR."""
    settings = at(hub, home, **changes)
    environ = {value.setting.key: value.text for value in settings if value.text}
    given = json.dumps({"repo": repo_id, "environ": environ})
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, given],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def finished(process: subprocess.Popen[str], timeout: float = 60.0) -> str:
    output, _ = process.communicate(timeout=timeout)
    return output
