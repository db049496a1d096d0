"""The entry point for jupyter-lsp: found by its manager, allowed by its schema, and served through its web socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import websocket

from qtune.doctor.lsp import jupyter as entry
from tests.doctor.lsp.peer import Json, Peer
from tests.jupyter import jupyter

# What jupyterlab-lsp 5.3 says of itself: it shows diagnostics, hover and completion, and asks for no fixes.
JUPYTERLAB: Json = {
    "textDocument": {
        "synchronization": {"dynamicRegistration": True, "didSave": True},
        "publishDiagnostics": {"tagSupport": {"valueSet": [2, 1]}},
        "hover": {"dynamicRegistration": True, "contentFormat": ["markdown", "plaintext"]},
        "completion": {"dynamicRegistration": True, "contextSupport": False},
    },
    "workspace": {"didChangeConfiguration": {"dynamicRegistration": True}},
}
ENV = "# 😀\nHF_TOKN=x\nUSE_MODELSCOPE=maybe\n"
RUN = "model: Qwen/Qwen3-4B\ndata: train.jsonl\ntuning: qlorra\ntraining: {learning_rate: fast}\n"


def test_the_spec_is_one_that_jupyter_lsp_allows() -> None:
    found = find_spec("jupyter_lsp")
    assert found is not None and found.origin is not None
    schema = json.loads((Path(found.origin).parent / "schema/schema.json").read_text("utf-8"))
    spec = entry.spec(object())
    one = {**schema, "$ref": "#/definitions/language-server-specs-implementation-map"}
    jsonschema.validate(spec, one)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({entry.KEY: {"argv": spec[entry.KEY]["argv"]}}, one)


def test_python_is_left_to_the_users_own_server() -> None:
    """JupyterLab connects one server to a language."""
    (spec,) = entry.spec(object()).values()
    assert spec["languages"] == ["yaml", "toml", "plain"]
    assert spec["argv"] == [sys.executable, "-P", "-m", "qtune", "lsp"]


def test_no_file_beside_the_notebooks_is_run(tmp_path: Path) -> None:
    for name in ("qtune", "pygls", "lsprotocol", "json"):
        (tmp_path / f"{name}.py").write_text("open('run', 'w').close()\n")
    (spec,) = entry.spec(object()).values()
    subprocess.run(spec["argv"], cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=60)
    assert not (tmp_path / "run").exists()


def test_without_pygls_there_is_no_server_and_no_noise(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pygls'] = None; import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name: None if name == 'pygls' else find(name);"
        "from qtune.doctor.lsp.jupyter import spec; print(spec(None))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("{}\n", "")


def test_the_manager_finds_it(tmp_path: Path) -> None:
    code = (
        "import json; from jupyter_lsp import LanguageServerManager as M; m = M(); m.initialize();"
        "print(json.dumps(m.language_servers))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)[entry.KEY] == entry.spec(None)[entry.KEY]


@contextmanager
def through(url: str) -> Iterator[Peer]:
    address = url.replace("http://", "ws://") + f"lsp/ws/{entry.KEY}"
    socket: Any = websocket.create_connection(address, timeout=1)

    def receive(seconds: float) -> Json | None:
        try:
            message: Json = json.loads(socket.recv())
        except websocket.WebSocketTimeoutException:
            return None
        return message

    try:
        yield Peer(lambda message: socket.send(json.dumps(message)), receive)
    finally:
        socket.close()


def test_through_jupyters_web_socket(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.jsonl").write_text('{"instruction": "Say 1", "output": "1"}\n', "utf-8")
    with jupyter(project, tmp_path / "home") as url, through(url) as peer:
        answer = peer.open(project, JUPYTERLAB)
        assert answer["serverInfo"]["name"] == "qtune"
        shown = {
            name: peer.show((project / name).as_uri(), language, text)
            for name, language, text in [
                (".env", "plain", ENV),
                ("demo.env", "plain", ENV),
                ("sft.yaml", "yaml", RUN),
                ("notes.txt", "plain", "HF_TOKN=x\n"),
                ("compose.yaml", "yaml", "services: {}\n"),
            ]
        }
        hover = peer.ask(
            "textDocument/hover",
            {
                "textDocument": {"uri": (project / ".env").as_uri()},
                "position": {"line": 1, "character": 2},
            },
        )
    for name in (".env", "demo.env"):
        assert [(each["code"], each["range"]["start"]) for each in shown[name]] == [
            ("ENV804", {"line": 1, "character": 0}),
            ("ENV805", {"line": 2, "character": 0}),
        ]
    assert shown["notes.txt"] == shown["compose.yaml"] == []
    # Without a light bulb, the message has to say what mends it.
    assert "Fix: Rename HF_TOKN to HF_TOKEN" in shown[".env"][0]["message"]
    lines = [each["range"]["start"]["line"] for each in shown["sft.yaml"]]
    assert lines == [2, 3] and all(each["code"].startswith("CFG") for each in shown["sft.yaml"])
    assert hover["contents"]["value"].startswith("**ENV804**")
    # Nothing is written beside the user's files.
    assert sorted(path.name for path in project.iterdir()) == ["train.jsonl"]
