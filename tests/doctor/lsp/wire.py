"""A client of `qtune lsp` that speaks the protocol byte by byte: every byte that the server says is kept and read."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

COMMAND = (sys.executable, "-m", "qtune", "lsp")
PATIENCE = 20.0  # seconds: machines of CI are slow, and only a failure waits so long
Message = dict[str, Any]


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of the tests' own process but what Python needs to start."""
    kept = {
        key: os.environ[key]
        for key in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "COVERAGE_PROCESS_START")
        if key in os.environ
    }
    return {
        **kept,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "APPDATA": str(home / "AppData/Roaming"),
        "LOCALAPPDATA": str(home / "AppData/Local"),
        "LANG": "C.UTF-8",
        "QTUNE_LANG": "en",
        **(extra or {}),
    }


PLAIN: Message = {
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True,
            "tagSupport": {"valueSet": [1, 2]},
            "codeDescriptionSupport": True,
        },
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
    }
}


class Wire:
    """One server process. `said` is all of its stdout, `stderr()` all of its stderr."""

    def __init__(
        self,
        home: Path,
        extra: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._log = (home / f"stderr-{time.monotonic_ns()}").open("w+b")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment(home, extra),
            cwd=cwd or home,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin: IO[bytes] = self.process.stdin
        self._stdout: IO[bytes] = self.process.stdout
        self.said = bytearray()
        self.wrong: list[str] = []  # what is no message
        self.heard: list[Message] = []  # all messages, in their order
        self._published: list[Message] = []  # and not asked for yet
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._number = 0
        self._versions: dict[str, int] = {}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    # --- what comes in ----------------------------------------------------------------------------

    def _listen(self) -> None:
        while True:
            length = 0
            while True:
                line = self._line()
                if not line:
                    self._inbox.put(None)
                    return
                if line == b"\r\n":
                    break
                name, _, value = line.partition(b":")
                if name == b"Content-Length":
                    length = int(value)
                elif name != b"Content-Type":
                    self.wrong.append(repr(line[:200]))
            body = self._stdout.read(length)
            self.said += body
            try:
                self._inbox.put(json.loads(body))
            except ValueError:
                self.wrong.append(repr(body[:200]))

    def _line(self) -> bytes:
        line = self._stdout.readline()
        self.said += line
        return line

    def next(self, seconds: float = PATIENCE) -> Message | None:
        """None when the server has closed its stdout, or said nothing for so long."""
        try:
            message = self._inbox.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return None
        if message is not None:
            self.heard.append(message)
            if message.get("method") == "textDocument/publishDiagnostics":
                self._published.append(message["params"])
        return message

    def until(self, wanted: Callable[[Message], bool], seconds: float = PATIENCE) -> Message:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self.next(left)
            if message is None:
                break
            if wanted(message):
                return message
        raise AssertionError(f"nothing of the kind came; stderr: {self.stderr()[-2000:]}")

    def drain(self, seconds: float) -> list[Message]:
        """All that comes until so long nothing comes."""
        came = []
        while (message := self.next(seconds)) is not None:
            came.append(message)
        return came

    def stderr(self) -> str:
        self._log.flush()
        return Path(str(self._log.name)).read_text("utf-8", "replace")

    # --- what goes out ----------------------------------------------------------------------------

    def raw(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def body(self, body: bytes) -> None:
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def send(self, message: object) -> None:
        self.body(json.dumps(message).encode())

    def notify(self, method: str, params: object = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: object = None) -> int:
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method}
        self.send(message if params is None else {**message, "params": params})
        return self._number

    def answer(self, number: int, seconds: float = PATIENCE) -> Message:
        return self.until(lambda m: m.get("id") == number and "method" not in m, seconds)

    def request(self, method: str, params: object = None, seconds: float = PATIENCE) -> Any:
        answered = self.answer(self.ask(method, params), seconds)
        assert "error" not in answered, answered
        return answered["result"]

    def refused(self, method: str, params: object = None) -> int:
        """The code of the error that the answer is."""
        answered = self.answer(self.ask(method, params))
        assert "error" in answered, answered
        code = answered["error"]["code"]
        assert isinstance(code, int)
        return code

    # --- a session --------------------------------------------------------------------------------

    def start(
        self,
        root: Path | None = None,
        capabilities: Message | None = None,
        locale: str | None = None,
    ) -> Message:
        folders = [{"uri": root.as_uri(), "name": root.name}] if root else None
        params = {
            "processId": os.getpid(),
            "rootUri": root.as_uri() if root else None,
            "workspaceFolders": folders,
            "capabilities": PLAIN if capabilities is None else capabilities,
            **({"locale": locale} if locale else {}),
        }
        result = self.request("initialize", params)
        assert isinstance(result, dict)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, language: str = "plaintext", version: int = 1) -> None:
        self._versions[uri] = version
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, changes: list[Message]) -> int:
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        return version

    def replace(self, uri: str, text: str) -> int:
        return self.change(uri, [{"text": text}])

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def found(self, uri: str, version: int | None = 1, seconds: float = PATIENCE) -> list[Message]:
        """The diagnostics of this version of a document, whenever they came; what was said of it before is past."""
        end = time.monotonic() + seconds
        while True:
            told = [one for one in self._published if one["uri"] == uri]
            self._published = [one for one in self._published if one["uri"] != uri]
            for number, params in enumerate(told):
                if params.get("version") == version:
                    self._published += told[number + 1 :]
                    diagnostics = params["diagnostics"]
                    assert isinstance(diagnostics, list)
                    return diagnostics
            left = end - time.monotonic()
            if left <= 0 or self.next(left) is None:
                raise AssertionError(f"nothing came; stderr: {self.stderr()[-2000:]}")

    def codes(self, uri: str, version: int | None = 1) -> list[str]:
        return [str(one["code"]) for one in self.found(uri, version)]

    # --- the end ----------------------------------------------------------------------------------

    def end(self) -> int:
        """As the protocol has it: shutdown, exit."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.stdin.close()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(PATIENCE)
        self._stdout.close()
        self._log.close()


@contextlib.contextmanager
def wire(home: Path, **options: Any) -> Iterator[Wire]:
    server = Wire(home, **options)
    try:
        yield server
        assert not server.wrong, server.wrong
    finally:
        server.stop()


def place(line: int, character: int) -> Message:
    return {"line": line, "character": character}


def stretch(line: int, character: int, end_line: int, end_character: int) -> Message:
    return {"start": place(line, character), "end": place(end_line, end_character)}
