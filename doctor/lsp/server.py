"""`qtune lsp`: the language server on stdin and stdout."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import BinaryIO, NoReturn

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from qtune import __version__
from qtune.doctor.lsp.client import Client, client_of
from qtune.doctor.lsp.convert import diagnostic
from qtune.doctor.lsp.desk import Desk, world_of

_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithNotebook(
            notebook=types.NotebookDocumentFilterNotebookType(notebook_type="jupyter-notebook"),
            cells=[types.NotebookCellLanguage(language="python")],
        )
    ],
    save=True,
)


class Server(LanguageServer):
    """pygls' server, with what one session knows: the client, and the documents on the desk."""

    def __init__(self) -> None:
        super().__init__("qtune", __version__, notebook_document_sync=_NOTEBOOKS, max_workers=2)
        self.client = Client()
        self.desk = Desk(lambda: self.workspace, world_of)
        self.waiting: dict[str, asyncio.TimerHandle] = {}

    def report_server_error(self, error: Exception, source: object) -> None:
        """To the log: a popup for each malformed message would help nobody."""
        logging.getLogger(__name__).warning("%s: %s", type(error).__name__, error)


def create() -> Server:
    server = Server()
    _lifecycle(server)
    _diagnostics(server)
    return server


def _lifecycle(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.client = client_of(params, os.environ.get("QTUNE_LANG", ""))


def _diagnostics(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        schedule(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.desk.forget(uri)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


def schedule(server: Server, uri: str) -> None:
    """Judge when the author pauses: of a burst of changes only the last is answered."""
    handle = server.waiting.pop(uri, None)
    if handle is not None:
        handle.cancel()
    loop = asyncio.get_running_loop()
    server.waiting[uri] = loop.call_later(server.desk.pause(uri), publish, server, uri)


def publish(server: Server, uri: str) -> None:
    server.waiting.pop(uri, None)
    judged = server.desk.judged(uri)
    if judged is None:
        return
    found = [diagnostic(f, judged.lines, server.client.lang, "") for f in judged.findings]
    server.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(uri, found, judged.version)
    )


def main() -> NoReturn:
    """Serves until the client says goodbye or is gone; exit code 0 after a proper `shutdown`."""
    protocol = _own_stdout()
    create().start_io(stdout=protocol)
    sys.exit(0)


def _own_stdout() -> BinaryIO:
    """The protocol's own copy of stdout. What anything prints goes to stderr instead of breaking a message."""
    copy = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return copy
