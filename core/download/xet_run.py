"""The child process that fetches by Xet: started, watched, ended; what it serves lies on loopback."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from qtune.core.download.xet import DEAD_S
from qtune.core.export import child_environment
from qtune.core.hub.interface import RepoFile
from qtune.core.hub.xet import XetAccess
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.text import Text

CHILD = Path(__file__).with_name("xet_child.py")
SPARE_S = 60  # before the token's end no new request is begun
FAREWELL_S = 2.0

# Patience is the engine's: what fails here is fetched by plain HTTPS at once. A value of the user's own goes
# before these.
BRISK: Mapping[str, str] = {
    "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "2",
    "HF_XET_CLIENT_RETRY_BASE_DELAY": "200ms",
    "HF_XET_CLIENT_RETRY_MAX_DURATION": "4s",
    "HF_XET_CLIENT_CONNECT_TIMEOUT": "4s",
    "HF_XET_CLIENT_READ_TIMEOUT": "10s",
    "HF_XET_TELEMETRY_ENABLED": "0",
    "HF_XET_LOG_DEST": os.devnull,  # it may hold signed addresses
}
# Its own defaults are a quarter of the machine's memory, and 64 GB with HF_XET_HIGH_PERFORMANCE.
MODEST: Mapping[str, str] = {
    "HF_XET_DISABLE_MEMORY_DERIVED_DOWNLOAD_BUFFERS": "1",
    "HF_XET_RECONSTRUCTION_DOWNLOAD_BUFFER_SIZE": "64mb",
    "HF_XET_RECONSTRUCTION_DOWNLOAD_BUFFER_PERFILE_SIZE": "8mb",
    "HF_XET_RECONSTRUCTION_DOWNLOAD_BUFFER_LIMIT": "128mb",
}
_SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN", "HF_OIDC_ID_TOKEN")


class State(StrEnum):
    STARTING = "starting"
    SERVING = "serving"
    FAILED = "failed"  # by itself: `why` says how
    STOPPED = "stopped"  # by `stop`


class XetRun:
    """One repository's files, each served by `url_of` as ranges, until it fails or is stopped.

    The child knows the short-lived token of `access` and no other secret, and it ends with this process.
    """

    def __init__(self, access: XetAccess, settings: Settings, child: Path = CHILD) -> None:
        self.why: Text | None = None
        self.expires = access.expires
        self._key = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._state = State.STARTING
        self._port = 0
        self._bytes = 0
        self._began = time.monotonic()
        self._marks: deque[tuple[float, int]] = deque([(self._began, 0)])
        self._ready = threading.Event()
        self._settled = threading.Event()
        self._process = _start(child, settings)
        self._tell(access)
        self._reader = threading.Thread(target=self._listen, name="xet", daemon=True)
        self._reader.start()

    def url_of(self, file: RepoFile) -> str | None:
        """An address on loopback that needs no header; None where nothing is served (any more)."""
        if self.poll() is not State.SERVING or file.xet_hash is None:
            return None
        if self.expires - time.time() < SPARE_S:
            return None
        return f"http://127.0.0.1:{self._port}/{self._key}/{file.xet_hash}/{file.size}"

    @property
    def bytes_done(self) -> int:
        """What it handed over so far."""
        return self._bytes

    def poll(self) -> State:
        return self._state

    def serves(self, timeout_s: float) -> bool:
        """Waits until it does, or has failed."""
        return self._ready.wait(timeout_s) and self.poll() is State.SERVING

    def settle(self, timeout_s: float) -> None:
        """Waits for the end that the child may be about to tell."""
        self._settled.wait(timeout_s)

    def lately(self, now: float) -> tuple[float, int]:
        """Over how many seconds, at most DEAD_S, it was asked for bytes, and how many came."""
        with self._lock:
            while len(self._marks) > 1 and self._marks[1][0] <= now - DEAD_S:
                self._marks.popleft()
            began, before = self._marks[0]
            return min(now - began, DEAD_S), self._bytes - before

    def begins_now(self) -> None:
        """Until now nobody asked for bytes: that none came says nothing."""
        with self._lock:
            self._marks = deque([(time.monotonic(), self._bytes)])

    def renew(self, access: XetAccess) -> None:
        """A newer token for the same files; `expires` is its own as soon as it is used."""
        self._tell(access)

    def stop(self, why: Text | None = None) -> None:
        """At once, whatever the child is doing; may be called again."""
        self._end(State.STOPPED, why)
        self._process.kill()
        self._process.wait()
        self._reader.join(FAREWELL_S)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _tell(self, access: XetAccess) -> None:
        assert self._process.stdin is not None
        job = {"cas": access.cas, "token": access.token.reveal(), "expires": access.expires}
        job["key"] = self._key
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass  # it has ended: `_listen` will find out

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    self._hear(json.loads(line))
                except (ValueError, TypeError, KeyError):
                    continue  # a library's own words
        self._end(State.FAILED, Text("its process ended", "其进程已退出"))

    def _hear(self, facts: Mapping[str, Any]) -> None:
        if "port" in facts:
            self._port = int(facts["port"])
            with self._lock:
                if self._state is State.STARTING:
                    self._state = State.SERVING
            self._ready.set()
        elif "expires" in facts:
            self.expires = int(facts["expires"])
        elif "bytes" in facts:
            with self._lock:
                self._bytes = int(facts["bytes"])
                self._marks.append((time.monotonic(), self._bytes))
        elif "failed" in facts:
            words = redact(str(facts["failed"]))
            self._end(State.FAILED, Text(words, words))

    def _end(self, state: State, why: Text | None) -> None:
        with self._lock:
            if self._state not in (State.FAILED, State.STOPPED):
                self._state, self.why = state, why
        self._ready.set()
        self._settled.set()


def _start(child: Path, settings: Settings) -> subprocess.Popen[bytes]:
    environ = child_environment(settings, os.environ)
    for name in _SECRETS:
        environ.pop(name, None)
    defaults = dict(BRISK)
    if not settings.flag("HF_XET_HIGH_PERFORMANCE"):
        defaults |= MODEST
    # -P: a `hf_xet.py` in the project is not hf_xet, and a cloned repository's must not be run.
    return subprocess.Popen(
        [sys.executable, "-P", "-X", "utf8", str(child)],
        env=defaults | environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
