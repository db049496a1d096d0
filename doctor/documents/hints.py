"""What is in effect, beside the line that says otherwise; and the memory that a run would need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qtune.core import secret
from qtune.core.secret import redact
from qtune.core.table import BY_NAME
from qtune.core.text import Lang, Text
from qtune.doctor.documents.env import effective
from qtune.doctor.documents.env.words import place_of
from qtune.doctor.documents.kinds import is_template
from qtune.doctor.documents.markup import plain
from qtune.doctor.documents.things import LARGEST, kind
from qtune.doctor.documents.world import World

LONGEST = 60
LONGEST_CONFIG = 1 << 17  # characters: an estimate reads the whole of it
_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Hint:
    """Stands behind `column` of the line. No markdown: what it shows is text."""

    line: int
    column: int
    text: str
    tooltip: str


def hints(
    document: str, path: Path, world: World, language: Lang, root: Path | None = None
) -> tuple[Hint, ...]:
    if len(document) > LARGEST:
        return ()
    what = kind(document, path)
    if what == "dotenv" and not is_template(path):
        with secret.scope():
            return tuple(_overridden(document, path, world, language))
    if what == "runconfig":
        return tuple(_memory(document, path, world, language, root))
    return ()


def _memory(
    document: str, path: Path, world: World, lang: Lang, root: Path | None
) -> Iterator[Hint]:
    if len(document) > LONGEST_CONFIG or world.report(None) is None:
        return  # no machine is known, and nothing need be read
    from qtune.core.amounts import gib
    from qtune.doctor.documents.modelwords import age
    from qtune.doctor.documents.run import budget
    from qtune.doctor.rules.words import amid

    found = budget.estimate(document, path, world, root)
    if found is None or isinstance(found.needed, Text):
        return
    needed, free = gib(found.needed.total), gib(found.card.memory_free)
    text = Text(f"≈ {needed} of {free} GPU memory", f"≈ 显存 {needed} / {free}")
    ago = age(found.taken)
    parts = [f"{name.to(lang)}: {gib(size)}" for name, size in found.needed.parts() if size]
    said = Text(
        f"What the run would need, and what was free on the {found.card.name} {ago.en}.",
        f"训练约需的显存，以及 {found.card.name} 在{amid(ago)}的可用显存。",
    )
    span = found.span
    line, column = span.end_line or span.line, span.end_column or span.column
    if (line, column) <= (1, 1):
        column = len(_BREAK.split(document, maxsplit=1)[0]) + 1  # neither key is given
    tooltip = "\n".join([said.to(lang), *parts])
    yield Hint(line, column, text.to(lang), redact(tooltip))


def _overridden(document: str, path: Path, world: World, lang: Lang) -> Iterator[Hint]:
    settings = effective.of_text(document, path, world)
    for entry in effective.parsed(document, path).entries:
        row = BY_NAME.get(entry.key)
        if row is None or not entry.value.strip():
            continue
        value = settings[row.key]
        own = effective.counts(entry, path, value)
        if (own and value.problem is None) or settings.text(row.key) == entry.value.strip():
            continue
        shown = value.shown if value.problem is None else row.default
        place = place_of(value.origin) if value.problem is None else Text("default", "默认值")
        said = plain(shown) or Text("not set", "未设置").to(lang)
        said = said if len(said) <= LONGEST else said[:LONGEST] + "…"
        where = Text(f" ({place.en})", f"（{place.zh}）").to(lang)
        tooltip = Text(
            f"In effect for {row.key}; this line does not count.",
            f"{row.key} 实际生效的值；这一行不起作用。",
        )
        yield Hint(entry.end_line, entry.end_column, f"= {said}{where}", tooltip.to(lang))
