"""The one self-contained page: escaped text, inline style, no script, no request; for every report that is a file.

Whatever is put into it is text unless it is `Markup`, and only this module makes that. Text loses its secrets and
its control characters here. A page is pure ASCII, so that no console's code page can spoil it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from qtune import __version__
from qtune.core.secret import redact
from qtune.core.text import Lang, Text

# Controls, marks that reorder or hide text, halves of characters, and what is no character in any plane.
_NONE = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    rf"\ufdd0-\ufdef{_NONE}]"
)
_VOID = frozenset({"meta"})
_DRAWN = frozenset({"rect", "line", "polyline", "circle"})  # SVG's own, which close themselves
# What a browser would not open as a page, such as javascript:, is shown and not linked.
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+\Z")


@dataclass(frozen=True)
class Markup:
    """HTML that was made here."""

    html: str


Node: TypeAlias = "str | Markup | Iterable[Node] | None"


def element(tag: str, *children: Node, cls: str = "", **attributes: str | bool | None) -> Markup:
    """`aria_label="…"` becomes aria-label; True is an attribute without a value; None and False are none."""
    parts = [tag]
    if cls:
        parts.append(f'class="{cls}"')
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(name)
        elif value is not None and value is not False:
            parts.append(f'{name}="{escaped(value)}"')
    opened = f"<{' '.join(parts)}>"
    if tag in _VOID:
        return Markup(opened)
    if tag in _DRAWN:
        return Markup(opened[:-1] + "/>")
    return Markup(f"{opened}{inner(children)}</{tag}>")


def inner(node: Node) -> str:
    if node is None:
        return ""
    if isinstance(node, Markup):
        return node.html
    if isinstance(node, str):
        return escaped(node)
    return "".join(inner(child) for child in node)


def escaped(text: str) -> str:
    """As text or as an attribute's value: masked, and nothing a parser could take for markup."""
    shown = _UNFIT.sub("\ufffd", redact(text).replace("\r\n", "\n").replace("\t", " "))
    return html.escape(shown)


def link(url: str, *children: Node) -> Markup:
    """A link that tells its target nothing of where it was followed; what is no web address stays text."""
    if not _ADDRESS.match(url):
        return element("code", url)
    return element("a", children or url, href=url, rel="noopener noreferrer")


def table(
    columns: Iterable[Node], rows: Iterable[Iterable[Node]], cls: str = "", label: str = ""
) -> Markup:
    """The first cell of a row is its heading. Roles are named, because a phone shows rows as blocks."""
    heads = [element("th", name, scope="col", role="columnheader") for name in columns]
    body = []
    for row in rows:
        first, *rest = row
        cells = [element("th", first, scope="row", role="rowheader")]
        cells += [element("td", cell, role="cell") for cell in rest]
        body.append(element("tr", cells, role="row"))
    return element(
        "table",
        element("thead", element("tr", heads, role="row"), role="rowgroup"),
        element("tbody", body, role="rowgroup"),
        cls=cls,
        role="table",
        aria_label=label or None,
    )


@dataclass(frozen=True)
class Section:
    """One of the page's parts; the table of contents leads to it by `name`."""

    name: str
    title: str
    body: Node


_SKIP = Text("Skip to the report", "跳到正文")
_CONTENTS = Text("Contents", "目录")


def page(title: str, lang: Lang, head: Node, sections: Iterable[Section]) -> str:
    """A whole document. `head` stands above its sections and holds the one h1."""
    shown = list(sections)
    listed = [element("li", element("a", each.title, href=f"#{each.name}")) for each in shown]
    contents = element("nav", element("ul", listed), aria_label=_CONTENTS.to(lang), cls="contents")
    body = element(
        "body",
        element("a", _SKIP.to(lang), cls="skip", href="#report"),
        element("header", head),
        contents if shown else None,
        element("main", (_section(each) for each in shown), id="report"),
        element("footer", element("p", f"qtune {__version__}")),
    )
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    top = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        Markup(f"<style>{style}</style>"),
    )
    whole = element("html", top, body, lang="zh-CN" if lang == "zh" else "en")
    return f"<!DOCTYPE html>\n{whole.html}\n".encode("ascii", "xmlcharrefreplace").decode()


def _section(section: Section) -> Markup:
    heading = f"{section.name}-title"
    return element(
        "section",
        element("h2", section.title, id=heading),
        section.body,
        id=section.name,
        aria_labelledby=heading,
    )


@cache
def _style() -> str:
    return files("qtune.core").joinpath("page.css").read_text("ascii")
