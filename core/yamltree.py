"""YAML text as a tree in which every key and value knows its place in the file.

libyaml reads it where PyYAML has it, ten times as fast as Python does: an editor asks at every keystroke.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

# A run config or a rule file is small. A text with more values than this is not one of ours, or
# an alias bomb: aliases count each time they are used.
MAX_VALUES = 20_000
MAX_DEPTH = 50
MAX_FAULTS = 200  # nobody reads more; when these are mended, the next are told


class Mark(NamedTuple):
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
    """`first` is of a duplicate: the key and the value that were given before."""

    kind: FaultKind
    detail: str
    mark: Mark
    first: tuple[Mark, Mark] | None = None


class _TooDeep(Exception):
    """Holds where, as yaml counts."""

    def __init__(self, mark: Any) -> None:
        super().__init__()
        self.mark = mark


def _bounded(loader: Any) -> Any:
    """The loader, which stops before its recursion ends the process: libyaml's has no limit of its own."""

    def descend(self: Any, parent: Any, index: Any) -> None:
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > 2 * MAX_DEPTH:
            raise _TooDeep(parent.start_mark)

    def ascend(self: Any) -> None:
        self.depth -= 1

    hooks = {"descend_resolver": descend, "ascend_resolver": ascend}
    return type(f"Bounded{loader.__name__}", (loader,), hooks)


IN_PYTHON = _bounded(yaml.SafeLoader)
FASTEST = _bounded(yaml.CSafeLoader) if hasattr(yaml, "CSafeLoader") else IN_PYTHON


_HALF_A_KEY = "while scanning a simple key"


def tokens(text: str, path: Path | None) -> Iterator[Any]:
    """YAML's own tokens with their marks. Raises yaml.YAMLError where the text ceases to be YAML."""
    if FASTEST is not IN_PYTHON and not _ODD.search(text) and parse(text, path)[0] is not None:
        return iter(yaml.scan(text, Loader=yaml.CSafeLoader))
    # Where a text ceases to be YAML, the two see differently.
    return _shallow(yaml.scan(text, Loader=yaml.SafeLoader))


def _shallow(found: Iterator[Any]) -> Iterator[Any]:
    """PyYAML takes the square of the depth in time."""
    depth = 0
    for token in found:
        if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
            depth += 1
            if depth > 2 * MAX_DEPTH:
                mark = token.start_mark
                raise yaml.scanner.ScannerError(None, None, "nested too deeply", mark)
        elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken):
            depth -= 1
        yield token


# What libyaml counts otherwise, or takes for an error where PyYAML does not.
_ODD = re.compile("[^\n\r -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\U0010ffff]")


def _compose(text: str, loader: Any) -> yaml.Node | None:
    if "\t" in text or "\ufeff" in text[1:]:
        loader = IN_PYTHON  # the two differ in where these may stand
    try:
        return yaml.compose(text, Loader=loader)
    except (yaml.reader.ReaderError, UnicodeError):
        # What no YAML may hold: only the reader in Python tells its place in characters.
        return yaml.compose(text, Loader=IN_PYTHON)


@lru_cache(
    8
)  # the same text is asked about by many: what is wrong with it, what stands at the cursor
def parse(
    text: str, path: Path | None, loader: Any = FASTEST
) -> tuple[Tree | None, tuple[Fault, ...]]:
    """The tree (None when the text is empty or broken) and all that is wrong with it."""
    try:
        node = _compose(text, loader)
    except _TooDeep as deep:
        at = _word_at(text, path, (deep.mark.line + 1, deep.mark.column + 1))
        return None, (Fault("unsupported", "nested too deeply", at),)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context == _HALF_A_KEY:  # a key that is being typed: there, not where it is missed
            mark = error.context_mark
        at = _word_at(text, path, _place(mark, _end_of(text))) if mark else Mark(path, 1, 1)
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
    if node is None:
        return None, ()
    reader = _Reader(path, _end_of(text))
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


_WORD = re.compile(r"\S[\w.-]*")
_NEWLINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def _end_of(text: str) -> tuple[int, int]:
    """Line and column behind the last character."""
    ends = [newline.end() for newline in _NEWLINE.finditer(text)]
    return len(ends) + 1, len(text) - (ends[-1] if ends else 0) + 1


def _word_at(text: str, path: Path | None, place: tuple[int, int]) -> Mark:
    """The word that begins there: yaml names only the place where it stopped."""
    line, column = place
    if path is None:
        return Mark(None)
    rows = _NEWLINE.split(text, line)
    word = _WORD.match(rows[line - 1], column - 1) if line <= len(rows) else None
    return Mark(path, line, column, line, column + (len(word[0]) if word else 0))


def _place(mark: Any, end: tuple[int, int]) -> tuple[int, int]:
    """As people count. libyaml sees a line more where the last one has no newline."""
    place = mark.line + 1, mark.column + 1
    return place if place[0] <= end[0] else end


def _ended(node: yaml.Node, mark: Mark, inside: Sequence[Tree]) -> Mark:
    """A block ends with the last thing in it; for yaml it ends where the next one begins."""
    if not inside or getattr(node, "flow_style", False):
        return mark
    last = inside[-1].mark
    end = last.end_line, last.end_column
    if end < (mark.line, mark.column):  # what an alias stands for lies further up
        return mark
    return Mark(mark.path, mark.line, mark.column, *end)


# What PyYAML raises for a value that is not of the type that its tag names.
_UNREAD = (ValueError, LookupError, AttributeError, TypeError)


class _Reader:
    def __init__(self, path: Path | None, end: tuple[int, int]) -> None:
        self.path = path
        self.end = end
        self.faults: list[Fault] = []
        self.seen = 0
        self.construct: Callable[[yaml.Node], object] = (
            yaml.constructor.SafeConstructor().construct_object
        )

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
            items = tuple(item for item in read if item is not None)
            return Listing(items, _ended(node, mark, items))
        return self._table(node, mark, depth)

    def _table(self, node: yaml.Node, mark: Mark, depth: int) -> Table:
        pairs: dict[str, tuple[Leaf, Tree]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(Fault("unsupported", "a key must be a word", self._mark(key_node)))
                continue
            key = Leaf(key_node.value, key_node.value, True, self._mark(key_node))
            if key.text in pairs:
                old, before = pairs[key.text]
                detail = f"{key.text!r} was already given in line {old.mark.line}"
                self._fault(Fault("duplicate", detail, key.mark, (old.mark, before.mark)))
            value = self.read(value_node, depth + 1)
            if value is not None:
                pairs[key.text] = (key, value)
        return Table(
            tuple(pairs.values()), _ended(node, mark, [last for _, last in pairs.values()])
        )

    def _fault(self, fault: Fault) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)

    def _leaf(self, node: yaml.ScalarNode, mark: Mark) -> Leaf | None:
        if node.tag == "tag:yaml.org,2002:str":
            return Leaf(node.value, node.value, bool(node.style), mark)
        try:
            value = self.construct(node)
        except (yaml.YAMLError, ArithmeticError, *_UNREAD) as error:
            said = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
            self._fault(Fault("unsupported", str(said), mark))
            return None
        if value is None or isinstance(value, (bool, int, float, str)):
            return Leaf(node.value, value, bool(node.style), mark)
        # A date or bytes: nothing of ours is one, so the text is meant.
        return Leaf(node.value, node.value, bool(node.style), mark)

    def _mark(self, node: yaml.Node) -> Mark:
        if self.path is None:
            return Mark(None)
        start, end = _place(node.start_mark, self.end), _place(node.end_mark, self.end)
        return Mark(self.path, *start, *end)
