"""What a client asks about a place or a document: hover, completion, links, lenses, hints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lsprotocol import types

from qtune.doctor.lsp.desk import Judged
from qtune.doctor.lsp.pagefiles import address
from qtune.doctor.lsp.session import Session

# After these a client asks by itself what may follow.
_TRIGGERS = ["=", ":", "/", "[", ",", '"', "'", " "]
T = TypeVar("T")
_KINDS = {
    "key": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Value,
    "repo_id": types.CompletionItemKind.Reference,
    "file": types.CompletionItemKind.File,
    "folder": types.CompletionItemKind.Folder,
    "code": types.CompletionItemKind.Constant,
}


def register(session: Session) -> None:
    """The functions behind are imported when they are first asked for."""
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        return _about(session, params.text_document.uri, partial(_hover, session, params))

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=_TRIGGERS)
    )
    def completed(params: types.CompletionParams) -> types.CompletionList | None:
        return _about(session, params.text_document.uri, partial(_complete, session, params))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK, types.DocumentLinkOptions())
    def linked(params: types.DocumentLinkParams) -> list[types.DocumentLink] | None:
        return _about(session, params.text_document.uri, partial(_links, session))

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions())
    def lenses(params: types.CodeLensParams) -> list[types.CodeLens] | None:
        if not session.wishes.lenses:
            return None
        return _about(session, params.text_document.uri, partial(_lenses, session))

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintOptions())
    def hinted(params: types.InlayHintParams) -> list[types.InlayHint] | None:
        if not session.wishes.hints:
            return None
        return _about(session, params.text_document.uri, partial(_hints, session, params))


def _about(session: Session, uri: str, answer: Callable[[Judged], T | None]) -> T | None:
    """Nothing is known of a document that is not open, or none of ours."""
    judged = session.desk.judged(uri)
    return None if judged is None or judged.checked.kind is None else answer(judged)


def _hover(session: Session, params: types.HoverParams, judged: Judged) -> types.Hover | None:
    from qtune.doctor.documents.hover import hover

    path = judged.path
    found = hover(
        judged.text,
        path,
        *judged.lines.place(params.position),
        session.desk.world(path),
        session.client.lang,
        judged.findings,
        lambda code: address(code, session.client.lang),
        session.desk.root_of(path),
    )
    if found is None:
        return None
    words = types.MarkupContent(_kind(session.client.rich_hover), found.markdown)
    return types.Hover(words, judged.lines.exact(found.span))


def _kind(rich: bool) -> types.MarkupKind:
    return types.MarkupKind.Markdown if rich else types.MarkupKind.PlainText


def _complete(
    session: Session, params: types.CompletionParams, judged: Judged
) -> types.CompletionList:
    from qtune.doctor.documents.complete import complete

    path, lines = judged.path, judged.lines
    found = complete(
        judged.text,
        path,
        *lines.place(params.position),
        session.desk.world(path),
        session.client.lang,
        session.desk.root_of(path),
    )
    items = [
        types.CompletionItem(
            label=candidate.label,
            kind=_KINDS.get(candidate.kind, types.CompletionItemKind.Text),
            detail=candidate.detail or None,
            documentation=(
                types.MarkupContent(types.MarkupKind.Markdown, candidate.documentation)
                if session.client.rich_items and candidate.documentation
                else candidate.documentation or None
            ),
            text_edit=types.TextEdit(lines.exact(candidate.span), candidate.insert),
            filter_text=candidate.insert,
            sort_text=f"{number:04}",
        )
        for number, candidate in enumerate(found)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def _links(session: Session, judged: Judged) -> list[types.DocumentLink]:
    from qtune.doctor.documents.links import links

    path, lang = judged.path, session.client.lang
    found = links(
        judged.text,
        path,
        session.desk.world(path),
        lang,
        lambda code: address(code, lang),
        session.desk.root_of(path),
    )
    return [
        types.DocumentLink(judged.lines.exact(link.span), target=link.url, tooltip=link.tooltip)
        for link in found
    ]


def _lenses(session: Session, judged: Judged) -> list[types.CodeLens]:
    from qtune.doctor.documents.lens import lens

    found = lens(judged.text, judged.path, session.desk.world(judged.path), session.client.lang)
    root = session.desk.root_of(judged.path).absolute().as_uri()
    lenses = []
    for one in found:
        at = judged.lines.position(one.line, 1)
        command = types.Command(one.title, one.command, arguments=[root, *one.arguments])
        lenses.append(types.CodeLens(types.Range(at, at), command))
    return lenses


def _hints(
    session: Session, params: types.InlayHintParams, judged: Judged
) -> list[types.InlayHint]:
    from qtune.doctor.documents.hints import hints

    path = judged.path
    found = hints(
        judged.text,
        path,
        session.desk.world(path),
        session.client.lang,
        session.desk.root_of(path),
    )
    first, last = params.range.start.line + 1, params.range.end.line + 1
    return [
        types.InlayHint(
            judged.lines.position(hint.line, hint.column),
            hint.text,
            tooltip=hint.tooltip or None,
            padding_left=True,
        )
        for hint in found
        if first <= hint.line <= last
    ]
