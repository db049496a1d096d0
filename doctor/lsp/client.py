"""What the client at the other end can do, read once from its `initialize` request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types

from qtune.core.text import Lang, language


@dataclass(frozen=True)
class Client:
    """`pull`: it asks for diagnostics, and none are sent to it unasked."""

    pull: bool = False
    refresh_pull: bool = False
    pages: bool = False  # shows a link at a diagnostic's code
    related: bool = False
    tags: bool = False
    literals: bool = False  # of code actions; without them only commands
    rich_hover: bool = True  # shows Markdown
    rich_items: bool = False  # in a list of completions
    configuration: bool = False
    watches: bool = False
    progress: bool = False
    refresh_lenses: bool = False
    refresh_hints: bool = False
    documents: bool = False  # can be asked to show one
    lang: Lang = "en"
    own: Lang = "en"  # before its configuration chose another one


def client_of(params: types.InitializeParams, wanted: str) -> Client:
    """`wanted` is QTUNE_LANG; where it says nothing, the language of the editor's own menus counts."""
    has, lang = params.capabilities, _lang(wanted, params.locale)
    text, space, window = has.text_document, has.workspace, has.window
    published = text.publish_diagnostics if text else None
    actions = text.code_action if text else None
    tags = published.tag_support if published else None
    hover = text.hover if text else None
    items = text.completion.completion_item if text and text.completion else None
    return Client(
        pull=bool(text and text.diagnostic),
        refresh_pull=bool(space and space.diagnostics and space.diagnostics.refresh_support),
        pages=bool(published and published.code_description_support),
        related=bool(published and published.related_information),
        tags=bool(tags),
        literals=bool(actions and actions.code_action_literal_support),
        rich_hover=_markdown(hover.content_format if hover else None, otherwise=True),
        rich_items=_markdown(items.documentation_format if items else None, otherwise=False),
        configuration=bool(space and space.configuration),
        watches=bool(
            space
            and space.did_change_watched_files
            and space.did_change_watched_files.dynamic_registration
        ),
        progress=bool(window and window.work_done_progress),
        refresh_lenses=bool(space and space.code_lens and space.code_lens.refresh_support),
        refresh_hints=bool(space and space.inlay_hint and space.inlay_hint.refresh_support),
        documents=bool(window and window.show_document and window.show_document.support),
        lang=lang,
        own=lang,
    )


def _markdown(formats: Sequence[types.MarkupKind] | None, otherwise: bool) -> bool:
    return types.MarkupKind.Markdown in formats if formats else otherwise


def _lang(wanted: str, locale: str | None) -> Lang:
    if wanted not in ("en", "zh") and locale:
        return "zh" if locale.lower().startswith("zh") else "en"
    return language(wanted or "auto")
