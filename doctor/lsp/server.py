"""`qtune lsp`: the language server on stdin and stdout, put together."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
import sys
from typing import BinaryIO, NoReturn, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from qtune import __version__
from qtune.doctor.documents.surroundings import world_of
from qtune.doctor.lsp import actions, commands, delivery, log, reading, watching
from qtune.doctor.lsp.client import client_of
from qtune.doctor.lsp.desk import Desk
from qtune.doctor.lsp.pipes import Incoming, own_stdout
from qtune.doctor.lsp.protocol import Protocol
from qtune.doctor.lsp.session import Session

_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithNotebook(
            notebook=types.NotebookDocumentFilterNotebookType(notebook_type="jupyter-notebook"),
            cells=[types.NotebookCellLanguage(language="python")],
        )
    ],
    save=True,
)
# What the first document needs is there before the client may send it: `.env` is what most people open.
_AHEAD = ("qtune.doctor.documents.env.dotenv", "qtune.doctor.scope", "qtune.doctor.endings")
_LOOK = 5.0  # seconds between two looks whether the client still lives


class _Server(LanguageServer):
    protocol: Protocol

    def report_server_error(self, error: Exception, source: object) -> None:
        """To the log: a popup for each malformed message would help nobody."""
        log.told(error, source)


def create() -> _Server:
    server = _Server(
        "qtune",
        __version__,
        notebook_document_sync=_NOTEBOOKS,
        protocol_cls=Protocol,
        max_workers=2,
    )
    session = Session(server, Desk(lambda: server.workspace, world_of))

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.protocol.read_exactly()
        session.client = client_of(params, os.environ.get("QTUNE_LANG", ""))
        if session.client.pull:
            delivery.register_pull(session)
        if params.process_id:
            asyncio.get_running_loop().create_task(_outlive_nobody(params.process_id))

    delivery.register(session)
    actions.register(session)
    reading.register(session)
    watching.register(session)
    commands.register(session)
    return server


async def _outlive_nobody(pid: int) -> None:
    """A client that was killed may leave the pipe open in another process: then its death ends this one too."""
    while os.name == "posix" and _lives(pid):
        await asyncio.sleep(_LOOK)
    if os.name == "posix":
        os._exit(1)  # the reader's thread waits for a pipe that nobody will write to


def _lives(pid: int) -> bool:
    with contextlib.suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError, ValueError):
            return False
    return True


def main() -> NoReturn:
    """Serves until the client says goodbye or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # quietly: nobody reads a traceback here
    for name in _AHEAD:
        importlib.import_module(name)
    log.to_stderr()
    server = create()
    stdin, stdout = Incoming(sys.stdin.buffer), own_stdout()
    server.start_io(
        cast(BinaryIO, stdin), cast(BinaryIO, stdout)
    )  # what pygls uses of them is there
    sys.exit(0 if server.protocol.ended_well else 1)
