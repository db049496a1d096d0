"""How quickly the language server answers: `python -m bench.lsp [rounds]`, beside ruff's, pylsp's and a bare pygls.

Each round starts every server once, cold, one after the other; medians count. A burst is 200 changes in a
row; of its answers the last is of the last version. Aims: initialize at most 1.3 times that of the bare
pygls server, first diagnostics at most 60 ms later, a change at most 50 ms (95th percentile), 60 MB resident.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BARE = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer
server = LanguageServer("bare", "1")
def publish(uri, version):
    place = types.Range(types.Position(0, 0), types.Position(0, 1))
    found = [types.Diagnostic(place, "x")]
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))
@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(params):
    publish(params.text_document.uri, params.text_document.version)
@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def changed(params):
    publish(params.text_document.uri, params.text_document.version)
server.start_io()
"""
PUBLISHED = "textDocument/publishDiagnostics"
CHANGES, BURST, CELLS = 40, 200, 200
Json = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """`again` gives the text after its n-th change: one line differs."""

    name: str
    language: str
    again: Callable[[int], str]


def _env(number: int) -> str:
    lines = [f"OTHER_KEY_{line}=value-{line}" for line in range(1998)]
    return "\n".join([f"HF_HUB_ETAG_TIMEOUT=ten{number}", *lines, "USE_MODELSCOPE=True"]) + "\n"


def _yaml(number: int) -> str:
    """A list of modules, a table of keyword arguments and comments: what makes a real run config long."""
    modules = [f"    - model.layers.{layer}.self_attn.q_proj" for layer in range(900)]
    comments = [f"  # step {line}: what was tried" for line in range(500)]
    kwargs = [f"    key_{key}: {key}" for key in range(580)]
    head = ["model: Qwen/Qwen3-4B", f"max_length: {number}words", "tuning: lora", "lora:"]
    middle = [
        "  target_modules:",
        *modules,
        "training:",
        *comments,
        "  lr_scheduler_kwargs:",
        *kwargs,
    ]
    return "\n".join([*head, *middle, "data: train.jsonl"]) + "\n"


def _python(number: int) -> str:
    lines = [f"def function_{line}(x: int) -> int:\n    return x + {line}\n" for line in range(600)]
    return (
        f"import os\nimport transformers\nos.environ['HF_ENDPOINT'] = 'https://x{number}'\n"
        + "\n".join(lines)
    )


SMALL = Document(".env", "dotenv", lambda n: f"USE_MODELSCOPE=perhaps{n}\n")
DOCUMENTS = (
    Document(".env", "dotenv", _env),
    Document("run.yaml", "yaml", _yaml),
    Document("train.py", "python", _python),
)


