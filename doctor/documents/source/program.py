"""A program's events told as facts: imports, calls and settings by their whole names, in the order of its lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qtune.doctor.documents.source.events import Assigns, Binds, Calls, Imports, Piece
from qtune.doctor.documents.source.names import Names, Placed, moved
from qtune.doctor.facts.source import (
    Argument,
    CodeAssignment,
    CodeCall,
    CodeImport,
    CodeValue,
    CodeVariable,
    Spot,
)

# Calls of others are nobody's business here.
PACKAGES = frozenset(
    (
        "transformers", "huggingface_hub", "diffusers", "peft", "datasets", "sentence_transformers", "trl",
        "vllm", "unsloth", "optimum", "accelerate", "modelscope", "modelscope_hub", "swift",
        "torch", "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib",
        "requests", "httpx", "httpx2", "aiohttp", "urllib", "ssl", "os", "importlib", "imp",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Resolved:
    imports: tuple[CodeImport, ...]
    calls: tuple[CodeCall, ...]
    variables: tuple[CodeVariable, ...]
    assignments: tuple[CodeAssignment, ...]
    shells: bool
    named: tuple[tuple[str, Spot], ...]  # a literal, and the name or keyword that it is given to


def resolved(pieces: Sequence[tuple[Piece, int]]) -> Resolved:
    """Each piece with the number of the line before its first."""
    return _Program(Names(pieces)).told()


class _Program:
    def __init__(self, names: Names) -> None:
        self.names = names

    def told(self) -> Resolved:
        imports: list[CodeImport] = []
        calls: list[CodeCall] = []
        variables: list[CodeVariable] = list(self._magics())
        assignments: list[CodeAssignment] = []
        named: list[tuple[str, Spot]] = []
        for order, placed in enumerate(self.names.events):
            event = placed.event
            if isinstance(event, Imports):
                imports.append(_import(event, placed.first))
            elif isinstance(event, Binds):
                if event.value is not None and event.value.kind == "text":
                    named.append((event.name, moved(event.value.spot, placed.first)))
            elif isinstance(event, Calls):
                for keyword, _, _, given in event.arguments:
                    if given.kind == "text":
                        named.append((keyword, moved(given.spot, placed.first)))
                name = self.names.name(event.chain, order, placed, event.where)
                if name.partition(".")[0] in PACKAGES:
                    call = self._call(event, name, order, placed)
                    calls.append(call)
                    variables += _set_by(call, event, placed.first)
                    if name == "os.environ.update" and event.arguments:
                        variables += self._updated(event, order, placed)
            else:
                name = self.names.name(event.chain, order, placed, event.where)
                value = self.names.value(event.value, order, placed, event.where)
                if event.key is not None and value.kind == "text" and event.key.kind == "text":
                    named.append((event.key.text, value.literal or value.spot))
                if not name:
                    continue
                spot = moved(event.spot, placed.first)
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
            any(piece.shells for piece, _ in self.names.pieces),
            tuple(named),
        )

    def _call(self, event: Calls, name: str, order: int, placed: Placed) -> CodeCall:
        first = placed.first
        arguments = tuple(
            Argument(
                self.names.value(value, order, placed, event.where),
                moved(whole, first),
                keyword,
                moved(place, first) if place is not None else None,
            )
            for keyword, place, whole, value in event.arguments
        )
        spot, whole = moved(event.spot, first), moved(event.whole, first)
        return CodeCall(name, spot, whole, arguments, event.unpacks)

    def _item(
        self, event: Assigns, value: CodeValue, order: int, placed: Placed
    ) -> Iterator[CodeVariable]:
        assert event.key is not None
        key = self.names.value(event.key, order, placed, event.where)
        if key.kind != "text":
            return
        plain = event.key.kind == "text" and event.value.kind != "other"
        top = not event.where.scope and not event.where.blocks
        statement = moved(event.statement or event.spot, placed.first)
        movable = (
            plain and top and event.statement is not None and self._alone(event.statement, placed)
        )
        spot = moved(event.spot, placed.first)
        os_name = event.chain[0] if event.key.kind == "text" else ""
        yield CodeVariable(key.text, value, spot, statement, movable, os_name)

    def _alone(self, statement: Spot, placed: Placed) -> bool:
        """Does nothing else stand in its lines?"""
        lines = self.names.pieces[placed.cell][0].lines
        after = lines[statement.end_line - 1][statement.end_column - 1 :]
        return statement.column == 1 and not after.strip()

    def _updated(self, event: Calls, order: int, placed: Placed) -> Iterator[CodeVariable]:
        for keyword, place, whole, expr in event.arguments:
            statement = moved(event.statement or event.whole, placed.first)
            if keyword and place is not None:
                value = self.names.value(expr, order, placed, event.where)
                yield CodeVariable(keyword, value, moved(whole, placed.first), statement)
            for key, item in zip(expr.keys, expr.parts, strict=False) if expr.keys else ():
                if key.kind == "text":
                    value = self.names.value(item, order, placed, event.where)
                    yield CodeVariable(key.text, value, moved(key.spot, placed.first), statement)

    def _magics(self) -> Iterator[CodeVariable]:
        for piece, first in self.names.pieces:
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
        statement = moved(event.statement or event.whole, first)
        yield CodeVariable(key.value.text, value.value, key.whole, statement)


def _import(event: Imports, first: int) -> CodeImport:
    blocks = event.where.blocks
    surely = not event.where.scope and (not blocks or (event.trying and len(blocks) == 1))
    return CodeImport(event.module, event.name, moved(event.statement, first), surely)
