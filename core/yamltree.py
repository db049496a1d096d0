"""YAML text as a tree in which every key and value knows its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

# A run config or a rule file is small. A text with more values than this is not one of ours, or
# an alias bomb: aliases count each time they are used.
MAX_VALUES = 20_000
MAX_DEPTH = 50


@dataclass(frozen=True)
class Mark:
    """A place, 1-based; `path` None means the command line, whose lines are all 0."""

    path: Path | None
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.path is not None else "command line"


@dataclass(frozen=True)
class Leaf:
    """`value` is what YAML 1.1 makes of `text`; a field that wants a word reads `text` instead.

    Without that, `save_strategy: no` would be False and `name: 1e-4` would be a string.
    """

    text: str
    value: bool | int | float | str | None
    quoted: bool
    mark: Mark


@dataclass(frozen=True)
class Listing:
    items: tuple[Tree, ...]
    mark: Mark


@dataclass(frozen=True)
class Table:
    pairs: tuple[tuple[Leaf, Tree], ...]
    mark: Mark


Tree = Leaf | Listing | Table
FaultKind = Literal["syntax", "duplicate", "unsupported"]


@dataclass(frozen=True)
class Fault:
    kind: FaultKind
    detail: str
    mark: Mark


def parse(text: str, path: Path | None) -> tuple[Tree | None, tuple[Fault, ...]]:
    """The tree (None when the text is empty or broken) and all that is wrong with it."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Mark(path, mark.line + 1, mark.column + 1) if mark else Mark(path, 1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        return None, (Fault("syntax", said, at),)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, (
            Fault(
                "syntax",
                f"character #x{ord(str(error.character)[:1]):04x}: {error.reason}",
                Mark(path, line, 1),
            ),
        )
    except RecursionError:
        return None, (Fault("unsupported", "nested too deeply", Mark(path, 1, 1)),)
    if node is None:
        return None, ()
    reader = _Reader(path)
    try:
        tree = reader.read(node, depth=0)
    except _TooMuch as too_much:
        return None, (*reader.faults, Fault("unsupported", too_much.what, too_much.mark))
    return tree, tuple(reader.faults)


class _TooMuch(Exception):
    def __init__(self, what: str, mark: Mark) -> None:
        super().__init__(what)
        self.what = what
        self.mark = mark


class _Reader:
    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.faults: list[Fault] = []
        self.seen = 0
        self.constructor = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, depth: int) -> Tree | None:
        mark = self._mark(node)
        self.seen += 1
        if depth > MAX_DEPTH:
            raise _TooMuch("nested too deeply", mark)
        if self.seen > MAX_VALUES:
            raise _TooMuch(f"more than {MAX_VALUES} values", mark)
        if isinstance(node, yaml.ScalarNode):
            return self._leaf(node, mark)
        if isinstance(node, yaml.SequenceNode):
            read = [self.read(item, depth + 1) for item in node.value]
            return Listing(tuple(item for item in read if item is not None), mark)
        return self._table(node, mark, depth)

    def _table(self, node: yaml.Node, mark: Mark, depth: int) -> Table:
        pairs: dict[str, tuple[Leaf, Tree]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(
                    Fault("unsupported", "a key must be a word", self._mark(key_node))
                )
                continue
            key = Leaf(key_node.value, key_node.value, True, self._mark(key_node))
            if key.text in pairs:
                first = pairs[key.text][0].mark.line
                detail = f"{key.text!r} was already given in line {first}"
                self.faults.append(Fault("duplicate", detail, key.mark))
            value = self.read(value_node, depth + 1)
            if value is not None:
                pairs[key.text] = (key, value)
        return Table(tuple(pairs.values()), mark)

    def _leaf(self, node: yaml.ScalarNode, mark: Mark) -> Leaf | None:
        try:
            value: object = self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            said = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
            self.faults.append(Fault("unsupported", str(said), mark))
            return None
        if value is None or isinstance(value, (bool, int, float, str)):
            return Leaf(node.value, value, node.style is not None, mark)
        # A date or bytes: nothing of ours is one, so the text is meant.
        return Leaf(node.value, node.value, node.style is not None, mark)

    def _mark(self, node: yaml.Node) -> Mark:
        if self.path is None:
            return Mark(None)
        start, end = node.start_mark, node.end_mark
        return Mark(self.path, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
