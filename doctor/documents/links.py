"""Where the things of a document lead to: a model's page on its hub, a code's page, a data file. http(s) and file only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qtune.core import secret
from qtune.core.rundefaults import QUICKSTART
from qtune.core.text import Lang, Text
from qtune.doctor.documents.pages import Pages, nowhere
from qtune.doctor.documents.things import DATA, Thing, kind, leading
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Span

MOST = 200  # of each sort


@dataclass(frozen=True)
class Link:
    span: Span
    url: str
    tooltip: str


def links(
    document: str,
    path: Path,
    world: World,
    language: Lang = "en",
    pages_at: Pages = nowhere,
    root: Path | None = None,
) -> tuple[Link, ...]:
    """`pages_at` gives the address of a code's page; without one, codes lead nowhere."""
    with secret.scope():
        found = leading(document, path)
        files = kind(document, path) == "runconfig"
        return (
            *_models(found, document, path, world, language, root),
            *_codes(found, language, pages_at),
            *(_files(found, language, root) if files else ()),
        )


def _models(
    found: tuple[Thing, ...],
    document: str,
    path: Path,
    world: World,
    lang: Lang,
    root: Path | None,
) -> Iterator[Link]:
    models = [thing for thing in found if thing.kind == "repo_id"][:MOST]
    if not models:
        return
    from qtune.doctor.documents import modelwords

    pages: dict[tuple[str, str], modelwords.HubPage] = {}
    for thing in models:
        name = (thing.text, thing.hub)
        if name not in pages:
            pages[name] = modelwords.page_of(thing, document, path, world, root)
        page = pages[name]
        text = Text(f"Open on {page.title}", f"在 {page.title} 上打开")
        yield Link(thing.span, page.url, text.to(lang))


def _codes(found: tuple[Thing, ...], lang: Lang, pages_at: Pages) -> Iterator[Link]:
    codes = [thing for thing in found if thing.kind == "code"]
    for thing in codes[:MOST]:
        if (url := pages_at(thing.text)).startswith(("https://", "http://", "file://")):
            yield Link(thing.span, url, Text("Open the rule's page", "打开规则说明").to(lang))


def _files(found: tuple[Thing, ...], lang: Lang, root: Path | None) -> Iterator[Link]:
    """Files that are there, below the project's folder: elsewhere nothing is even looked for."""
    named = [t for t in found if t.kind == "value" and t.key in DATA]
    for thing in named[:MOST]:
        if root is None or thing.text == QUICKSTART or not below(thing.text):
            continue
        file = root / thing.text
        if os.path.isfile(file):  # noqa: PTH113 (Path.is_file raises for names that are too long)
            yield Link(
                thing.span, file.absolute().as_uri(), Text("Open the file", "打开文件").to(lang)
            )


def below(text: str) -> bool:
    r"""A relative path that does not leave its folder: no drive, no \\host, no `..`, no `~`."""
    return (
        bool(text.strip())
        and text.isprintable()
        and "\\" not in text
        and ":" not in text
        and not text.startswith(("/", "~"))
        and ".." not in PurePosixPath(text).parts
    )
