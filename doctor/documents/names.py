"""What names mean: events of one program, in the order of its lines, with whole names and values.

A name that may mean two things means nothing here: silence is better than a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qtune.core.secret import mask, redact
from qtune.doctor.documents.events import Assigns, Binds, Calls, Event, Expr, Imports, Piece, Where
from qtune.doctor.facts.source import (
    Argument,
    CodeAssignment,
    CodeCall,
    CodeImport,
    CodeValue,
    CodeVariable,
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


@dataclass(frozen=True)
class Resolved:
    imports: tuple[CodeImport, ...]
    calls: tuple[CodeCall, ...]
    variables: tuple[CodeVariable, ...]
    assignments: tuple[CodeAssignment, ...]
    shells: bool
    named: tuple[tuple[str, Spot], ...]  # a literal, and the name or keyword that it is given to


@dataclass(frozen=True, slots=True)
class _Placed:
    """An event of a cell, whose first line is `first`."""

    event: Event
    cell: int
    first: int


@dataclass(frozen=True, slots=True)
class _Binding:
    order: int
    where: Where
    cell: int
    value: Expr | str | None  # a str is what was imported
    first: int


def resolved(pieces: Sequence[tuple[Piece, int]]) -> Resolved:
    """Each piece with the number of the line before its first."""
    return _Program(pieces).told()


class _Program:
    def __init__(self, pieces: Sequence[tuple[Piece, int]]) -> None:
        self.pieces = pieces
        self.events = [
            _Placed(event, cell, first)
            for cell, (piece, first) in enumerate(pieces)
            for event in piece.events
        ]
        self.bindings: dict[tuple[int, int], dict[str, list[_Binding]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for order, placed in enumerate(self.events):
            event = placed.event
            if isinstance(event, Imports):
                if event.bound and event.bound != "*":
                    whole = f"{event.module}.{event.name}" if event.name else event.module
                    self._bind(order, placed, event.where, event.bound, whole)
            elif isinstance(event, Binds):
                self._bind(order, placed, event.where, event.name, event.value)

    def _bind(
        self, order: int, placed: _Placed, where: Where, name: str, value: Expr | str | None
    ) -> None:
        found = _Binding(order, where, placed.cell, value, placed.first)
        self.bindings[_scope(where, placed.cell)][name].append(found)

    # --- what a name means ------------------------------------------------------------------------

    def meant(self, name: str, order: int, placed: _Placed, where: Where) -> _Binding | str | None:
        """A binding that holds there whatever way the program took; a str where it is no name of its own."""
        for length in range(len(where.scope), -1, -1):
            outer = Where(where.scope[:length], where.blocks if length == len(where.scope) else ())
            found = self.bindings.get(_scope(outer, placed.cell), {}).get(name)
            if not found:
                continue
            own = length == len(where.scope)
            return self._one(found, order, outer, placed.cell) if own else _same(found)
        return name if name in _KNOWN_WITHOUT_IMPORT else None

    def _one(
        self, found: Sequence[_Binding], order: int, where: Where, cell: int
    ) -> _Binding | None:
        candidates: list[_Binding] = []
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
        self, expr: Expr, order: int, placed: _Placed, where: Where, depth: int = 0
    ) -> CodeValue:
        spot = _moved(expr.spot, placed.first)
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
        if len(expr.chain) == 1 and isinstance(found, _Binding) and isinstance(found.value, Expr):
            value = self._at(found, found.value, depth)
            return replace(value, spot=spot)
        return CodeValue(spot, name=self.name(expr.chain, order, placed, where, depth))

    def _at(self, binding: _Binding, expr: Expr, depth: int) -> CodeValue:
        placed = _Placed(self.events[binding.order].event, binding.cell, binding.first)
        return self.value(expr, binding.order, placed, binding.where, depth + 1)

    def name(
        self, chain: tuple[str, ...], order: int, placed: _Placed, where: Where, depth: int = 0
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
        at = _Placed(self.events[found.order].event, found.cell, found.first)
        before = self.name(base.chain, found.order, at, found.where, depth + 1)
        return ".".join((before, *chain[1:])) if before else ""

    # --- what is told -----------------------------------------------------------------------------

    def told(self) -> Resolved:
        imports: list[CodeImport] = []
        calls: list[CodeCall] = []
        variables: list[CodeVariable] = list(self._magics())
        assignments: list[CodeAssignment] = []
        named: list[tuple[str, Spot]] = []
        for order, placed in enumerate(self.events):
            event = placed.event
            if isinstance(event, Imports):
                imports.append(_import(event, placed.first))
            elif isinstance(event, Binds):
                if event.value is not None and event.value.kind == "text":
                    named.append((event.name, _moved(event.value.spot, placed.first)))
            elif isinstance(event, Calls):
                for keyword, _, _, given in event.arguments:
                    if given.kind == "text":
                        named.append((keyword, _moved(given.spot, placed.first)))
                name = self.name(event.chain, order, placed, event.where)
                if name:
                    call = self._call(event, name, order, placed)
                    calls.append(call)
                    variables += _set_by(call, event, placed.first)
                    if name == "os.environ.update" and event.arguments:
                        variables += self._updated(event, order, placed)
            else:
                name = self.name(event.chain, order, placed, event.where)
                value = self.value(event.value, order, placed, event.where)
                if event.key is not None and value.kind == "text" and event.key.kind == "text":
                    named.append((event.key.text, value.literal or value.spot))
                if not name:
                    continue
                spot = _moved(event.spot, placed.first)
                if event.key is None:
                    named += [(event.chain[-1], value.spot)] if value.kind == "text" else []
                    assignments.append(CodeAssignment(name, value, spot))
                elif name == "os.environ":
                    variables += self._item(event, value, order, placed)
        return Resolved(
            tuple(imports),
            tuple(calls),
            tuple(sorted(variables, key=lambda v: (v.spot.line, v.spot.column))),
            tuple(assignments),
            any(piece.shells for piece, _ in self.pieces),
            tuple(named),
        )

    def _call(self, event: Calls, name: str, order: int, placed: _Placed) -> CodeCall:
        first = placed.first
        arguments = tuple(
            Argument(
                self.value(value, order, placed, event.where),
                _moved(whole, first),
                keyword,
                _moved(place, first) if place is not None else None,
            )
            for keyword, place, whole, value in event.arguments
        )
        spot, whole = _moved(event.spot, first), _moved(event.whole, first)
        return CodeCall(name, spot, whole, arguments, event.unpacks)

    def _item(
        self, event: Assigns, value: CodeValue, order: int, placed: _Placed
    ) -> Iterator[CodeVariable]:
        assert event.key is not None
        key = self.value(event.key, order, placed, event.where)
        if key.kind != "text":
            return
        plain = event.key.kind == "text" and event.value.kind != "other"
        top = not event.where.scope and not event.where.blocks
        statement = _moved(event.statement or event.spot, placed.first)
        movable = (
            plain and top and event.statement is not None and self._alone(event.statement, placed)
        )
        spot = _moved(event.spot, placed.first)
        yield CodeVariable(key.text, value, spot, statement, movable, event.chain[0])

    def _alone(self, statement: Spot, placed: _Placed) -> bool:
        """Does nothing else stand in its lines?"""
        lines = self.pieces[placed.cell][0].lines
        after = lines[statement.end_line - 1][statement.end_column - 1 :]
        return statement.column == 1 and not after.strip()

    def _updated(self, event: Calls, order: int, placed: _Placed) -> Iterator[CodeVariable]:
        for keyword, place, whole, expr in event.arguments:
            statement = _moved(event.statement or event.whole, placed.first)
            if keyword and place is not None:
                value = self.value(expr, order, placed, event.where)
                yield CodeVariable(keyword, value, _moved(whole, placed.first), statement)
            for key, item in zip(expr.keys, expr.parts, strict=False) if expr.keys else ():
                if key.kind == "text":
                    value = self.value(item, order, placed, event.where)
                    yield CodeVariable(key.text, value, _moved(key.spot, placed.first), statement)

    def _magics(self) -> Iterator[CodeVariable]:
        for piece, first in self.pieces:
            for magic in piece.magics:
                line = magic.line + first
                spot = Spot(line, magic.column, line, magic.end_column)
                value = CodeValue(spot, "text", magic.value, spot)
                whole = Spot(line, 1, line, magic.end_column)
                yield CodeVariable(magic.key, value, spot, whole)


def _set_by(call: CodeCall, event: Calls, first: int) -> Iterator[CodeVariable]:
    if call.function not in ("os.environ.setdefault", "os.putenv"):
        return
    key, value = call.argument(0), call.argument(1)
    if key is not None and value is not None and key.value.kind == "text":
        statement = _moved(event.statement or event.whole, first)
        yield CodeVariable(key.value.text, value.value, key.whole, statement)


def _import(event: Imports, first: int) -> CodeImport:
    blocks = event.where.blocks
    surely = not event.where.scope and (not blocks or (event.trying and len(blocks) == 1))
    return CodeImport(event.module, event.name, _moved(event.statement, first), surely)


def _scope(where: Where, cell: int) -> tuple[int, int]:
    return (cell, where.scope[-1]) if where.scope else (-1, _MODULE)


def _same(found: Sequence[_Binding]) -> _Binding | None:
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


def _moved(spot: Spot, first: int) -> Spot:
    if not first:
        return spot
    return Spot(spot.line + first, spot.column, spot.end_line + first, spot.end_column)
