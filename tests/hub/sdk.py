"""Runs the hubs' own clients in child processes, because they read the environment at import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hub.hub import Hub
from tests.hub.world import RepoType

TIMEOUT = 120.0  # seconds; a client hanging for ever is a failure, not a stuck test run


@dataclass(frozen=True)
class Outcome:
    """What the code passed to `done(...)`, or the exception that ended it."""

    value: Any
    error: str | None  # the class
    bases: tuple[str, ...]  # its ancestors
    causes: tuple[str, ...]  # "Class: message" along __cause__ and __context__
    output: str


PRELUDE = """
import json, sys
def done(value):
    with open(RESULT, "w") as file:
        json.dump({"value": value}, file)
def failed(error):
    chain, at = [], error
    while at is not None and len(chain) < 20:
        chain.append(f"{type(at).__name__}: {at}")
        at = at.__cause__ or at.__context__
    bases = [base.__name__ for base in type(error).__mro__]
    with open(RESULT, "w") as file:
        json.dump({"error": bases[0], "bases": bases, "causes": chain}, file)
"""


def environ(hub: Hub, home: Path, **changes: str | None) -> dict[str, str]:
    """A clean environment whose hubs are the local ones; a change of None unsets."""
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "VIRTUAL_ENV", "PATHEXT")
    env: dict[str, str] = {key: os.environ[key] for key in kept if key in os.environ}
    env |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": hub.hf_url,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "MODELSCOPE_CACHE": str(home / "modelscope"),
        "MODELSCOPE_HOME": str(home / ".modelscope"),
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
    }
    if hub.ca_file is not None:
        env |= {"SSL_CERT_FILE": str(hub.ca_file), "REQUESTS_CA_BUNDLE": str(hub.ca_file)}
    for key, value in changes.items():
        env.pop(key, None)
        if value is not None:
            env[key] = value
    return env


def python(code: str, env: Mapping[str, str], cwd: Path, timeout: float = TIMEOUT) -> Outcome:
    """Run `code`, which may call `done(json_value)`, in a fresh interpreter."""
    result = cwd / "sdk-result.json"
    result.unlink(missing_ok=True)
    body = "\n".join(f"    {line}" for line in code.strip().splitlines())
    script = f"RESULT = {str(result)!r}\n{PRELUDE}\ntry:\n{body}\n"
    script += "except BaseException as error:\n    failed(error)\n    raise SystemExit(1)\n"
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=dict(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
    output = run.stdout + run.stderr
    if not result.exists():
        raise AssertionError(f"the code ended without done():\n{output}")
    found = json.loads(result.read_text())
    return Outcome(
        found.get("value"),
        found.get("error"),
        tuple(found.get("bases", ())),
        tuple(found.get("causes", ())),
        output,
    )


def hf_snapshot(
    hub: Hub,
    home: Path,
    repo_id: str,
    timeout: float = TIMEOUT,
    *,
    repo_type: RepoType = "model",
    **changes: str | None,
) -> Outcome:
    """The real `huggingface_hub.snapshot_download`; the value is the snapshot's path."""
    call = f"snapshot_download({repo_id!r}, repo_type={repo_type!r})"
    code = f"from huggingface_hub import snapshot_download\ndone({call})"
    return python(code, environ(hub, home, **changes), home, timeout)


def ms_snapshot(
    hub: Hub,
    home: Path,
    repo_id: str,
    timeout: float = TIMEOUT,
    *,
    repo_type: RepoType = "model",
    **changes: str | None,
) -> Outcome:
    """The real `modelscope.snapshot_download`, or its sister for datasets; the value is the folder's path."""
    name = "snapshot_download" if repo_type == "model" else "dataset_snapshot_download"
    code = f"from modelscope import {name}\ndone({name}({repo_id!r}))"
    return python(code, environ(hub, home, **changes), home, timeout)


def hf_command(
    hub: Hub, home: Path, *arguments: str, timeout: float = TIMEOUT, **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """The real `hf` command line."""
    entry = "import sys; from huggingface_hub.cli.hf import main; sys.argv[0] = 'hf'; main()"
    return subprocess.run(
        [sys.executable, "-c", entry, *arguments],
        env=environ(hub, home, **changes),
        cwd=home,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path, links followed."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
