"""The real VS Code in a real browser, with the extension as its users install it.

The server is that of the npm package code-server; `tests/e2e/run` installs it, and makes the .vsix.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser import PROGRAM
from tests.installed import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# Read when imported: a test has a home of its own.
TOOLS = Path(
    os.environ.get("E2E_TOOLS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qtune-e2e"
)
VSCODE = TOOLS / "node_modules/code-server/lib/vscode"
VSIX = ROOT / "editors/vscode/qtune.vsix"
SCREENS = os.environ.get("QTUNE_SCREENS")
PATIENCE = 60_000  # ms; a busy machine takes its time


def lacking() -> str:
    """What is not here of all that these tests need; "" when nothing is."""
    needs = {
        "node": shutil.which("node") is not None,
        "Chromium": PROGRAM is not None,
        "playwright (the extra `e2e`)": find_spec("playwright") is not None,
        "pygls (the extra `lsp`)": find_spec("pygls") is not None,
        f"code-server in {TOOLS}": (VSCODE / "out/server-main.js").is_file(),
        "editors/vscode/qtune.vsix": VSIX.is_file(),
    }
    missing = ", ".join(name for name, here in needs.items() if not here)
    return f"tests/e2e/run installs what is missing: {missing}" if missing else ""


@dataclass(frozen=True)
class Server:
    """A running VS Code without a window; `data` holds its settings."""

    url: str
    data: Path
    pid: int

    def machine(self, settings: Mapping[str, Any]) -> None:
        """What no workspace can set; it notices the change by itself."""
        _write(self.data / "data/Machine/settings.json", settings)


@contextmanager
def server(
    folder: Path,
    environ: Mapping[str, str],
    user: Mapping[str, Any],
    others: Sequence[Path] = (),
) -> Iterator[Server]:
    """`folder` is empty; `user` are the user's settings, `others` the folders of more extensions."""
    data, extensions = folder / "data", folder / "extensions"
    extensions.mkdir(parents=True)
    for other in others:
        shutil.copytree(other, extensions / other.name)
    places = ("--server-data-dir", str(data), "--extensions-dir", str(extensions))
    program = ("node", str(VSCODE / "out/server-main.js"), "--accept-server-license-terms", *places)
    subprocess.run(
        [*program, "--install-extension", str(VSIX)], env=environ, check=True, capture_output=True
    )
    _write(
        data / "data/User/settings.json",
        {
            "workbench.startupEditor": "none",
            "workbench.tips.enabled": False,
            "extensions.ignoreRecommendations": True,
            "git.enabled": False,
            "files.autoSave": "off",  # as outside of a browser
            "security.workspace.trust.startupPrompt": "always",
            "security.workspace.trust.banner": "never",
            **user,
        },
    )
    port = _free_port()
    where = ("--host", "127.0.0.1", "--port", str(port), "--without-connection-token")
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*program, *where, "--telemetry-level", "off"], env=environ, stdout=log, stderr=log
        )
        try:
            _wait_for(port, process)
            yield Server(f"http://127.0.0.1:{port}", data, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _write(path: Path, settings: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings), "utf-8")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("VS Code's server did not start")


@dataclass(frozen=True)
class Window:
    """One folder, open in the browser. A method returns when the thing is there to be seen."""

    page: Page
    folder: Path

    def find(self, selector: str, text: str | re.Pattern[str] = "") -> Locator:
        found = self.page.locator(selector, has_text=text) if text else self.page.locator(selector)
        found.first.wait_for(timeout=PATIENCE)
        return found.first

    def open(self, name: str) -> None:
        row = self.page.locator(".explorer-folders-view .monaco-list-row", has_text=name)
        row.first.wait_for(timeout=PATIENCE)
        row.first.dblclick()
        self.find(".tab.active", name)

    def squiggle(self, severity: str = "warning") -> Locator:
        return self.find(f".squiggly-{severity}")

    def problems(self, text: str) -> str:
        """All rows of the panel, as soon as one of them holds this text."""
        if not self.page.locator(".markers-panel").is_visible():
            self.command("View: Focus Problems")
        self.find(".markers-panel .monaco-list-row", text)
        return "\n".join(self.page.locator(".markers-panel .monaco-list-row").all_inner_texts())

    def line(self, number: int) -> Locator:
        """By its place: the lines are not in order in the page."""
        lines = self.page.locator(".editor-instance .view-lines .view-line")
        lines.first.wait_for(timeout=PATIENCE)
        tops = [(line.bounding_box() or {"y": 0.0})["y"] for line in lines.all()]
        return lines.nth(sorted(range(len(tops)), key=tops.__getitem__)[number - 1])

    def command(self, title: str) -> None:
        self.page.keyboard.press("F1")
        field = self.find(".quick-input-widget input")
        field.fill(f">{title}")
        self.find(".quick-input-list .monaco-list-row", title)
        self.page.keyboard.press("Enter")
        self.page.locator(".quick-input-widget").wait_for(state="hidden", timeout=PATIENCE)

    def light_bulb(self, line: int, action: str) -> None:
        """Chooses that action at the beginning of the line."""
        menu = self.page.locator(".action-widget .monaco-list-row", has_text=action)
        end = time.monotonic() + PATIENCE / 1000
        while not menu.count() and time.monotonic() < end:  # it closes again when anything moves
            self.line(line).click(position={"x": 3, "y": 8})
            self.page.keyboard.press("Control+.")
            self.page.wait_for_timeout(2000)
        menu.first.wait_for(timeout=PATIENCE)
        self.shot("light-bulb")
        chosen = self.page.locator(".action-widget .monaco-list-row.focused")
        while action not in chosen.inner_text():
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    def save(self, name: str) -> str:
        """The file's text after the changes in it are saved."""
        self.find(".tab.active.dirty", name)
        self.page.keyboard.press("Control+s")
        self.find(".tab.active:not(.dirty)", name)
        return (self.folder / name).read_text("utf-8")

    def toast(self, text: str | re.Pattern[str]) -> Locator:
        return self.find(".notification-toast .notification-list-item", text)

    @property
    def status(self) -> Locator:
        return self.page.locator("[id='qtune.qtune.qtune.status']")

    def shot(self, name: str) -> None:
        """A picture to look at, when somebody wants to."""
        if SCREENS:
            Path(SCREENS).mkdir(parents=True, exist_ok=True)
            self.page.wait_for_timeout(500)  # until what slides in has come to rest
            self.page.screenshot(path=Path(SCREENS) / f"vscode-{name}.png")


@contextmanager
def window(
    running: Server, folder: Path, trusted: bool = True, locale: str = "en"
) -> Iterator[Window]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags: Sequence[str] = ("--no-sandbox", "--disable-dev-shm-usage")
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=flags)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, locale=locale)
            page.goto(f"{running.url}/?folder={folder}", timeout=PATIENCE)
            answer = "Yes, I trust the authors" if trusted else "No, I don't trust the authors"
            page.get_by_role("button", name=answer).click(timeout=PATIENCE)
            yield Window(page, folder)
        finally:
            browser.close()
