"""Code in a process of its own, on a small disk of its own: a private mount, gone with the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.download.locking import ROOT


def run(folder: Path, options: str, code: str, *arguments: str, before: str = "true") -> str:
    """What `code` prints, with a tmpfs of these options at `folder`; skips where nobody may mount."""
    if sys.platform != "linux":
        pytest.skip("needs a private mount")
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    script = (
        f"mount -t tmpfs -o {options} none {folder} && {before} && "
        f'exec {sys.executable} -c "$CODE" {folder} "$@"'
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CODE": code},
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout
