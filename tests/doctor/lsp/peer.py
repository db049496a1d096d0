"""The client's side of a session, in JSON alone: over a server's stdin and stdout, or through a web socket."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

Json = dict[str, Any]
SECONDS = 60.0
CAPABILITIES: Json = {
    "textDocument": {
        "publishDiagnostics": {"tagSupport": {"valueSet": [1, 2]}},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    }
}


class Peer:
    """`send` takes one message; `receive` gives the next one, or None when `seconds` have passed."""

    def __init__(
        self, send: Callable[[Json], None], receive: Callable[[float], Json | None]
    ) -> None:
        self._send, self._receive = send, receive
        self._last = 0
        self.published: dict[str, list[Json]] = {}

    def open(self, root: Path, capabilities: Json = CAPABILITIES) -> Json:
        uri = root.as_uri()
        folders = [{"uri": uri, "name": root.name}]
        answer: Json = self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": uri,
                "workspaceFolders": folders,
                "capabilities": capabilities,
            },
        )
        self.tell("initialized", {})
        return answer

    def show(self, uri: str, language: str, text: str) -> list[Json]:
        """Opens a document, and answers what is first said of it."""
        self.published.pop(uri, None)
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(uri)

    def diagnostics(self, uri: str) -> list[Json]:
        self._until(lambda: uri in self.published)
        return self.published[uri]

    def tell(self, method: str, params: Json) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Json | None) -> Any:
        self._last += 1
        number = self._last
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        found: list[Json] = []

        def answered() -> bool:
            return bool(found)

        self._until(
            answered,
            lambda m: found.append(m) if m.get("id") == number and "method" not in m else None,
        )
        assert "error" not in found[0], found[0]
        return found[0]["result"]

    def _until(
        self, met: Callable[[], bool], look: Callable[[Json], None] = lambda message: None
    ) -> None:
        end = time.monotonic() + SECONDS
        while not met():
            left = end - time.monotonic()
            assert left > 0, "the server says nothing"
            message = self._receive(left)
            if message is None:
                continue
            look(message)
            if message.get("method") == "textDocument/publishDiagnostics":
                self.published[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "method" in message and "id" in message:
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})


@contextmanager
def started(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Iterator[Peer]:
    process = subprocess.Popen(
        command, cwd=cwd, env=environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    writing, messages = process.stdin, queue.Queue[Json]()
    reader = threading.Thread(target=_read, args=(process.stdout, messages), daemon=True)
    reader.start()

    def send(message: Json) -> None:
        body = json.dumps(message).encode()
        writing.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        writing.flush()

    def receive(seconds: float) -> Json | None:
        try:
            return messages.get(timeout=min(seconds, 1.0))
        except queue.Empty:
            assert process.poll() is None, f"the server ended with {process.returncode}"
            return None

    peer = Peer(send, receive)
    try:
        yield peer
        peer.ask("shutdown", None)
        peer._send({"jsonrpc": "2.0", "method": "exit"})
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        reader.join(20)
        writing.close()
        process.stdout.close()


def _read(file: IO[bytes], messages: queue.Queue[Json]) -> None:
    while head := file.readline():
        length = 0
        while head.strip():
            name, _, value = head.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            head = file.readline()
        messages.put(json.loads(file.read(length)))
