"""A download against the local hub, in this process or in a child that may be killed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from qtune.core.download import Snapshot, download
from qtune.core.download.engine.job import SMALL
from qtune.core.download.engine.part import journal_of, recorded
from qtune.core.download.events import Dropped, Event, Said, Waiting
from qtune.core.settings import Settings
from tests.core.hub.asking import settings_for
from tests.hub import Hub, Repo

ROOT = Path(__file__).resolve().parents[3]
Kind = TypeVar("Kind")
Changes = dict[str, Any]  # settings by key; Any, so that they may be keyword arguments

FROM_HF: Changes = {"USE_MODELSCOPE": "False"}
FROM_MS: Changes = {"USE_MODELSCOPE": "True"}


class Told:
    """An observer that remembers everything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def text(self) -> str:
        """What a log would hold, in English."""
        return "\n".join(line for event in self.events if (line := _worded(event)))


def _worded(event: Event) -> str:
    match event:
        case Said(text):
            return text.en
        case Dropped():
            return f"{event.title} is dropped for this run: {event.why.en}"
        case Waiting():
            return f"{event.source} asks to wait {event.seconds:.0f} s ({event.status})"
        case _:
            return ""


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
        tell=told or Told(),
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


def kept(home: Path, repo_id: str) -> int:
    """Bytes in partial files, as their journals say; what a small file has without one is fetched anew."""
    total = 0
    for part in (repo_folder(home, repo_id) / ".qtune" / "partial").glob("*.part"):
        with contextlib.suppress(FileNotFoundError):  # whole a moment ago
            length = part.stat().st_size
            if length <= SMALL and not journal_of(part).exists():
                continue
            total += recorded(part, length, length).total
    return total


def bodies(hub: Hub, path: str) -> int:
    """Bytes of body that any origin sent for addresses like this."""
    return sum(r.body_bytes_sent for r in hub.seen(path=path))


CHILD = """
import json, sys
from qtune.core.download import download
from qtune.core.errors import QtuneError
from qtune.core.download.engine.part import recorded
from qtune.core.download.events import Said
from qtune.core.settings import resolve

def aloud(event):
    if isinstance(event, Said):
        print("SAY", event.text.en, flush=True)

given = json.loads(sys.argv[1])
print("START", flush=True)
try:
    found = download(given["repo"], resolve(environ=given["environ"]), tell=aloud)
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
