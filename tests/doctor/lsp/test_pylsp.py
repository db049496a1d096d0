"""The plugin in a python-lsp-server as it is installed: what it says beside the other plugins, and what it leaves alone."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pylsp.config.config import Config
from pylsp.workspace import Document, Workspace

from qtune.doctor.lsp import pylsp_documents, pylsp_plugin
from qtune.doctor.lsp.pylsp_documents import Opened
from tests.doctor.lsp.peer import CAPABILITIES, Json, Peer, started

SCRIPT = """\
import os
import sys
from transformers import AutoModel
os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"
smile = "😀"; m = AutoModel.from_pretrained("Qwen/Qwen3-4B", use_auth_token=True)
"""
RENAMED = {"line": 4, "character": 62}  # in use_auth_token
SAYS = "takes no use_auth_token"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def server(project: Path) -> Iterator[Peer]:
    with pylsp(project) as peer:
        peer.open(project)
        yield peer


def pylsp(project: Path, **environ: str) -> Any:
    command = [sys.executable, "-m", "pylsp"]
    return started(command, project, {**os.environ, "QTUNE_LANG": "en", **environ})


def of(source: str, diagnostics: list[Json]) -> list[Json]:
    return [each for each in diagnostics if each["source"] == source]


def checked(path: Path) -> list[tuple[str, int, int, str, str]]:
    """What `qtune check` says of a file."""
    done = subprocess.run(
        [sys.executable, "-m", "qtune", "check", "--format", "json", path.name],
        cwd=path.parent,
        env={**os.environ, "QTUNE_LANG": "en"},
        capture_output=True,
    )
    found: list[Json] = json.loads(done.stdout)["findings"]
    return [
        (
            each["code"],
            each["span"]["line"],
            each["span"]["column"],
            each["severity"],
            each["message"],
        )
        for each in found
    ]


def as_checked(diagnostic: Json, text: str) -> tuple[str, int, int, str, str]:
    at = diagnostic["range"]["start"]
    ahead = text.split("\n")[at["line"]].encode("utf-16-le")[: 2 * at["character"]]
    severity = {1: "error", 2: "warning", 3: "info"}[diagnostic["severity"]]
    message = diagnostic["message"].split("\n")[0]
    column = len(ahead.decode("utf-16-le")) + 1
    return diagnostic["code"], at["line"] + 1, column, severity, message


def test_it_says_what_check_says_beside_pyflakes(server: Peer, project: Path) -> None:
    path = project / "train.py"
    path.write_text(SCRIPT, "utf-8")
    shown = server.show(path.as_uri(), "python", SCRIPT)
    assert [each["message"] for each in of("pyflakes", shown)] == ["'sys' imported but unused"]
    ours = [as_checked(each, SCRIPT) for each in of("qtune", shown)]
    assert ours == checked(path)
    assert [code for code, *_ in ours] == ["SRC001", "SRC004"]


def test_the_cells_that_jupyterlab_sends_as_one_text_are_judged(
    server: Peer, project: Path
) -> None:
    cells = "%matplotlib inline\n" + SCRIPT + "!ls\n"
    shown = of("qtune", server.show((project / "nb.ipynb").as_uri(), "python", cells))
    assert [(each["code"], each["range"]["start"]["line"]) for each in shown] == [
        ("SRC001", 4),
        ("SRC004", 5),
    ]
    assert "transformers in the code above" in shown[0]["message"]  # its line is not one of a cell


def test_each_cell_of_a_notebook_gets_its_own(server: Peer, project: Path) -> None:
    lines = SCRIPT.splitlines()
    cells = ["\n".join(lines[:3]), "\n".join(lines[3:])]
    uris = [f"vscode-notebook-cell:{project}/nb.ipynb#{number}" for number in range(2)]
    server.tell(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": (project / "nb.ipynb").as_uri(),
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": 2, "document": uri} for uri in uris],
            },
            "cellTextDocuments": [
                {"uri": uri, "languageId": "python", "version": 1, "text": text}
                for uri, text in zip(uris, cells, strict=True)
            ],
        },
    )
    assert of("qtune", server.diagnostics(uris[0])) == []
    shown = of("qtune", server.diagnostics(uris[1]))
    assert [(each["code"], each["range"]["start"]["line"]) for each in shown] == [
        ("SRC001", 0),
        ("SRC004", 1),
    ]


def test_what_is_put_right_is_no_longer_said(server: Peer, project: Path) -> None:
    uri = (project / "train.py").as_uri()
    assert of("qtune", server.show(uri, "python", SCRIPT))
    server.published.clear()
    change = {"text": "import os\nprint(os)\n"}
    server.tell(
        "textDocument/didChange",
        {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]},
    )
    assert server.diagnostics(uri) == []


def test_hover_tells_the_rule_and_hides_nothing(server: Peer, project: Path) -> None:
    uri = (project / "train.py").as_uri()
    server.show(uri, "python", SCRIPT)

    def hover(line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return server.ask(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": position}
        )

    told = hover(**RENAMED)
    assert told["contents"]["kind"] == "markdown"
    assert told["contents"]["value"].startswith("**SRC004**")
    assert SAYS in told["contents"]["value"]
    assert told["range"]["start"] == {"line": 4, "character": 61}
    # Where both have something to say; and where only the others have.
    both = hover(3, 1)["contents"]["value"]
    assert (
        both.startswith("**SRC001**") and "---" in both and "OS routines" in both.split("---")[-1]
    )
    assert "qtune" not in str(hover(1, 8)) and hover(1, 8)["contents"]


def test_the_fix_is_offered_where_the_finding_is(server: Peer, project: Path) -> None:
    uri = (project / "train.py").as_uri()
    server.show(uri, "python", SCRIPT)

    def actions(line: int) -> list[Json]:
        at = {"line": line, "character": 63}
        found = server.ask(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": {"start": at, "end": at},
                "context": {"diagnostics": []},
            },
        )
        return [each for each in found if each["title"] == "Rename it to token"]

    (action,) = actions(4)
    (edit,) = action["edit"]["changes"][uri]
    line = SCRIPT.split("\n")[4].encode("utf-16-le")
    begin, end = (2 * edit["range"][which]["character"] for which in ("start", "end"))
    after = (line[:begin] + edit["newText"].encode("utf-16-le") + line[end:]).decode("utf-16-le")
    assert after == 'smile = "😀"; m = AutoModel.from_pretrained("Qwen/Qwen3-4B", token=True)'
    assert action["diagnostics"][0]["code"] == "SRC004" and action["kind"] == "quickfix"
    assert actions(1) == []


def test_codes_are_completed_in_a_comment(server: Peer, project: Path) -> None:
    uri, text = (project / "train.py").as_uri(), "import os  # qtune: ignore[SRC\nprint(os)\n"
    server.show(uri, "python", text)
    position = {"line": 0, "character": len(text.split("\n")[0])}
    found = server.ask(
        "textDocument/completion", {"textDocument": {"uri": uri}, "position": position}
    )
    assert "SRC001" in [item["label"] for item in found["items"]]


def test_what_the_project_keeps_quiet_is_not_said(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.qtune.doctor]\nignore = ["SRC004"]\n', "utf-8")
    with pylsp(project) as peer:
        peer.open(project)
        shown = peer.show((project / "train.py").as_uri(), "python", SCRIPT)
    assert [each["code"] for each in of("qtune", shown)] == ["SRC001"]


def test_the_copies_that_jupyter_lsp_makes_are_judged_as_what_they_are_copies_of(
    project: Path,
) -> None:
    """Their folder is not the project's: its pyproject.toml lies above."""
    (project / "pyproject.toml").write_text('[tool.qtune.doctor]\nignore = ["SRC004"]\n', "utf-8")
    shadow = project / ".virtual_documents"
    shadow.mkdir()
    with pylsp(project) as peer:
        peer.open(shadow)
        shown = peer.show((shadow / "nb.ipynb").as_uri(), "python", SCRIPT)
    assert [each["code"] for each in of("qtune", shown)] == ["SRC001"]


