"""What a person sees who rests on a place: what stands there, what is in effect, what is wrong with it.

Words from files are shown as code, secrets masked; the only links are to the web and to files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.core import secret
from qtune.core.table import BY_NAME
from qtune.core.text import Lang
from qtune.doctor.documents import pages
from qtune.doctor.documents.env import effective
from qtune.doctor.documents.kinds import is_template
from qtune.doctor.documents.pages import Pages, nowhere
from qtune.doctor.documents.things import Thing, at, kind, things
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Finding, Span


@dataclass(frozen=True)
class Hover:
    markdown: str
    span: Span


def hover(
    document: str,
    path: Path,
    line: int,
    column: int,
    world: World,
    language: Lang,
    findings: Sequence[Finding] = (),
    pages_at: Pages = nowhere,
    root: Path | None = None,
) -> Hover | None:
    """`findings` are those of this text; `root` is the project's folder, whose `.env` decides elsewhere."""
    with secret.scope():
        return _hover(document, path, line, column, world, language, findings, pages_at, root)


def _hover(
    document: str,
    path: Path,
    line: int,
    column: int,
    world: World,
    language: Lang,
    findings: Sequence[Finding],
    pages_at: Pages,
    root: Path | None,
) -> Hover | None:
    thing = at(things(document, path, line), line, column)
    here = [finding for finding in findings if _covers(finding.span, line, column)]
    blocks = [pages.of_finding(f, pages_at, language) for f in here[: pages.MOST_FINDINGS]]
    if thing is not None:
        blocks.append(_of_thing(thing, document, path, world, language, pages_at, root))
    blocks = [block for block in blocks if block]
    if not blocks:
        return None
    span = thing.span if thing is not None else here[0].span
    assert span is not None
    return Hover("\n\n---\n\n".join(blocks), span)


def _covers(span: Span | None, line: int, column: int) -> bool:
    """A span without an end is the rest of its line."""
    if span is None:
        return False
    if not span.end_line or (span.end_line, span.end_column) == (span.line, span.column):
        return line == span.line and column >= span.column
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)


def _of_thing(
    thing: Thing,
    document: str,
    path: Path,
    world: World,
    lang: Lang,
    pages_at: Pages,
    root: Path | None,
) -> str:
    if thing.kind == "code":
        return pages.of_code(thing.text, pages_at, lang)
    what = kind(document, path)
    blocks = []
    if thing.kind == "repo_id":
        blocks.append(_model(thing, document, path, world, lang, root))
    if what == "python" and thing.kind == "key":
        from qtune.doctor.documents.env import words as settingwords

        blocks.append(settingwords.in_short(BY_NAME[thing.text], lang))
    elif what == "dotenv":
        blocks.append(_setting(thing, document, path, world, lang))
    elif what == "runconfig":
        from qtune.doctor.documents.run import words as runwords

        blocks.append(runwords.about(thing.key or thing.text, lang))
    return "\n\n".join(block for block in blocks if block)


def _model(
    thing: Thing, document: str, path: Path, world: World, lang: Lang, root: Path | None
) -> str:
    from qtune.doctor.documents import modelwords

    page = modelwords.page_of(thing, document, path, world, root)
    return modelwords.about(thing.text, world, page, lang)


def _setting(thing: Thing, document: str, path: Path, world: World, lang: Lang) -> str:
    from qtune.doctor.documents.env import words as settingwords

    row = BY_NAME.get(thing.key or thing.text)
    if row is None:
        return ""
    entry = effective.entry_at(effective.parsed(document, path), thing.span.line)
    if entry is None:
        return ""
    settings = None if is_template(path) else effective.of_text(document, path, world)
    return settingwords.about(row, settings, entry, path, lang)
