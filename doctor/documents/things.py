"""What stands where in a text: keys, values, the ids of models, the codes in comments.

Any text is read, also one that is half typed; what cannot be read holds nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from qtune.core import secret
from qtune.core.hub.names import is_repo_id
from qtune.core.secret import Secret, redact
from qtune.core.table import BY_NAME
from qtune.doctor.documents.kinds import Kind, kind_of
from qtune.doctor.finding import Span

LARGEST = 1 << 19  # no source file or config that a person writes is longer
_BREAK = re.compile(r"\r\n|\n|\r")
_IGNORE = re.compile(r"#[ \t]*qtune:[ \t]*ignore(?:-file)?[ \t]*\[([^\]\r\n]*)")
_CODE = re.compile(r"[A-Za-z]{3,4}\d{3}(?!\w)")
HEAD = 1 << 16
DATA = ("data", "data.path", "eval_data", "eval_data.path")


@dataclass(frozen=True)
class Thing:
    """`key` is what a value belongs to: a setting, a dotted key of a run config, the function it is given to.

    A value that names a model is a repo_id and no value besides. The text of a secret is left out, and so is
    that of a setting which is not qtune's. `hub` is the one that a call asks, where that can be told.
    """

    kind: Literal["key", "value", "repo_id", "code"]
    text: str
    span: Span
    key: str = ""
    hub: str = ""


def kind(document: str, path: Path) -> Kind | None:
    return kind_of(path, document[:HEAD])


@lru_cache(maxsize=8)
def things(document: str, path: Path, line: int | None = None) -> tuple[Thing, ...]:
    """In the order of the text; those of one line are found in less time."""
    if line is None:
        return _sorted(document, path, lambda key, first, last: True)
    return _sorted(document, path, lambda key, first, last: first <= line <= last, line)


@lru_cache(maxsize=8)
def leading(document: str, path: Path, files: bool = True) -> tuple[Thing, ...]:
    """Those that lead somewhere: models, codes, and (with `files`) the data files of a run config."""
    named = {"DEFAULT_MODEL", "model", *(DATA if files else ())}
    found = _sorted(document, path, lambda key, first, last: key in named)
    return tuple(thing for thing in found if thing.kind != "key")


# Is anything wanted of the key that stands from one line to another?
_Wanted = Callable[[str, int, int], bool]


def _sorted(
    document: str, path: Path, wanted: _Wanted, line: int | None = None
) -> tuple[Thing, ...]:
    if len(document) > LARGEST:
        return ()
    what = kind(document, path)
    with secret.scope():
        found: Iterable[Thing] = ()
        if what == "dotenv":
            found = _of_dotenv(document, path, wanted)
        elif what == "runconfig":
            found = _of_runconfig(document, path, wanted)
        elif what == "python":
            found = _of_python(document, path, line)
        all_of_them = [*found, *_codes(document, path, line)]
    return tuple(sorted(all_of_them, key=lambda t: (t.span.line, t.span.column)))


def at(found: Iterable[Thing], line: int, column: int) -> Thing | None:
    """The one at this place, else the one that ends there."""
    ends = None
    for thing in found:
        begin = (thing.span.line, thing.span.column)
        end = (thing.span.end_line, thing.span.end_column)
        if begin <= (line, column) < end:
            return thing
        if (line, column) == end:
            ends = thing
    return ends


def names_model(text: str) -> bool:
    """owner/name, and nothing that could be a token."""
    return "/" in text and len(text) <= 200 and is_repo_id(text) and redact(text) == text


def _of_dotenv(document: str, path: Path, wanted: _Wanted) -> Iterator[Thing]:
    from qtune.doctor.documents.env.dotenv import is_secret
    from qtune.doctor.documents.env.effective import parsed

    entries = parsed(document, path).entries
    for entry in entries:
        if entry.looks_secret:
            Secret(entry.value)  # wherever else it stands, it names no model
    for entry in entries:
        if not wanted(entry.key, entry.line, entry.end_line):
            continue
        begin = entry.column
        key_end = begin + len(entry.key)
        yield Thing("key", entry.key, Span(str(path), entry.line, begin, entry.line, key_end))
        if not entry.raw:
            continue
        quotes = 1 if entry.quote else 0
        span = Span(
            str(path),
            entry.line,
            entry.value_column + quotes,
            entry.end_line,
            entry.end_column - quotes,
        )
        row = BY_NAME.get(entry.key)
        if row is not None and row.key == "DEFAULT_MODEL" and names_model(entry.value):
            yield Thing("repo_id", entry.value, span, entry.key)
        else:
            hidden = row is None or is_secret(entry) or entry.looks_secret
            text = "" if hidden else entry.value
            yield Thing("value", text, span, entry.key)


def _of_runconfig(document: str, path: Path, wanted: _Wanted) -> Iterator[Thing]:
    from qtune.doctor.documents.run.lines import pairs

    name = str(path)
    for pair in pairs(document):
        if not wanted(pair.path, pair.line, pair.line):
            continue
        if pair.column:
            span = Span(name, pair.line, pair.column, pair.line, pair.end_column)
            yield Thing("key", pair.path, span)
        if not pair.text:
            continue
        span = Span(name, pair.line, pair.inside[0], pair.line, pair.inside[1])
        if pair.path == "model" and names_model(pair.text):
            yield Thing("repo_id", pair.text, span, pair.path)
        else:
            yield Thing("value", pair.text, span, pair.path)


def _of_python(document: str, path: Path, line: int | None) -> Iterator[Thing]:
    if line is not None:
        lines = _BREAK.split(document)
        here = lines[line - 1] if 1 <= line <= len(lines) else ""
        if "/" not in here and not any(name in here for name in BY_NAME):
            return
    from qtune.doctor.documents.source.models import called_models, set_variables

    for model in called_models(document, path):
        if line in (None, model.span.line) and names_model(model.repo_id):
            yield Thing("repo_id", model.repo_id, model.span, model.function, model.hub)
    if any(name in document for name in BY_NAME):
        for key, span in set_variables(document, path):
            if key in BY_NAME and line in (None, span.line):
                yield Thing("key", key, span)


def _codes(document: str, path: Path, only: int | None) -> Iterator[Thing]:
    if path.name == "pyproject.toml" and "tool.qtune" in document:
        from qtune.doctor.documents.packages import doctortable as projecttable

        for name, line, column in projecttable.codes(_BREAK.split(document)):
            if only in (None, line):
                yield Thing("code", name, Span(str(path), line, column, line, column + len(name)))
    if "qtune:" not in document:
        return
    starts = [0, *(end.end() for end in _BREAK.finditer(document))]
    for comment in _IGNORE.finditer(document):
        for code in _CODE.finditer(document, *comment.span(1)):
            line = bisect_right(starts, code.start())
            if only not in (None, line):
                continue
            column = code.start() - starts[line - 1] + 1
            span = Span(str(path), line, column, line, column + len(code[0]))
            yield Thing("code", code[0].upper(), span)
