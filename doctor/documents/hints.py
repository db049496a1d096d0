"""What is in effect, beside the line that says otherwise; and the memory that a run would need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qtune.core import secret
from qtune.core.table import BY_NAME
from qtune.core.text import Lang, Text
from qtune.doctor.documents import effective
from qtune.doctor.documents.kinds import is_template
from qtune.doctor.documents.markup import plain
from qtune.doctor.documents.settingwords import place_of
from qtune.doctor.documents.things import LARGEST, kind
from qtune.doctor.documents.world import World

LONGEST = 60


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
    return ()


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
