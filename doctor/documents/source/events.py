"""What a piece of Python source does with names, calls and settings, in its order; known by its text alone.

What the names mean is asked later (names.py), so that a cell that did not change is not read again.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtune.doctor.documents.source.syntax import Comment, Magic
from qtune.doctor.facts.source import Spot, ValueKind


@dataclass(frozen=True, slots=True)
class Expr:
    """A literal, a dotted name (`chain`), what a call of one gives (`made`), or a mixture of `parts`."""

    kind: ValueKind
    spot: Spot
    text: str = ""
    chain: tuple[str, ...] = ()
    made: bool = False
    parts: tuple[Expr, ...] = ()
    keys: tuple[Expr, ...] = ()  # of a dict whose values are `parts`


@dataclass(frozen=True, slots=True)
class Where:
    """`scope` are the functions around it, outermost first, `blocks` the branches and loops that may not run."""

    scope: tuple[int, ...]
    blocks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imports:
    where: Where
    module: str
    name: str  # "" for the module itself
    bound: str
    statement: Spot
    trying: bool


@dataclass(frozen=True, slots=True)
class Binds:
    """`value` None: something that is not known."""

    where: Where
    name: str
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Calls:
    where: Where
    chain: tuple[str, ...]
    spot: Spot
    whole: Spot
    arguments: tuple[tuple[str, Spot | None, Spot, Expr], ...]  # keyword, its place, whole, value
    unpacks: bool
    statement: Spot | None  # of the statement that is nothing but this call


@dataclass(frozen=True, slots=True)
class Assigns:
    """`chain[key] = value`, or `chain = value` where it is an attribute (`key` None)."""

    where: Where
    chain: tuple[str, ...]
    key: Expr | None
    value: Expr
    spot: Spot
    statement: Spot | None


Event = Imports | Binds | Calls | Assigns


@dataclass(frozen=True)
class Piece:
    """`begins` is where each line begins, `statements` the lines of simple statements of several lines."""

    events: tuple[Event, ...]
    lines: tuple[str, ...]
    begins: tuple[int, ...]
    magics: tuple[Magic, ...]
    comments: tuple[Comment, ...]
    statements: tuple[tuple[int, int], ...]
    shells: bool
    broken: bool