class Client:
    """One server process and a conversation with it."""

    def __init__(self, command: list[str], folder: Path) -> None:
        environ = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
        self.folder, self.last = folder, 0
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environ,
        )

    def send(self, method: str, params: Json, wait: bool = False) -> None:
        message: Json = {"jsonrpc": "2.0", "method": method, "params": params}
        if wait:
            self.last += 1
            message["id"] = self.last
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self) -> Json:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length"):
                length = int(line.split(b":")[1])
        message: Json = json.loads(self.process.stdout.read(length))
        return message

    def until(self, wanted: Callable[[Json], bool]) -> Json:
        while not wanted(message := self.receive()):
            pass
        return message

    def initialize(self) -> None:
        uri = self.folder.as_uri()
        self.send("initialize", {"processId": None, "rootUri": uri, "capabilities": {}}, wait=True)
        self.until(lambda message: message.get("id") == self.last)
        self.send("initialized", {})

    def open(self, document: Document) -> None:
        own = {"languageId": document.language, "version": 0, "text": document.again(0)}
        self.send("textDocument/didOpen", {"textDocument": {"uri": self._uri(document), **own}})
        self.until(lambda message: message.get("method") == PUBLISHED)

    def change(self, document: Document, version: int) -> None:
        self.send(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self._uri(document), "version": version},
                "contentChanges": [{"text": document.again(version)}],
            },
        )

    def answered(self, version: int) -> int:
        """How many answers came until that of this version (pylsp names none: then the first)."""
        count = 0
        while True:
            params = self.until(lambda message: message.get("method") == PUBLISHED)["params"]
            count += 1
            if params.get("version") in (version, None):
                return count

    def _uri(self, document: Document) -> str:
        return (self.folder / document.name).as_uri()

    @property
    def resident_mb(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0


@contextmanager
def client(command: list[str], folder: Path) -> Iterator[Client]:
    one = Client(command, folder)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.communicate()


def cold(command: list[str], folder: Path, document: Document) -> tuple[float, float, float]:
    """Milliseconds to the answer to initialize, from there to the first diagnostics; MB then."""
    began = time.perf_counter()
    with client(command, folder) as one:
        one.initialize()
        ready = time.perf_counter()
        one.open(document)
        shown = time.perf_counter()
        return (ready - began) * 1000, (shown - ready) * 1000, one.resident_mb


def changes(command: list[str], folder: Path, document: Document) -> list[float]:
    """Milliseconds from each change to its diagnostics, on a server that is warm."""
    took = []
    with client(command, folder) as one:
        one.initialize()
        one.open(document)
        for version in range(1, CHANGES + 1):
            began = time.perf_counter()
            one.change(document, version)
            one.answered(version)
            took.append((time.perf_counter() - began) * 1000)
    return took


def cells(command: list[str], folder: Path) -> list[float]:
    """The same for a notebook of 200 cells: one cell changes, and its own diagnostics are waited for."""
    notebook, took = (folder / "nb.ipynb").as_uri(), []
    names = [f"vscode-notebook-cell:{notebook.removeprefix('file:')}#{n}" for n in range(CELLS)]
    texts = [f"x{n} = {n}\nfor i in range(x{n}):\n    print(i, '值')\n" for n in range(CELLS)]
    texts[0], texts[-1] = "import os\nimport transformers\n", _late(0)
    own = [{"uri": uri, "languageId": "python", "version": 0, "text": text}
           for uri, text in zip(names, texts, strict=True)]  # fmt: skip
    book = {"uri": notebook, "notebookType": "jupyter-notebook", "version": 0}
    with client(command, folder) as one:
        one.initialize()
        listed = [{"kind": 2, "document": uri} for uri in names]
        opened = {"notebookDocument": {**book, "cells": listed}, "cellTextDocuments": own}
        one.send("notebookDocument/didOpen", opened)
        one.until(lambda message: _is_of(message, names[-1]))
        for version in range(1, CHANGES + 1):
            began = time.perf_counter()
            document = {"uri": names[-1], "version": version}
            text = {"document": document, "changes": [{"text": _late(version)}]}
            change = {"cells": {"textContent": [text]}}
            whole = {"uri": notebook, "version": version}
            one.send("notebookDocument/didChange", {"notebookDocument": whole, "change": change})
            one.until(lambda message: _is_of(message, names[-1]))
            took.append((time.perf_counter() - began) * 1000)
    return took


def _late(number: int) -> str:
    return f"os.environ['HF_ENDPOINT'] = 'https://x{number}'\n"


def _is_of(message: Json, uri: str) -> bool:
    return message.get("method") == PUBLISHED and message["params"]["uri"] == uri


def burst(command: list[str], folder: Path, document: Document) -> int:
    """How many answers 200 changes in a row are given."""
    with client(command, folder) as one:
        one.initialize()
        one.open(document)
        for version in range(1, BURST + 1):
            one.change(document, version)
        return one.answered(BURST)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare.py").write_text(BARE)
        bare = [sys.executable, str(folder / "bare.py")]
        qtune = [sys.executable, "-m", "qtune", "lsp"]
        python = Document("small.py", "python", lambda n: f"import os\nx{n} = y\n")
        servers = {"bare pygls": (bare, SMALL), "qtune": (qtune, SMALL)}
        if (ruff := shutil.which("ruff", path=Path(sys.executable).parent)) is not None:
            servers["ruff"] = ([ruff, "server"], python)
        if (pylsp := shutil.which("pylsp", path=Path(sys.executable).parent)) is not None:
            servers["pylsp"] = ([pylsp], python)
        _cold(servers, folder, rounds)
        print(f"{'change -> diagnostics':32} {'median ms':>10} {'p95 ms':>8} {'at most':>8}")
        for document in DOCUMENTS:
            lines = document.again(1).count("\n")
            _changed(f"{document.name}, {lines} lines", changes(qtune, folder, document))
        _changed(f"nb.ipynb, {CELLS} cells", cells(qtune, folder))
        print(f"{'a burst of 200 changes':32} {burst(qtune, folder, DOCUMENTS[0]):10} answers")


def _changed(what: str, took: list[float]) -> None:
    p95 = sorted(took)[int(len(took) * 0.95)]
    print(f"{what:32} {statistics.median(took):10.1f} {p95:8.1f} {50:8}")


def _cold(servers: dict[str, tuple[list[str], Document]], folder: Path, rounds: int) -> None:
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, (command, document) in servers.items():
            measured = cold(command, folder, document)
            if number:  # the first round compiles
                seen[name].append(measured)
    print(f"{'server, cold':16} {'initialize':>10} {'x bare':>7} {'+ first':>8} {'MB':>6}")
    least = statistics.median(row[0] for row in seen["bare pygls"])
    for name, rows in seen.items():
        ready, shown, resident = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{name:16} {ready:10.0f} {ready / least:7.2f} {shown:8.1f} {resident:6.1f}")


if __name__ == "__main__":
    main()
