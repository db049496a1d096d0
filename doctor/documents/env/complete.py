"""Completion in `.env`: settings that are not given yet, and what a setting may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from qtune.core.table import BY_NAME, TABLE, Setting
from qtune.core.text import Lang, Text
from qtune.doctor.documents.candidates import Candidate, Cursor, fits
from qtune.doctor.documents.env import effective
from qtune.doctor.documents.env.words import head, prose
from qtune.doctor.documents.world import World

_KEY = re.compile(r"[ \t\ufeff]*(?:export[ \t]+)?(?P<typed>\w*)\Z")
_VALUE = re.compile(
    r"[ \t\ufeff]*(?:export[ \t]+)?(?P<key>\w+)[ \t]*=[ \t]*(?P<quote>[\"']?)(?P<typed>[^\"'#]*)\Z"
)
# What the table cannot know of its text and lists.
_WORDS: dict[str, tuple[str, ...]] = {
    "QTUNE_SOURCES": ("modelscope", "huggingface"),
    "QTUNE_CONNECTIONS": ("auto", "1", "4", "8"),
    "MODELSCOPE_ENDPOINT": ("https://modelscope.cn", "https://www.modelscope.ai"),
    "PYTORCH_ALLOC_CONF": ("expandable_segments:True",),
}
_DEFAULT = Text("default", "默认")


def candidates(
    document: str, cursor: Cursor, world: World, lang: Lang, root: Path | None
) -> Iterator[Candidate]:
    key = _KEY.match(cursor.before)
    if key is not None:
        yield from _keys(document, cursor, key["typed"], lang)
        return
    value = _VALUE.match(cursor.before)
    row = BY_NAME.get(value["key"]) if value is not None else None
    if value is not None and row is not None and not row.secret:
        yield from _values(row, value["typed"], document, cursor, world, lang, root)


def _keys(document: str, cursor: Cursor, typed: str, lang: Lang) -> Iterator[Candidate]:
    entries = effective.parsed(document, cursor.path).entries
    given = {entry.key for entry in entries if entry.line != cursor.line}
    rest = re.match(r"\w*", cursor.behind)
    word = rest[0] if rest else ""
    assigned = re.match(r"\w*[ \t]*=", cursor.behind) is not None
    span = cursor.span(len(typed), len(word))
    for row in TABLE:
        if given & {row.key, *row.aliases} or not fits(row.key, typed):
            continue
        insert = row.key if assigned else f"{row.key}={row.default}"
        documentation = "\n\n".join((head(row, lang), *prose(row, lang)))
        yield Candidate(row.key, "key", insert, span, row.summary.to(lang), documentation)


def _values(
    row: Setting,
    typed: str,
    document: str,
    cursor: Cursor,
    world: World,
    lang: Lang,
    root: Path | None,
) -> Iterator[Candidate]:
    if row.kind == "list":
        typed = typed.rpartition(",")[2].lstrip()
    rest = re.match(r"[^\s\"'#,]*", cursor.behind)
    span = cursor.span(len(typed), len(rest[0]) if rest else 0)
    if row.key == "DEFAULT_MODEL":
        from qtune.doctor.documents.knownmodels import known_models

        settings = effective.of_text(document, cursor.path, world)
        for model in known_models(settings, world, root):
            if fits(model.repo_id, typed):
                yield Candidate(model.repo_id, "repo_id", model.repo_id, span, model.why.to(lang))
        return
    words = {"bool": ("True", "False"), "choice": row.choices}.get(row.kind, ())
    default = (row.default,) if row.default and row.kind != "bool" else ()
    for word in dict.fromkeys((*words, *_WORDS.get(row.key, ()), *default)):
        detail = _DEFAULT.to(lang) if word == row.default else ""
        yield Candidate(word, "value", word, span, detail)
