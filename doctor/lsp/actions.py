"""The doctor's fixes as edits: the light bulb of one finding, and `source.fixAll.qtune` of a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from lsprotocol import types

from qtune.core.text import Text
from qtune.doctor.deeds import command_of
from qtune.doctor.documents.commands import APPLY_FIX
from qtune.doctor.documents.edits import edited, edits_of, fix_all
from qtune.doctor.finding import Applicability, Edit, Finding, Span
from qtune.doctor.lsp.convert import Lines, diagnostic, text_edits
from qtune.doctor.lsp.desk import Judged
from qtune.doctor.lsp.session import Session

FIX_ALL = "source.fixAll.qtune"
_KINDS: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]
_MOST = 20  # findings in one menu
_SLOW = 0.2  # seconds: for a document that takes longer to judge, the menu would not come in time


def register(session: Session) -> None:
    options = types.CodeActionOptions(code_action_kinds=_KINDS)

    @session.server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    def actions(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        uri = params.text_document.uri
        judged = session.desk.judged(uri)
        if judged is None or not judged.findings or not session.client.literals:
            return None
        wanted = params.context.only
        found: list[types.CodeAction] = []
        if _wants(wanted, types.CodeActionKind.QuickFix):
            for finding in islice(_touched(judged, params.range), _MOST):
                found += _quick_fixes(session, judged, finding, uri)
        if _wants(wanted, FIX_ALL) and wanted:
            found += _fix_all(session, judged, uri)
        return found


def _wants(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """A client that asks for `source` wants `source.fixAll.qtune` too."""
    names = [str(getattr(one, "value", one)) for one in only or ()]
    return not names or any(kind == name or kind.startswith(f"{name}.") for name in names)


def _touched(judged: Judged, chosen: types.Range) -> Iterator[Finding]:
    begin = (chosen.start.line, chosen.start.character)
    end = (chosen.end.line, chosen.end.character)
    for finding in judged.findings:
        place = judged.lines.range(finding.span or Span("", 1, 1, 1, 1))
        first = (place.start.line, place.start.character)
        last = (place.end.line, place.end.character)
        if first <= end and begin <= last:
            yield finding


def _quick_fixes(
    session: Session, judged: Judged, finding: Finding, uri: str
) -> Iterator[types.CodeAction]:
    told = diagnostic(finding, judged.lines, uri, session.client, "")
    lang = session.client.lang
    if finding.fix is not None:
        edits = edits_of(finding.fix, judged.text, judged.path)
        if edits:
            yield types.CodeAction(
                title=finding.fix.title.to(lang),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[told],
                is_preferred=finding.fix.applicability is Applicability.SAFE,
                edit=_workspace_edit(judged, edits, uri),
            )
        deed = command_of(finding.fix)
        if deed is not None:
            title = finding.fix.title.to(lang)
            yield types.CodeAction(
                title=title,
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[told],
                command=types.Command(title, APPLY_FIX, arguments=[uri, deed]),
            )
    whole = finding.span is None or not _width(finding.span)
    ignoring = _ignoring(finding, judged.lines, whole)
    if _quiets(session, judged, ignoring, uri):
        here = Text(f"Ignore {finding.code} here", f"在此处忽略 {finding.code}")
        file = Text(f"Ignore {finding.code} in this file", f"在此文件中忽略 {finding.code}")
        yield types.CodeAction(
            title=(file if whole else here).to(lang),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[told],
            edit=_workspace_edit(judged, (ignoring,), uri),
        )


def _width(span: Span) -> bool:
    """What is missing from a file stands at its beginning, and is nowhere."""
    return (span.line, span.column) != (1, 1) or (span.end_line, span.end_column) != (1, 1)


def _ignoring(finding: Finding, lines: Lines, whole: bool) -> Edit:
    """The comment on a line of its own above: behind a value it might become a part of it."""
    line = finding.span.line if finding.span is not None and not whole else 1
    text = lines.lines[line - 1] if line <= len(lines.lines) else ""
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    comment = f"{indent}# qtune: ignore{'-file' if whole else ''}[{finding.code}]\n"
    path = finding.span.path if finding.span is not None else ""
    return Edit(Span(path, line, 1, line, 1), comment)


def _quiets(session: Session, judged: Judged, edit: Edit, uri: str) -> bool:
    """Not everywhere is `#` a comment: in data, inside of a value, in a notebook's file."""
    if judged.checked.kind == "dataset" or judged.took > _SLOW:
        return False
    if session.desk.notebook_of(uri) is not None:
        return True  # a cell of Python, and judged with its neighbours
    after = session.desk.check(edited(judged.text, (edit,)), judged.path)
    return len(after.findings) < len(judged.findings)


def _fix_all(session: Session, judged: Judged, uri: str) -> Iterator[types.CodeAction]:
    edits = all_edits(session, judged)
    if edits:
        yield types.CodeAction(
            title=Text("Fix all (qtune)", "全部修复（qtune）").to(session.client.lang),
            kind=FIX_ALL,
            edit=_workspace_edit(judged, edits, uri),
        )


def all_edits(session: Session, judged: Judged) -> tuple[Edit, ...]:
    """All safe fixes; of a cell only once, since it is judged with its neighbours."""
    again = None
    if judged.checked.kind != "notebook":
        again = lambda text: session.desk.check(text, judged.path).findings  # noqa: E731
    return fix_all(judged.text, judged.path, judged.findings, again=again)


def workspace_edit(session: Session, uri: str) -> types.WorkspaceEdit | None:
    """What `qtune.fixAll` changes in one document; None where nothing is to be done."""
    judged = session.desk.judged(uri)
    edits = all_edits(session, judged) if judged is not None else ()
    return _workspace_edit(judged, edits, uri) if judged is not None and edits else None


def _workspace_edit(judged: Judged, edits: Sequence[Edit], uri: str) -> types.WorkspaceEdit:
    return types.WorkspaceEdit(changes={uri: text_edits(edits, judged.lines)})
