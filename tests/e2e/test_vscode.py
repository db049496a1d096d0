"""qtune in the real VS Code: what a user sees of it, and what a click does."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import vscode
from tests.e2e.road import Road, road, until
from tests.e2e.vscode import Server, Window, window
from tests.hub.faults import Fault, Kind

LACKING = vscode.lacking()
pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.skipif(bool(LACKING), reason=LACKING)]

QTUNE = Path(sys.executable).with_name("qtune")
RUN_CONFIG = "model: Qwen/Qwen3-4B\ndata: quickstart\ntraining:\n  lerning_rate: 1.0e-4\n"
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Train"]},
        *(
            {
                "cell_type": "code",
                "id": name,
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": [source],
            }
            for name, source in (
                ("b", "import os\nfrom huggingface_hub import snapshot_download"),
                ("c", 'os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"'),
            )
        ),
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
MISSPELT = "# settings\nUSE_MODELSCOP=True\nDEFAULT_MODEL=Qwen/Qwen3-4B\n"


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """Both hubs, healthy, on loopback."""
    with road(tmp_path_factory.mktemp("nothing"), Path(sys.executable)) as running:
        yield running


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory, way: Road) -> dict[str, str]:
    """Of VS Code and all that it starts. No qtune lies on this PATH."""
    own = ("HF_", "QTUNE_", "MODELSCOPE_", "XDG_")
    kept = {k: v for k, v in way.environment({}).items() if not k.startswith(own)}
    beside = str(QTUNE.parent)
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != beside]
    home = tmp_path_factory.mktemp("home")
    return {**kept, "HOME": str(home), "PATH": os.pathsep.join(path)}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Iterator[Server]:
    fixing = {"editor.codeActionsOnSave": {"source.fixAll.qtune": "explicit"}}
    with vscode.server(tmp_path_factory.mktemp("vscode"), environ, fixing) as running:
        running.machine({"qtune.path": str(QTUNE)})
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".env").write_text(MISSPELT, "utf-8")
    (folder / ".env").chmod(0o600)
    (folder / "sft.yaml").write_text(RUN_CONFIG, "utf-8")
    (folder / "train.ipynb").write_text(json.dumps(NOTEBOOK), "utf-8")
    return folder


@pytest.fixture
def opened(code: Server, project: Path) -> Iterator[Window]:
    with window(code, project) as shown:
        yield shown


def expect_text(shown: Window, text: str) -> None:
    """In the status bar, without its symbols."""
    assert until(lambda: shown.status.inner_text().split() == text.split()), (
        shown.status.inner_text()
    )


def servers() -> set[int]:
    """Language servers, of whatever window: there is one window at a time."""
    return {pid for pid, words in processes() if words[-1:] == ["lsp"] and str(QTUNE) in words}


def doctors(folder: Path) -> set[int]:
    return {pid for pid, words in processes() if "doctor" in words and cwd(pid) == folder}


def processes() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                yield int(entry.name), [os.fsdecode(word) for word in line.split(b"\0") if word]


def cwd(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def test_a_misspelt_key_is_underlined_and_stands_among_the_problems(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()
    said = opened.problems("ENV804")
    opened.shot("problems")
    assert "USE_MODELSCOP (.env line 2) is no setting of qtune" in said
    assert "Fix: Rename USE_MODELSCOP to USE_MODELSCOPE" in said
    assert "[Ln 2, Col 1]" in said


def test_the_light_bulb_renames_it(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()
    opened.light_bulb(2, "Rename USE_MODELSCOP to USE_MODELSCOPE")
    opened.find(".view-lines", "USE_MODELSCOPE=True")
    opened.page.locator(".squiggly-warning").wait_for(state="detached", timeout=vscode.PATIENCE)
    assert opened.save(".env") == MISSPELT.replace("MODELSCOP=", "MODELSCOPE=")


def test_saving_fixes_all_that_is_safe_to_fix(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()
    opened.line(1).click()
    opened.page.keyboard.press("Control+End")
    opened.page.keyboard.type("HF_ENDPONT=https://hf-mirror.com")
    text = opened.save(".env")
    assert text.splitlines()[1:] == [
        "USE_MODELSCOPE=True",
        "DEFAULT_MODEL=Qwen/Qwen3-4B",
        "HF_ENDPOINT=https://hf-mirror.com",
    ]


def test_it_speaks_chinese_when_asked_to(code: Server, project: Path) -> None:
    (project / ".vscode").mkdir()
    settings = project / ".vscode/settings.json"
    settings.write_text(json.dumps({"qtune.language": "zh"}), "utf-8")
    with window(code, project) as shown:
        shown.open(".env")
        shown.squiggle()
        said = shown.problems("ENV804")
        shown.shot("chinese")
        assert "不是 qtune 的设置；是不是 USE_MODELSCOPE？" in said


def test_a_hover_tells_what_a_setting_means_and_which_value_is_in_effect(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()
    opened.line(3).hover(position={"x": 20, "y": 8})
    said = opened.find(".monaco-hover:not(.hidden)", "DEFAULT_MODEL")
    opened.shot("hover")
    assert "The model when a command or run config names none." in said.inner_text()


def test_the_doctor_runs_from_the_palette_and_its_report_opens(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()
    opened.command("qtune: Run doctor")
    opened.toast(re.compile(r"qtune doctor.*\d+/\d+", re.S))
    opened.shot("doctor-running")
    said = opened.toast("the doctor found").inner_text()
    counts = re.findall(r"(\d+) (?:error|warning)", said)
    assert counts, said  # the misspelt key, and what this machine lacks
    expect_text(opened, " ".join(["qtune", *counts]))
    opened.shot("doctor")
    opened.command("qtune: Open report")
    opened.find(".tab.active", "qtune report")
    page = opened.page.frame_locator("iframe.webview.ready").frame_locator("iframe")
    page.get_by_text("ENV804").first.wait_for(timeout=vscode.PATIENCE)
    opened.shot("report")


def test_a_doctor_that_was_cancelled_is_gone(opened: Window, way: Road) -> None:
    opened.open(".env")
    opened.squiggle()
    silence = way.hub.fault(Fault(Kind.SILENT))
    try:
        opened.status.click()  # the same as in the palette
        opened.toast(re.compile(r"\d+/\d+"))
        assert doctors(opened.folder)
        opened.find(".notification-toast .monaco-button", "Cancel").click()
        assert until(lambda: not doctors(opened.folder)), "it still runs"
    finally:
        way.hub.lift(silence)
    expect_text(opened, "qtune")


def test_a_run_config_is_underlined_at_the_key(opened: Window) -> None:
    opened.open("sft.yaml")
    opened.squiggle("error")
    said = opened.problems("CFG005")
    opened.shot("run-config")
    assert "unknown key training.lerning_rate" in said
    assert "[Ln 4, Col 3]" in said


def test_a_notebook_is_judged_cell_by_cell(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()  # before its extensions are there, VS Code shows a notebook as JSON
    opened.open("train.ipynb")
    opened.find(".notebook-editor .squiggly-warning")
    said = opened.problems("SRC001")
    opened.shot("notebook")
    assert "huggingface_hub in code cell 1 has imported it" in said
    assert "SRC001\n[Ln 1, Col 1]" in said  # of its own cell


def test_in_a_folder_that_is_not_trusted_the_users_own_qtune_serves(
    code: Server, project: Path
) -> None:
    with window(code, project, trusted=False) as shown:
        shown.open(".env")
        shown.squiggle()
        shown.shot("restricted")


def test_a_server_that_died_is_started_again(opened: Window) -> None:
    opened.open(".env")
    opened.squiggle()
    before = servers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: servers() - before)
    opened.line(3).click()
    opened.page.keyboard.press("End")
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.type("HF_ENDPONT=https://hf-mirror.com")
    assert "HF_ENDPONT (.env line 4)" in opened.problems("HF_ENDPONT")


def test_another_path_starts_another_server_and_a_wrong_one_is_said(
    code: Server, opened: Window
) -> None:
    opened.open(".env")
    opened.squiggle()
    try:
        code.machine({"qtune.path": "/nowhere/qtune"})
        said = opened.toast("qtune.path").inner_text()
        opened.shot("wrong-path")
        assert '"/nowhere/qtune", and no program has that path' in said
        opened.page.locator(".squiggly-warning").wait_for(state="detached", timeout=vscode.PATIENCE)
    finally:
        code.machine({"qtune.path": str(QTUNE)})
    opened.squiggle()


def test_without_qtune_the_line_that_installs_it_is_one_click_away(
    code: Server, opened: Window
) -> None:
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.open(".env")
    opened.squiggle()
    try:
        code.machine({})
        said = opened.toast("qtune is not installed here").inner_text()
        opened.shot("not-installed")
        assert 'pip install "qtune[lsp]"' in said
        opened.find(".notification-toast .monaco-button", "Copy the command").click()
        copied = "navigator.clipboard.readText()"
        assert until(lambda: opened.page.evaluate(copied) == 'pip install "qtune[lsp]"')
    finally:
        code.machine({"qtune.path": str(QTUNE)})
    opened.squiggle()


@pytest.fixture
def with_python(tmp_path: Path, environ: dict[str, str]) -> Iterator[Server]:
    """VS Code with what qtune asks of the Python extension: which interpreter is selected."""
    folder = tmp_path / "ms-python.python-2026.1.0"
    folder.mkdir()
    manifest = {
        "name": "python",
        "publisher": "ms-python",
        "version": "2026.1.0",
        "engines": {"vscode": "^1.82.0"},
        "main": "./main.js",
        "activationEvents": ["onLanguage:python"],
        "capabilities": {"untrustedWorkspaces": {"supported": True}},
    }
    (folder / "package.json").write_text(json.dumps(manifest), "utf-8")
    (folder / "main.js").write_text(
        f"""
        const vscode = require('vscode');
        const path = {json.dumps(sys.executable)};
        exports.activate = () => ({{
          environments: {{
            getActiveEnvironmentPath: () => ({{ path }}),
            resolveEnvironment: async (one) => ({{ executable: {{ uri: vscode.Uri.file(one.path) }} }}),
            onDidChangeActiveEnvironmentPath: () => ({{ dispose() {{}} }}),
          }},
        }});
        """,
        "utf-8",
    )
    with vscode.server(tmp_path / "vscode", environ, {}, [folder]) as running:
        yield running


def test_the_selected_python_serves_in_a_folder_that_is_trusted_and_in_no_other(
    with_python: Server, project: Path
) -> None:
    started = [sys.executable, "-P", "-m", "qtune", "lsp"]

    def running() -> bool:
        return any(words == started for _, words in processes())

    with window(with_python, project, trusted=False) as shown:
        shown.open(".env")
        shown.toast("qtune is not installed here")
        assert not running()
    with window(with_python, project) as shown:
        shown.open(".env")
        shown.squiggle()
        assert running()
