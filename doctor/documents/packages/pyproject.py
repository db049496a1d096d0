"""`pyproject.toml`: its lists of packages with the place of each, and what its [tool.qtune.doctor] gets wrong.

TOML's reader knows no places. They are looked for in the text, and count only where exactly the same list
was found there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from qtune.doctor.documents.packages import bounds
from qtune.doctor.documents.packages.judging import Asked, asked
from qtune.doctor.finding import Finding, Span

Key = tuple[str, ...]


def problems(text: str, path: Path) -> tuple[Finding, ...]:
    """Of [tool.qtune.doctor]."""
    if "qtune" not in text:
        return ()
    from qtune.doctor.named import is_name
    from qtune.doctor.suppression import project

    return project.read(text, path, is_name).problems


def groups(text: str, path: str) -> list[list[Asked]]:
    """The requirements that are installed together: the project's own, and each extra and group with them."""
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return []
    found: dict[Key, list[_Word]] = {}
    for key, word in _words(text):
        found.setdefault(key, []).append(word)

    def rows(*key: str) -> list[Asked]:
        value = _at(whole, key)
        words = found.get(key, [])
        if not isinstance(value, list):
            return []
        plain = [item for item in value if isinstance(item, str)]
        if plain != [word.value for word in words]:
            return []
        made = (asked(word.value, word.span(path)) for word in words)
        return [row for row in made if row is not None]

    own = rows("project", "dependencies")
    own += _poetry(_at(whole, ("tool", "poetry", "dependencies")), found, path)
    result = [own]
    for table in (("project", "optional-dependencies"), ("dependency-groups",)):
        named = _at(whole, table)
        for name in named if isinstance(named, Mapping) else ():
            extra = rows(*table, name)
            if extra:
                result.append([*own, *extra])
    return result


def _poetry(table: object, found: Mapping[Key, list[_Word]], path: str) -> Iterator[Asked]:
    """`name = "^1.2"`; a table in its place may hold markers."""
    for name, value in table.items() if isinstance(table, Mapping) else ():
        words = found.get(("tool", "poetry", "dependencies", name), [])
        limits = bounds.of_poetry(value) if isinstance(value, str) else None
        if limits is None or name == "python" or [word.value for word in words] != [value]:
            continue
        shown = f"{name} {value}"
        yield Asked(canonicalize_name(name), shown, limits, words[0].span(path))


def _at(tree: object, key: Key) -> object:
    for name in key:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


# --- places ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Word:
    """A text in quotes; the columns are those of what stands between them."""

    value: str
    line: int
    column: int
    end_column: int

    def span(self, path: str) -> Span:
        return Span(path, self.line, self.column, self.line, self.end_column)


_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    | (?P<long>\"{3}(?:[^\\]|\\.)*?\"{3} | '{3}.*?'{3})
    | "(?P<basic>(?:[^"\\\n]|\\.)*)" | '(?P<literal>[^'\n]*)'
    | (?P<newline>\n)
    | (?P<bare>[\w-]+)
    | (?P<sign>[\[\]{}=.,])
    | (?P<blank>[ \t\r]+)
    | (?P<other>.)""",
    re.X | re.S,
)


def _words(text: str) -> Iterator[tuple[Key, _Word]]:
    """Each text that is a value, or an item of a list, under its whole key."""
    header: Key = ()
    key: Key = ()
    line, begin = 1, 0
    depth, braces = 0, 0
    parts: list[str] = []  # of the key, or of the header, that is being read
    in_header, in_value = False, False
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup, match[0]
        if kind == "long":
            line += said.count("\n")
            if "\n" in said:
                begin = match.start() + said.rindex("\n") + 1
            continue
        if kind == "newline":
            line, begin = line + 1, match.end()
            if not depth and not braces:
                in_header, in_value, parts = False, False, []
            continue
        if kind in ("basic", "literal"):
            value = match[kind]
            if in_value:
                if not braces and "\\" not in value:
                    at = match.start(kind) - begin + 1
                    yield key, _Word(value, line, at, at + len(value))
            else:
                parts.append(value)
            continue
        if kind == "bare" and not in_value:
            parts.append(said)
        if kind != "sign":
            continue
        if said in "{}":
            braces = max(0, braces + (1 if said == "{" else -1))
        elif said == "[" and not in_value:
            in_header, parts = True, []
        elif said == "]" and in_header:
            header, in_header, parts = tuple(parts), False, []
        elif said in "[]":
            depth = max(0, depth + (1 if said == "[" else -1))
        elif said == "=" and not in_value and not in_header:
            key, in_value = (*header, *parts), True
