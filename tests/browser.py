"""A real browser, where one is installed: opens a page at a width and in light or dark, and answers what it measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

PROGRAM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
Scheme = Literal["light", "dark"]


class Browser:
    """Chromium's debugging protocol over a pair of pipes: messages are JSON with a NUL behind each."""

    def __init__(self, writing: int, reading: int) -> None:
        self._out = os.fdopen(writing, "wb", buffering=0)
        self._in = os.fdopen(reading, "rb", buffering=0)
        self._rest = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str | None = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def open(self, url: str, width: int, scheme: Scheme) -> None:
        """Returns when everything is loaded; `requests` and `complaints` are of this page."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.ask("Emulation.setEmulatedMedia", features=[feature])
        self.events = []
        assert "errorText" not in self.ask("Page.navigate", url=url), url
        while not self._met("Page.loadEventFired"):
            self.events.append(self._read())

    def evaluate(self, script: str) -> Any:
        answer = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    @property
    def requests(self) -> list[str]:
        return [
            event["params"]["request"]["url"] for event in self._met("Network.requestWillBeSent")
        ]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings of the console, such as what a policy has blocked."""
        logged = [event["params"]["entry"]["text"] for event in self._met("Log.entryAdded")]
        thrown = [str(event["params"]) for event in self._met("Runtime.exceptionThrown")]
        return logged + thrown

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._ask(method, self._session, **params)

    def close(self) -> None:
        self._ask("Browser.close")
        self._out.close()
        self._in.close()

    def _ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = self._in.read(1 << 16)
            assert part, "the browser is gone"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _met(self, method: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("method") == method]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """`profile` is an empty folder for the browser's own files. It cannot reach any host but this machine."""
    assert PROGRAM is not None
    to_it, writing = os.pipe()
    reading, from_it = os.pipe()
    # It reads from descriptor 3 and writes to 4, whatever they are called here.
    command = (
        f'exec "$0" "$@" 3<&{to_it} 4>&{from_it}',
        PROGRAM, "--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-dev-shm-usage", "--disable-sync", f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    )  # fmt: skip
    process = subprocess.Popen(
        ["bash", "-c", *command],
        pass_fds=(to_it, from_it),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(profile)},
    )
    os.close(to_it)
    os.close(from_it)
    try:
        opened = Browser(writing, reading)
        try:
            yield opened
        finally:
            opened.close()
        process.wait(20)
    finally:
        process.kill()
        process.wait()