def test_it_is_switched_off_by_pylsps_own_setting(project: Path) -> None:
    off = {"plugins": {"qtune": {"enabled": False}}}
    with pylsp(project) as peer:
        peer.open(project)
        peer.tell("workspace/didChangeConfiguration", {"settings": {"pylsp": off}})
        shown = peer.show((project / "train.py").as_uri(), "python", SCRIPT)
    assert of("qtune", shown) == [] and of("pyflakes", shown)


def test_it_speaks_the_users_language(project: Path) -> None:
    with pylsp(project, QTUNE_LANG="zh") as peer:
        peer.open(project)
        shown = peer.show((project / "train.py").as_uri(), "python", SCRIPT)
    assert any("修复：" in each["message"] for each in of("qtune", shown))


def test_links_are_for_clients_that_show_them(project: Path) -> None:
    able = json.loads(json.dumps(CAPABILITIES))
    able["textDocument"]["publishDiagnostics"]["codeDescriptionSupport"] = True
    uri = (project / "train.py").as_uri()
    with pylsp(project) as peer:
        peer.open(project, able)
        shown = of("qtune", peer.show(uri, "python", SCRIPT))
    assert all(each["codeDescription"]["href"].endswith(f"{each['code']}.md") for each in shown)
    with pylsp(project) as peer:
        peer.open(project, {})
        shown = of("qtune", peer.show(uri, "python", SCRIPT))
    assert shown and not any("codeDescription" in each for each in shown)


