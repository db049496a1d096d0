"""The server opens no socket, starts no process, writes into no project, loads nothing heavy, and tells no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.lsp.wire import PLAIN, Message, Wire, place, stretch, wire
from tests.hub.worlds import GOOD

WATCH = """\
import atexit, json, os, sys
_told, _file = set(), open(os.environ["WATCHED"], "a", buffering=1)
_WRONG = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
          "socket.sendmsg", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork",
          "os.forkpty", "pty.spawn", "urllib.Request", "webbrowser.open")
def _hook(event, arguments):
    if event in _WRONG:
        _file.write(f"{event} {arguments!r}\\n")
    elif event == "open" and isinstance(arguments[0], str) and isinstance(arguments[2], int):
        if arguments[2] & (os.O_WRONLY | os.O_RDWR) and arguments[0].startswith(os.environ["PROJECT"]):
            _file.write(f"write {arguments!r}\\n")
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.chmod", "shutil.rmtree"):
        if str(arguments[0]).startswith(os.environ["PROJECT"]):
            _file.write(f"{event} {arguments!r}\\n")
sys.addaudithook(_hook)
atexit.register(lambda: _file.write("modules " + " ".join(sys.modules) + "\\n"))
"""
HEAVY = (
    *("httpx", "httpcore", "rich", "torch", "click", "huggingface_hub", "modelscope", "requests"),
    *("transformers", "numpy", "urllib3", "filelock", "truststore"),
)
TEXTS = {
    ".env": f"# qtune: ignore-file[HUB204]\nUSE_MODELSCOPE=False\nHF_TOKEN={GOOD}\nHF_ENDPOINT=https://evil.example\nHTTPS_PROXY=http://10.0.0.1:1\n",
    "run.yaml": "model: Qwen/Qwen3-4B\ndata: train.jsonl\ntuning: lorra\nlora: {r: 8}\n",
    "train.py": (
        "import os\nfrom transformers import AutoModel\nos.environ['HF_ENDPOINT'] = 'https://a'\n"
        "AutoModel.from_pretrained('meta-llama/Llama-3.1-8B', use_auth_token=True, revision='main')\n"
    ),
    "requirements.txt": "torch==1.0\ntransformers\n",
    "pyproject.toml": '[project]\ndependencies = ["torch==1.0"]\n[tool.qtune.doctor]\nignore = ["X"]\n',
    "data.jsonl": '{"a": 1}\n{\n',
    "nb.ipynb": '{"cells": [{"cell_type": "code", "source": "import os", "metadata": {}, "outputs": []}]}',
}
ASKED: tuple[tuple[str, Message], ...] = (
    ("textDocument/documentLink", {}),
    ("textDocument/codeLens", {}),
    ("textDocument/inlayHint", {"range": stretch(0, 0, 99, 0)}),
    ("textDocument/codeAction", {"range": stretch(0, 0, 99, 0), "context": {"diagnostics": []}}),
)


def everything(server: Wire, root: Path, names: tuple[str, ...]) -> None:
    for name in names:
        uri, text = (root / name).as_uri(), TEXTS[name]
        server.open(uri, text)
        server.found(uri)
        document = {"textDocument": {"uri": uri}}
        for number, line in enumerate(text.split("\n")):
            for character in range(0, len(line) + 1, 3):
                at = {**document, "position": place(number, character)}
                server.request("textDocument/hover", at)
                server.request("textDocument/completion", at)
        for method, params in ASKED:
            server.request(method, {**document, **params})
        version = server.change(uri, [{"range": stretch(0, 0, 0, 0), "text": "#\n"}])
        server.found(uri, version)
        server.notify("textDocument/didSave", document)
        server.found(uri, version)
        server.close(uri)
        server.found(uri, None)


def watched(tmp_path: Path, names: tuple[str, ...]) -> tuple[list[str], set[str]]:
    """What it did that it should not, and which modules it had at the end."""
    site, root, log = tmp_path / "site", tmp_path / "root", tmp_path / "log"
    site.mkdir()
    root.mkdir()
    for name, text in TEXTS.items():
        (root / name).write_text(text)
    (site / "sitecustomize.py").write_text(WATCH)
    extra = {"PYTHONPATH": str(site), "WATCHED": str(log), "PROJECT": str(root)}
    with wire(tmp_path / "home", extra=extra, cwd=root) as server:
        server.start(root)
        everything(server, root, names)
        assert server.end() == 0
        assert server.stderr() == ""
    lines = log.read_text().splitlines()
    assert lines[-1].startswith("modules ")
    return lines[:-1], {*lines[-1].split()[1:]}


def test_no_socket_is_opened_no_process_started_and_nothing_heavy_loaded(tmp_path: Path) -> None:
    done, modules = watched(tmp_path, tuple(TEXTS))
    assert done == []
    heavy = modules & {*HEAVY}
    assert heavy == set()
    assert "yaml" in modules and "qtune.doctor.documents.source.python" in modules


def test_what_a_dotenv_does_not_need_is_not_loaded_for_it(tmp_path: Path) -> None:
    done, modules = watched(tmp_path, (".env",))
    assert done == []
    heavy = modules & {*HEAVY, "yaml"}
    assert heavy == set()
    assert not [name for name in modules if name.startswith("qtune.doctor.documents.source.python")]


def test_the_watch_itself_sees_what_it_is_for(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    import os
    import subprocess
    import sys

    (tmp_path / "sitecustomize.py").write_text(WATCH)
    log = tmp_path / "log"
    work = (
        "import socket, subprocess, sys, os\n"
        "subprocess.run([sys.executable, '-S', '-c', ''])\n"
        "socket.getaddrinfo('localhost', 1)\n"
        "open(os.environ['PROJECT'] + '/new', 'w').close()\n"
    )
    extra = {"PYTHONPATH": str(tmp_path), "WATCHED": str(log), "PROJECT": str(tmp_path)}
    subprocess.run([sys.executable, "-c", work], env={**os.environ, **extra}, check=True)
    seen = {line.split()[0] for line in log.read_text().splitlines()}
    assert {"subprocess.Popen", "socket.getaddrinfo", "write", "modules"} <= seen


# --- secrets --------------------------------------------------------------------------------------

TOKEN = "hf_" + "QkZpTnYwLmRtUxCvBnMaSdFgHjKlWeRtYu"[:34]
PASSWORD = "s3cr3tPassw0rdOfMine"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    home = tmp_path_factory.mktemp("home")
    with wire(home) as running:
        running.start(home, {**PLAIN, "workspace": {}})
        yield running
        assert running.end() == 0


TYPED = {
    ".env": ("USE_MODELSCOPE=False\nHF_TOKEN=", TOKEN, "\nA=1\n"),
    "quoted/.env": ('HF_TOKEN="', TOKEN, "\nUSE_MODELSCOPE=Fals\nHF_TOKEN=\n"),
    "other/.env": ("HF_ENDPOINT=", TOKEN, "\n"),
    "key/.env": ("", TOKEN, "\nHF_TOKKEN=1\n"),
    "proxy/.env": ("HTTPS_PROXY=http://me:", PASSWORD, "@10.0.0.1:8080\n"),
    "run.yaml": ("model: Qwen/Qwen3-4B\ntuning: lora\ntraining: {hub_token: ", TOKEN, "}\n"),
    "model.yaml": ("tuning: lora\ndata: a.jsonl\nmodel: ", TOKEN, "\n"),
    "a.py": ("from huggingface_hub import login\nlogin('", TOKEN, "')\n"),
    "b.py": ("import os\nos.environ['HF_TOKEN'] = '", TOKEN, "'\n"),
    "c.py": ("# ", TOKEN, "\nx = (\n"),
    "nb.ipynb": ('{"cells": [{"cell_type": "code", "source": "t = \'', TOKEN, "'\"}]}"),
    "requirements.txt": ("git+https://", TOKEN, "@github.com/a/b\ntorch\n"),
    "pyproject.toml": (
        '[project]\ndependencies = ["a @ git+https://',
        TOKEN,
        '@github.com/a/b"]\n',
    ),
    "d.jsonl": ('{"text": "', TOKEN, '\n{"text": 1}\n'),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_secret_that_is_typed_hovered_and_completed_is_never_told(
    server: Wire, name: str
) -> None:
    ahead, secret, behind = TYPED[name]
    begin = len(server.said), len(server.heard)
    uri = f"file:///nowhere/secrets/{name}"
    server.open(uri, ahead + behind)
    server.found(uri)
    line, character = ahead.count("\n"), len(ahead.rpartition("\n")[2])
    document = {"textDocument": {"uri": uri}}
    for number, letter in enumerate(secret, 1):
        at = stretch(line, character + number - 1, line, character + number - 1)
        version = server.change(uri, [{"range": at, "text": letter}])
        here = {**document, "position": place(line, character + number)}
        server.request("textDocument/hover", here)
        server.request("textDocument/completion", here)
        if number % 8 == 0 or number == len(secret):
            server.found(uri, version)
            for method, params in ASKED[:3]:
                server.request(method, {**document, **params})
    for column in range(0, character + len(secret), 2):
        server.request("textDocument/hover", {**document, "position": place(line, column)})
    server.replace(uri, ahead + secret)  # and all behind it is gone
    server.close(uri)
    server.found(uri, None)
    told = bytes(server.said[begin[0] :]).decode() + server.stderr()
    told += json.dumps(server.heard[begin[1] :], ensure_ascii=False)
    known = ahead.endswith(("HF_TOKEN=", 'HF_TOKEN="', "hub_token: ", "me:"))
    parts = (secret, secret[:-1], *((secret[:15], secret[4:16]) if known else ()))
    for part in parts:  # half a token, elsewhere, is only a word
        assert part not in told, told[max(told.index(part) - 300, 0) : told.index(part) + 100]


def test_a_secret_in_a_message_that_is_wrong_is_not_told(server: Wire) -> None:
    document = {"uri": "file:///nowhere/unknown/.env", "version": 2}
    for body in (
        f'{{"jsonrpc": "2.0", "method": "{TOKEN}", "params": {{}}}}',
        f'{{"jsonrpc": "2.0", "id": 901, "method": "textDocument/hover", "params": {{"a": "{TOKEN}"}}}}',
        f'{{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {{"textDocument": "{TOKEN}"}}}}',
        f'{{"text": "{TOKEN}"',
        TOKEN,
    ):
        server.body(body.encode())
    server.notify(
        "textDocument/didChange",
        {"textDocument": document, "contentChanges": [{"text": f"HF_TOKEN={TOKEN}"}]},
    )
    server.answer(901)
    assert server.refused("none/such", {"text": TOKEN}) == -32601
    assert TOKEN not in bytes(server.said).decode() + server.stderr()
    assert server.stderr() == ""
