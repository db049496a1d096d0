"""What a name means in one program: where it was imported from, or the one value that it can have there.

A name that may mean two things means nothing here: silence is better than a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qtune.core.secret import mask, redact
from qtune.doctor.documents.source.events import Binds, Event, Expr, Imports, Piece, Where
from qtune.doctor.facts.source import (
    CodeValue,
    Spot,
)

_DEEPEST = 12
_SECRET = re.compile(r"(?:hf_|api_org_)[A-Za-z0-9]{8,}|ms-[0-9a-fA-F-]{8,}")
_MODULE = 0  # the scope of the top level, one for all cells

# A path that is made of another one still leads to the same download.
_JOINS = frozenset(
    (
        "os.path.join", "os.path.abspath", "os.path.realpath", "os.path.expanduser", "os.fspath",
        "pathlib.Path", "pathlib.PurePath", "str", "open", "io.open", "pathlib.Path.open",
        "glob.glob", "sorted", "list", "next", "iter",
    )
)  # fmt: skip
_BUILTINS = frozenset(("str", "open", "sorted", "list", "next", "iter"))
_KNOWN_WITHOUT_IMPORT = frozenset(("os",)) | _BUILTINS  # half-typed: `import os` is still to come


@dataclass(frozen=True, slots=True)
class Placed:
    """An event of a cell, whose first line is `first`."""

    event: Event
    cell: int
    first: int


@dataclass(frozen=True, slots=True)
class Binding:
    order: int
    where: Where
    cell: int
    value: Expr | str | None  # a str is what was imported
    first: int


class Names:
    """Of one program: each piece with the number of the line before its first."""

    def __init__(self, pieces: Sequence[tuple[Piece, int]]) -> None:
        self.pieces = pieces
        self.events = [
            Placed(event, cell, first)
            for cell, (piece, first) in enumerate(pieces)
            for event in piece.events
        ]
        self.bindings: dict[tuple[int, int], dict[str, list[Binding]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._settled: dict[tuple[tuple[int, int], str], Binding | None] = {}
        for order, placed in enumerate(self.events):
            event = placed.event
            if isinstance(event, Imports):
                if event.bound and event.bound != "*":
                    whole = f"{event.module}.{event.name}" if event.name else event.module
                    self._bind(order, placed, event.where, event.bound, whole)
            elif isinstance(event, Binds):
                self._bind(order, placed, event.where, event.name, event.value)

    def _bind(
        self, order: int, placed: Placed, where: Where, name: str, value: Expr | str | None
    ) -> None:
        found = Binding(order, where, placed.cell, value, placed.first)
        self.bindings[_scope(where, placed.cell)][name].append(found)

    # --- what a name means ------------------------------------------------------------------------

    def meant(self, name: str, order: int, placed: Placed, where: Where) -> Binding | str | None:
        """A binding that holds there whatever way the program took; a str where it is no name of its own."""
        for length in range(len(where.scope), -1, -1):
            outer = Where(where.scope[:length], where.blocks if length == len(where.scope) else ())
            found = self.bindings.get(_scope(outer, placed.cell), {}).get(name)
            if not found:
                continue
            if length == len(where.scope):
                return self._one(found, order, outer, placed.cell)
            return self._anywhere(found, _scope(outer, placed.cell), name)
        return name if name in _KNOWN_WITHOUT_IMPORT else None

    def _anywhere(
        self, found: Sequence[Binding], scope: tuple[int, int], name: str
    ) -> Binding | None:
        """For a function, which may be called at any time."""
        if (scope, name) not in self._settled:
            self._settled[scope, name] = _same(found)
        return self._settled[scope, name]

    def _one(self, found: Sequence[Binding], order: int, where: Where, cell: int) -> Binding | None:
        candidates: list[Binding] = []
        for binding in reversed(found):
            if binding.order >= order:
                # A loop may come back with what is bound further down in it.
                shared = binding.cell == cell and set(binding.where.blocks) & set(where.blocks)
                if shared or binding.where.blocks == (-1,):
                    candidates.append(binding)
                continue
            candidates.append(binding)
            blocks = binding.where.blocks
            if not blocks or (binding.cell == cell and blocks == where.blocks[: len(blocks)]):
                return _same(candidates)
        return None  # nothing before it is sure to have run

    def value(
        self, expr: Expr, order: int, placed: Placed, where: Where, depth: int = 0
    ) -> CodeValue:
        spot = moved(expr.spot, placed.first)
        if expr.kind != "other":
            return CodeValue(spot, expr.kind, _shown(expr.text), spot)
        if depth > _DEEPEST:
            return CodeValue(spot)
        if not expr.chain or expr.made:
            name = self.name(expr.chain, order, placed, where, depth) if expr.chain else ""
            if expr.made and name and name not in _JOINS:
                return CodeValue(spot, made_by=(name,), name=name)
            if expr.made and not name and expr.chain[-1:] not in (("open",), ("read",)):
                return CodeValue(spot)
            made = [self.value(p, order, placed, where, depth + 1) for p in expr.parts]
            origins = dict.fromkeys(o for v in made for o in v.made_by)
            return CodeValue(spot, made_by=tuple(origins), name=name)
        found = self.meant(expr.chain[0], order, placed, where)
        if len(expr.chain) == 1 and isinstance(found, Binding) and isinstance(found.value, Expr):
            value = self._at(found, found.value, depth)
            return replace(value, spot=spot)
        return CodeValue(spot, name=self.name(expr.chain, order, placed, where, depth))

    def _at(self, binding: Binding, expr: Expr, depth: int) -> CodeValue:
        placed = Placed(self.events[binding.order].event, binding.cell, binding.first)
        return self.value(expr, binding.order, placed, binding.where, depth + 1)

    def name(
        self, chain: tuple[str, ...], order: int, placed: Placed, where: Where, depth: int = 0
    ) -> str:
        """The whole name; "" where it is not known."""
        found = self.meant(chain[0], order, placed, where)
        if isinstance(found, str):
            return ".".join((found, *chain[1:]))
        if found is None or found.value is None or depth > _DEEPEST:
            return ""
        if isinstance(found.value, str):
            return ".".join((found.value, *chain[1:]))
        base = found.value
        if base.kind != "other" or not base.chain:
            return ""
        at = Placed(self.events[found.order].event, found.cell, found.first)
        before = self.name(base.chain, found.order, at, found.where, depth + 1)
        return ".".join((before, *chain[1:])) if before else ""


def _scope(where: Where, cell: int) -> tuple[int, int]:
    return (cell, where.scope[-1]) if where.scope else (-1, _MODULE)


def _same(found: Sequence[Binding]) -> Binding | None:
    """The one value that all of them give."""
    first = found[0]
    for other in found[1:]:
        if not _equal(first.value, other.value):
            return None
    return first if first.value is not None else None


def _equal(one: Expr | str | None, other: Expr | str | None) -> bool:
    if isinstance(one, Expr) and isinstance(other, Expr):
        return one.kind == other.kind == "text" and one.text == other.text
    return one == other and isinstance(one, str)


def _shown(text: str) -> str:
    """Facts hold no secrets."""
    if "_" in text or "ms-" in text or "@" in text or "=" in text:
        masked = mask(text) if _SECRET.fullmatch(text) else text
        return redact(masked)
    return text


def moved(spot: Spot, first: int) -> Spot:
    if not first:
        return spot
    return Spot(spot.line + first, spot.column, spot.end_line + first, spot.end_column)