def open_document(path: Path, text: str) -> tuple[Config, Workspace, Document]:
    config = Config(path.parent.as_uri(), {}, None, CAPABILITIES)
    workspace = Workspace(path.parent.as_uri(), None, config)
    return config, workspace, Document(path.as_uri(), workspace, text)


@pytest.mark.parametrize(
    "text",
    [
        "", "\0\0", "(" * 3000, "x = '\ud800'", "def f(:\n", "\ufeff# coding: nonsense\nx=1", "{",
        "os.environ['HF_ENDPOINT'", "\r\r\n\f\x1c\u2028", "#" * 300_000, "%%bash\nls\n",
    ],
    ids=range(11),
)  # fmt: skip
def test_hostile_text_never_costs_the_others_their_answers(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, text: str
) -> None:
    """pylsp drops the answers of all plugins where one raises; what is caught is logged."""
    place = {"line": 999, "character": 999}
    asked: list[Callable[[Opened], Any]] = [
        lambda opened: opened.diagnostics(),
        lambda opened: opened.hover(place, None),
        lambda opened: opened.completions(place),
        lambda opened: opened.actions({"start": place, "end": place}),
    ]
    for name in ("a.py", "nb.ipynb"):
        document = open_document(tmp_path / name, text)
        with caplog.at_level(logging.WARNING):
            for ask in asked:
                told = pylsp_plugin._told(*document, ask, "lost")
                assert told != "lost"
    assert not [record for record in caplog.records if record.name == pylsp_plugin.__name__]


def test_a_fault_of_ours_is_logged_and_stays_with_us(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(self: object) -> list[Json]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(pylsp_documents.Opened, "diagnostics", broken)
    assert pylsp_plugin.pylsp_lint(*open_document(tmp_path / "a.py", SCRIPT)) == []
    assert "a bug" in caplog.text


def test_pylsp_finds_it_and_loads_little_of_it(tmp_path: Path) -> None:
    """What judging needs is imported when something is judged."""
    code = (
        "import sys, pylsp; from importlib.metadata import entry_points;"
        "(found,) = entry_points(group='pylsp', name='qtune');"
        "before = set(sys.modules); found.load(); print(*(m for m in set(sys.modules) - before if m.startswith('qtune')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    ours = {"qtune", "qtune.doctor", "qtune.doctor.lsp", "qtune.doctor.lsp.pylsp_plugin"}
    assert set(done.stdout.split()) == ours
