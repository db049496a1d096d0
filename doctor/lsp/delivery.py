"""Diagnostics, sent when something changes or given when the client asks; never both to one client."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from qtune.core.secret import redact
from qtune.core.text import Text
from qtune.doctor.lsp.convert import diagnostic
from qtune.doctor.lsp.desk import LARGEST, Judged
from qtune.doctor.lsp.pagefiles import address
from qtune.doctor.lsp.session import Session

_PULLED = types.DiagnosticOptions(
    inter_file_dependencies=False, workspace_diagnostics=False, identifier="qtune"
)
_MOST = 1000  # of one document: nobody reads more, and all of them are sent anew at each change


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        session.desk.forget(params.text_document.uri)  # it may have been open already
        if len(params.text_document.text) > LARGEST:
            _too_large(session, params.text_document.uri)
        _push(session, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        session.desk.forget(params.text_document.uri)
        _later(session, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        _gone(session, params.text_document.uri, session.client.pull)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_opened(params: types.DidOpenNotebookDocumentParams) -> None:
        session.desk.forget(params.notebook_document.uri)
        _push_cells(session, params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_changed(params: types.DidChangeNotebookDocumentParams) -> None:
        structure = params.change.cells and params.change.cells.structure
        for cell in (structure.did_close or ()) if structure else ():
            _gone(session, cell.uri, pulled=False)
        session.desk.forget(params.notebook_document.uri)
        _later(session, params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_closed(params: types.DidCloseNotebookDocumentParams) -> None:
        for cell in params.cell_text_documents:
            _gone(session, cell.uri, pulled=False)


def register_pull(session: Session) -> None:
    """Only for a client that asks; it is told so in the answer to `initialize`."""

    @session.server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, _PULLED)
    async def asked(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        uri = params.text_document.uri
        await asyncio.sleep(session.desk.pause(uri))  # of a burst of changes, the last one
        judged = session.desk.judged(uri)
        if judged is None or not _pulled(session, uri):
            return types.RelatedFullDocumentDiagnosticReport([])
        result_id = str(judged.number)
        if result_id == params.previous_result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id)
        found = _diagnostics(session, judged, uri)
        return types.RelatedFullDocumentDiagnosticReport(found, result_id=result_id)


def again(session: Session) -> None:
    """What documents are judged beside has changed: a setting, a report, a file."""
    session.desk.forget_all()
    if session.client.pull and session.client.refresh_pull:
        session.server.workspace_diagnostic_refresh(None)
    for uri in session.desk.open_uris():
        _push(session, uri)


def _pulled(session: Session, uri: str) -> bool:
    """Cells and notebooks never are: VS Code asks for what lies in a tab of its own, and no cell does."""
    whole = session.server.workspace.get_notebook_document(notebook_uri=uri)
    return session.client.pull and whole is None and session.desk.notebook_of(uri) is None


def _later(session: Session, uri: str) -> None:
    """When its author pauses: of a burst of changes only the last is answered."""
    handle = session.waiting.pop(uri, None)
    if handle is not None:
        handle.cancel()
    if not _pulled(session, uri):
        loop = asyncio.get_running_loop()
        session.waiting[uri] = loop.call_later(session.desk.pause(uri), _push, session, uri)


def _push(session: Session, uri: str) -> None:
    session.waiting.pop(uri, None)
    if _pulled(session, uri):
        return
    if session.server.workspace.get_notebook_document(notebook_uri=uri) is not None:
        _push_cells(session, uri)
        return
    judged = session.desk.judged(uri)
    if judged is not None:
        _send(session, uri, _diagnostics(session, judged, uri), judged.version)


def _push_cells(session: Session, notebook_uri: str) -> None:
    """All of them: an import in one cell decides about a line in another."""
    notebook = session.server.workspace.get_notebook_document(notebook_uri=notebook_uri)
    if notebook is None:
        return
    session.desk.forget(notebook_uri)
    for cell in notebook.cells:
        judged = session.desk.judged(cell.document)
        if judged is not None:
            found = _diagnostics(session, judged, cell.document)
            _send(session, cell.document, found, judged.version)


def _too_large(session: Session, uri: str) -> None:
    """Said once, where a person finds it who wonders why nothing is shown."""
    name, most = uri.rpartition("/")[2], LARGEST >> 20
    said = Text(
        f"{name} has more than {most} million characters, and is not judged",
        f"{name} 超过 {most} 百万个字符，不作检查",
    ).to(session.client.lang)
    params = types.LogMessageParams(types.MessageType.Info, redact(f"qtune: {said}"))
    session.server.window_log_message(params)


def _gone(session: Session, uri: str, pulled: bool) -> None:
    handle = session.waiting.pop(uri, None)
    if handle is not None:
        handle.cancel()
    session.desk.forget(uri)
    if not pulled:
        _send(session, uri, [], None)


def _diagnostics(session: Session, judged: Judged, uri: str) -> list[types.Diagnostic]:
    client, shown = session.client, []
    for finding in judged.findings[:_MOST]:
        if finding.severity.rank <= session.wishes.least.rank:
            page = address(finding.code, client.lang) if client.pages else ""
            shown.append(diagnostic(finding, judged.lines, uri, client, page))
    return shown


def _send(session: Session, uri: str, found: list[types.Diagnostic], version: int | None) -> None:
    params = types.PublishDiagnosticsParams(uri, found, version)
    session.server.text_document_publish_diagnostics(params)
