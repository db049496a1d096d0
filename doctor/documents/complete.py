"""What may be written at the cursor: keys, values, models, files, codes; also in a line that is half typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from qtune.core import secret
from qtune.core.text import Lang
from qtune.doctor.documents.candidates import Candidate, Cursor, fits
from qtune.doctor.documents.kinds import Kind
from qtune.doctor.documents.things import LARGEST, kind
from qtune.doctor.documents.world import World

__all__ = ["Candidate", "complete"]

MOST = 200
_BREAK = re.compile(r"\r\n|\n|\r")
_CODES = re.compile(r"#[ \t]*qtune:[ \t]*ignore(?:-file)?[ \t]*\[(?:[^\]]*[,\s])?(\w*)\Z")

# What findings of each kind of document begin with.
_PREFIXES: dict[str, tuple[str, ...]] = {
    "dotenv": ("ENV", "TOK", "HUB"),
    "runconfig": ("CFG", "DAT", "MEM"),
    "python": ("SRC",),
    "requirements": ("PKG",),
    "pyproject": ("PKG",),
}


def complete(
    document: str,
    path: Path,
    line: int,
    column: int,
    world: World,
    language: Lang,
    root: Path | None = None,
) -> tuple[Candidate, ...]:
    """`root` is the project's folder: where relative paths begin."""
    with secret.scope():
        return _complete(document, path, line, column, world, language, root)


def _complete(
    document: str,
    path: Path,
    line: int,
    column: int,
    world: World,
    language: Lang,
    root: Path | None,
) -> tuple[Candidate, ...]:
    if len(document) > LARGEST:
        return ()
    what = kind(document, path)
    lines = _BREAK.split(document)
    ours = path.name == "pyproject.toml" and "tool.qtune" in document
    if (what is None and not ours) or not 1 <= line <= len(lines):
        return ()
    at = min(max(column - 1, 0), len(lines[line - 1]))
    cursor = Cursor(path, line, lines[line - 1][:at], lines[line - 1][at:])
    if (
        what is not None
        and "qtune:" in cursor.before
        and (typed := _CODES.search(cursor.before)) is not None
    ):
        return tuple(_codes(what, cursor, typed[1], language))
    found: Iterator[Candidate] = iter(())
    if ours:
        from qtune.doctor.documents.packages import doctortable as projecttable

        found = projecttable.candidates(lines, cursor, language)
    elif what == "dotenv":
        from qtune.doctor.documents.env import complete as completeenv

        found = completeenv.candidates(document, cursor, world, language, root)
    elif what == "runconfig":
        from qtune.doctor.documents.run import complete as completerun

        found = completerun.candidates(document, cursor, world, language, root)
    elif what == "python":
        found = _models(cursor, world, language, root)
    return tuple(candidate for candidate, _ in zip(found, range(MOST), strict=False))


def _models(cursor: Cursor, world: World, lang: Lang, root: Path | None) -> Iterator[Candidate]:
    """Between the quotes of a call that loads one."""
    from qtune.doctor.documents.source.models import LOOKS_LIKE_A_CALL

    match = re.search(LOOKS_LIKE_A_CALL + r"(?P<typed>[\w./-]*)\Z", cursor.before[-300:])
    if match is None:
        return
    from qtune.doctor.documents.env import effective
    from qtune.doctor.documents.knownmodels import known_models

    rest = re.match(r"[\w./-]*", cursor.behind)
    span = cursor.span(len(match["typed"]), len(rest[0]) if rest else 0)
    for model in known_models(effective.of_project(root, world), world, root):
        if fits(model.repo_id, match["typed"]):
            yield Candidate(model.repo_id, "repo_id", model.repo_id, span, model.why.to(lang))


def _codes(what: Kind, cursor: Cursor, typed: str, lang: Lang) -> Iterator[Candidate]:
    import importlib

    from qtune.doctor.rules import one

    rest = re.match(r"\w*", cursor.behind)
    span = cursor.span(len(typed), len(rest[0]) if rest else 0)
    for prefix in _PREFIXES.get(what, ()):
        for code in importlib.import_module(f"qtune.doctor.rules.{prefix.lower()}").RULES.codes:
            rule = one(code) if fits(code, typed) else None
            if rule is not None and rule.reported:
                yield Candidate(code, "code", code, span, rule.title.to(lang))
