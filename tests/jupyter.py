"""A Jupyter server of its own on loopback: no token, no user's settings, no request to anywhere."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START = 60.0


def environment(home: Path) -> dict[str, str]:
    """Everything that Jupyter writes or reads of a user lies in `home`; nothing is taken over but the way to programs."""
    kept = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "COVERAGE_PROCESS_START")
    return {
        **{key: os.environ[key] for key in kept if key in os.environ},
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "LANG": "C.UTF-8",
        "QTUNE_LANG": "en",
    }


@contextmanager
def jupyter(root: Path, home: Path, *, lab: bool = False) -> Iterator[str]:
    """Its address; `root` is the folder that it shows, with its hidden files."""
    arguments = [
        *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
        *("--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={root}"),
        "--ContentsManager.allow_hidden=True",
    ]
    if lab:
        arguments += ["--LabApp.extension_manager=readonly", "--LabApp.news_url="]
        arguments += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        settings = home / "config/lab/user-settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        answers = {"fetchNews": "false", "checkForUpdates": False}  # else it asks
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(answers), "utf-8")
    home.mkdir(exist_ok=True)
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab" if lab else "jupyter_server", *arguments],
            cwd=root,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield _address(process, home)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], home: Path) -> str:
    """Jupyter writes down its port before it listens there."""
    end = time.monotonic() + _START
    while time.monotonic() < end:
        assert process.poll() is None, (home / "log").read_text("utf-8", "replace")
        for path in (home / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(OSError, ValueError):  # not yet whole, not yet listening
                port = int(json.loads(path.read_text("utf-8"))["port"])
                socket.create_connection(("127.0.0.1", port), 5).close()
                return f"http://127.0.0.1:{port}/"
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text("utf-8", "replace"))
