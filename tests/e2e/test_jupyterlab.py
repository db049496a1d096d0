"""A real JupyterLab in a real browser: squiggles in `.env`, in a run config and, through pylsp, in a notebook's cell."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, TimeoutError, expect, sync_playwright

from tests.browser import PROGRAM
from tests.jupyter import jupyter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine"),
]

PATIENCE = 60_000  # milliseconds: the first page of a JupyterLab on a busy machine
SHOWN = ".lm-DockPanel-widget:not(.lm-mod-hidden)"
ENV = "# which hub\nUSE_MODELSCOPE=maybe\nHF_TOKN=x\n"
RUN = "model: Qwen/Qwen3-4B\ndata: train.jsonl\ntuning: lora\ntraining:\n  learning_rate: fast\n"
CELLS = (
    "%matplotlib inline\nimport os\nfrom transformers import AutoModel",
    'os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"\n'
    'model = AutoModel.from_pretrained("Qwen/Qwen3-4B", use_auth_token=True)',
)


class Lab:
    """One tab of the browser. `strays` are the addresses beyond loopback that it asked for, in vain."""

    def __init__(self, page: Page, url: str, screens: Path) -> None:
        self.page, self.url, self.screens = page, url, screens
        self.strays: list[str] = []
        page.context.route(lambda asked: not asked.startswith(url), self._refuse)
        page.on("websocket", lambda socket: self._met(socket.url))

    def _refuse(self, route: Route) -> None:
        self.strays.append(route.request.url)
        route.abort()

    def _met(self, url: str) -> None:
        if not url.startswith(self.url.replace("http://", "ws://")):
            self.strays.append(url)

    def open(self, name: str) -> None:
        self.page.goto(f"{self.url}lab/tree/{name}?reset", timeout=PATIENCE)
        self.page.wait_for_selector(f"{SHOWN} .cm-content", timeout=PATIENCE)

    def squiggle(self, text: str) -> Locator:
        """What is underlined and says `text`; it waits for it."""
        found = self.page.locator(f"{SHOWN} .cm-lintRange", has_text=text).first
        found.wait_for(timeout=PATIENCE)
        return found

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.screens / f"jupyterlab-{name}.png")

    def tip(self, over: Locator) -> str:
        """What JupyterLab shows of the diagnostic itself, where the mouse rests."""
        return self._pointed(over, ".cm-tooltip-lint", (0.2, 0.4, 0.6, 0.8))

    def hover(self, over: Locator) -> str:
        """What the server says of the place: JupyterLab shows it while Ctrl is held."""
        self.page.keyboard.down("Control")
        try:
            return self._pointed(over, ".lsp-hover", (0.5, 0.7, 0.35, 0.85))
        finally:
            self.page.keyboard.up("Control")

    def _pointed(self, over: Locator, bubble: str, parts: tuple[float, ...]) -> str:
        """The words in the bubble. About the character it asked of last JupyterLab does not ask again."""
        shown = self.page.locator(bubble, has_text=re.compile(r"\w")).first
        for part in parts * 3:
            box = over.bounding_box()
            assert box is not None
            x, y = box["x"] + part * box["width"], box["y"] + box["height"] / 2
            self.page.mouse.move(600, 600)
            for nudge in (0, 1, 2):  # a move that comes while JupyterLab is busy is dropped
                self.page.mouse.move(x + nudge / 2, y + nudge)
                with contextlib.suppress(TimeoutError):
                    shown.wait_for(timeout=1_500)
                    return shown.inner_text()
        raise AssertionError(f"no {bubble}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home, root = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("project")
    (root / ".env").write_text(ENV, "utf-8")
    (root / "sft.yaml").write_text(RUN, "utf-8")
    (root / "train.jsonl").write_text('{"instruction": "Say 1", "output": "1"}\n', "utf-8")
    (root / "nb.ipynb").write_text(json.dumps(_notebook()), "utf-8")
    screens = Path(os.environ.get("QTUNE_SCREENS") or tmp_path_factory.mktemp("screens"))
    screens.mkdir(parents=True, exist_ok=True)
    with jupyter(root, home, lab=True) as url, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        arguments += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        yield Lab(page, url, screens)
        browser.close()


def _notebook() -> dict[str, object]:
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": text,
        }
        for number, text in enumerate(CELLS)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def test_a_hidden_file_of_settings(lab: Lab) -> None:
    lab.open(".env")
    wrong = lab.squiggle("USE_MODELSCOPE")
    lab.squiggle("HF_TOKN")
    assert "'maybe' is neither True nor False\nFix: Write one of True, False" in lab.tip(wrong)
    lab.shot("env-squiggle")
    told = lab.hover(wrong)
    assert told.startswith("ENV805 (error)") and "A setting was given a value" in told
    assert "**" not in told and "`" not in told
    lab.shot("env-hover")
    # What is put right is no longer underlined, without saving.
    lab.page.locator(f"{SHOWN} .cm-line", has_text="USE_MODELSCOPE").click()
    lab.page.keyboard.press("End")
    for _ in "maybe":
        lab.page.keyboard.press("Backspace")
    lab.page.keyboard.type("True")
    expect(lab.page.locator(f"{SHOWN} .cm-lintRange", has_text="USE_MODELSCOPE")).to_have_count(
        0, timeout=PATIENCE
    )
    lab.squiggle("HF_TOKN")
    lab.shot("env-mended")
    assert lab.strays == []


def test_a_run_config(lab: Lab) -> None:
    lab.open("sft.yaml")
    wrong = lab.squiggle("fast")
    assert "wants a number" in lab.tip(wrong)
    lab.shot("yaml-squiggle")
    key = lab.page.locator(f"{SHOWN} .cm-line span", has_text="model").first
    assert "The model to train." in lab.hover(key)
    lab.shot("yaml-hover")
    assert lab.strays == []


def test_a_cell_of_a_notebook_through_pylsp(lab: Lab) -> None:
    lab.open("nb.ipynb")
    renamed = lab.squiggle("use_auth_token")
    assert "takes no use_auth_token any more" in lab.tip(renamed)
    lab.shot("notebook-squiggle")
    late = lab.squiggle("os")
    assert "HF_ENDPOINT is set too late to be read" in lab.tip(late)
    told = lab.hover(late)
    assert told.startswith("SRC001 (warning)") and "reads these variables once" in told
    lab.shot("notebook-hover")
    assert lab.strays == []
