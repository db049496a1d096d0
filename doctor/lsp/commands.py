"""The commands that an editor's palette and lenses run: the doctor, all fixes, one deed, the last report."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from qtune.core.errors import QtuneError
from qtune.core.text import Text
from qtune.doctor.documents.commands import APPLY_FIX, FIX_ALL, OPEN_REPORT, RUN_DOCTOR
from qtune.doctor.finding import Severity
from qtune.doctor.lsp import actions, reportpage, watching
from qtune.doctor.lsp.session import Session
from qtune.doctor.tally import listed, tally

if TYPE_CHECKING:
    from qtune.doctor.lsp.child import Outcome, Step


def register(session: Session) -> None:
    server = session.server

    @server.command(RUN_DOCTOR)
    async def run_doctor(*arguments: Any) -> dict[str, Any] | None:
        """[the URI of the project's folder, [a model or a run config]]; what is left out is the usual one."""
        root, target = _texts(arguments, 2)
        if session.running is not None and not session.running.done():
            _say(session, Text("the doctor is running already", "doctor 已在运行"), info=True)
            return None
        folder = _folder(session, root)
        session.running = asyncio.ensure_future(_examine(session, folder, target))
        with contextlib.suppress(asyncio.CancelledError):
            return await session.running
        return None

    @server.command(FIX_ALL)
    async def fix_all(*arguments: Any) -> bool:
        """[the URI of a document]"""
        (uri,) = _texts(arguments, 1)
        edit = actions.workspace_edit(session, uri)
        if edit is None:
            return False
        answer = await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit))
        return bool(answer.applied)

    @server.command(APPLY_FIX)
    def apply_fix(*arguments: Any) -> bool:
        """[the URI of a document, a deed as an action of it has named it]"""
        from qtune.doctor import deeds

        judged = session.desk.judged(*_texts(arguments, 1))
        if judged is None or len(arguments) < 2:
            return False
        try:
            done = deeds.perform(_plain(arguments[1]), judged.findings)
        except QtuneError as error:
            _say(session, error.message)
            return False
        _say(session, done, info=True)
        watching.around(session)
        return True

    @server.command(OPEN_REPORT)
    async def open_report(*arguments: Any) -> str | None:
        """[the URI of the project's folder, [a model]]"""
        root, model = _texts(arguments, 2)
        folder = _folder(session, root)
        path = reportpage.write(folder, model or None, session.client.lang)
        if path is None:
            _say(
                session,
                Text("there is no report yet: run the doctor", "还没有报告，请先运行 doctor"),
                info=True,
            )
            return None
        if session.client.documents:
            shown = types.ShowDocumentParams(path.as_uri(), external=True)
            await server.window_show_document_async(shown)
        else:
            _say(session, Text(f"the report is in {path}", f"报告位于 {path}"), info=True)
        return path.as_uri()


async def _examine(session: Session, folder: Path, target: str) -> dict[str, Any] | None:
    """What the status bar needs to know of the report; None where there is none."""
    lang = session.client.lang
    outcome = await _watched(session, folder, target)
    if outcome.message is not None:
        _say(session, outcome.message)
        return None
    watching.around(session)
    counts = _counts(outcome.report or {})
    _say(session, told(counts), info=not counts["error"])
    return {"exit": outcome.exit, **counts, "lang": lang}


async def _watched(session: Session, folder: Path, target: str) -> Outcome:
    """With a progress bar that has a button to cancel it, where the client has one."""
    from qtune.doctor.lsp.child import run

    if not session.client.progress:
        return await run(folder, target, lang=session.client.lang)
    token, bar = str(uuid.uuid4()), session.server.work_done_progress
    await bar.create_async(token)
    title = Text("qtune doctor", "qtune doctor").to(session.client.lang)
    bar.begin(token, types.WorkDoneProgressBegin(title=title, cancellable=True, percentage=0))
    task = asyncio.current_task()
    bar.tokens[token].add_done_callback(
        lambda asked: task.cancel() if asked.cancelled() and task else None
    )

    def show(step: Step) -> None:
        percentage = 100 * step.done // max(step.total, 1)
        said = f"{step.check} ({step.done}/{step.total})"
        bar.report(token, types.WorkDoneProgressReport(message=said, percentage=percentage))

    try:
        return await run(folder, target, show, session.client.lang)
    finally:
        bar.end(token, types.WorkDoneProgressEnd())
        bar.tokens.pop(token, None)


def told(counts: Mapping[str, int]) -> Text:
    parts = tally(severity for severity in Severity for _ in range(counts[severity.value]))
    if not parts:
        return Text("the doctor found no problems", "doctor 没有发现问题")
    found = listed(parts)
    return Text(f"the doctor found {found.en}", f"doctor 发现 {found.zh}")


def _counts(report: Mapping[str, Any]) -> dict[str, int]:
    counts = {"error": 0, "warning": 0, "info": 0}
    for finding in report.get("findings", ()):
        severity = str(finding.get("severity"))
        counts[severity] = counts.get(severity, 0) + 1
    return counts


def _folder(session: Session, root: str) -> Path:
    """The folder that was named, if it is one of the workspace's; else its first one."""
    folders = session.desk.folders()
    named = Path(path) if (path := to_fs_path(root)) else None
    return named if named in folders else next(iter(folders), Path.cwd())


def _texts(arguments: Sequence[Any], count: int) -> list[str]:
    """The first `count`; a client may leave some out, or send what is no text."""
    given = [part if isinstance(part, str) else "" for part in arguments[:count]]
    return given + [""] * (count - len(given))


def _plain(value: Any) -> dict[str, Any]:
    """pygls makes objects of JSON's tables."""
    if isinstance(value, Mapping):
        return dict(value)
    fields = getattr(value, "_asdict", None)
    return dict(fields()) if fields is not None else {}


def _say(session: Session, message: Text, info: bool = False) -> None:
    kind = types.MessageType.Info if info else types.MessageType.Error
    said = f"qtune: {message.to(session.client.lang)}"
    session.server.window_show_message(types.ShowMessageParams(kind, said))
