"""What to write instead: the place and the text that would mend a problem of a run config, where one is certain."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qtune.core import slips
from qtune.core.runschema import Field, Refused, value_of
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Mark, Tree

if TYPE_CHECKING:
    from qtune.core.runproblems import ConfigProblem


@dataclass(frozen=True)
class Replacement:
    """Put `text` in the place of `mark`. `certain`: nothing else can have been meant.

    `lines`: `mark` is a key with its value, whose lines go as a whole; `settled` keeps it only where
    nothing else stands on them.
    """

    mark: Mark
    text: str
    certain: bool = False
    lines: bool = False


def rename(key: Leaf, new: str, present: Container[str], *, certain: bool) -> Replacement | None:
    """None where the right key is there already: two of them are no better."""
    return None if new in present else Replacement(key.mark, new, certain)


def removal(key: Mark, value: Mark) -> Replacement | None:
    """Both on the command line, or one of each: there is nothing to remove."""
    if key.path is None or value.path is None:
        return None
    end = (value.end_line, value.end_column)
    if end < (key.line, key.column):  # an alias: its value stands further up
        return None
    return Replacement(Mark(key.path, key.line, key.column, *end), "", lines=True)


def rewrite(key: Mark, value: Mark, text: str, *, certain: bool) -> Replacement | None:
    """Key and value together."""
    whole = removal(key, value)
    return None if whole is None else replace(whole, text=text, certain=certain, lines=False)


def value_meant(tree: Tree, field: Field) -> tuple[Text, Replacement] | None:
    """Of a value that the field refuses: the one that was meant, and the words for it."""
    if not isinstance(tree, Leaf):
        return None
    if tree.quoted and tree.text and "\n" not in tree.text:
        bare = Leaf(tree.text, _unquoted(tree.text), False, tree.mark)
        if _PLAIN.fullmatch(tree.text) and not isinstance(value_of(bare, field), Refused):
            said = Text(f"Write it without quotes: {tree.text}", f"去掉引号：{tree.text}")
            return said, Replacement(tree.mark, tree.text, certain=True)
    words = field.choices or (("true", "false") if field.types <= {"bool", "null"} else ())
    return word_meant(tree, words)


def word_meant(tree: Leaf, words: Iterable[str]) -> tuple[Text, Replacement] | None:
    near = slips.meant(tree.text, words)
    if near is None:
        return None
    return did_you_mean(near.word), Replacement(tree.mark, near.word, near.certain)


def did_you_mean(word: str) -> Text:
    return Text(f"Did you mean {word}?", f"是不是 {word}？")


# What YAML reads as one word, whatever stands around it.
_PLAIN = re.compile(r"[\w.+/~-]*[\w/]", re.A)


def _unquoted(text: str) -> bool | int | float | str:
    import yaml

    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError):
        return text
    return value if isinstance(value, bool | int | float) else text


def scalar(text: str, *, quoted: bool = False) -> str:
    """`text` as YAML takes it: bare where that is safe, else in double quotes."""
    bare = _PLAIN.fullmatch(text) is not None and not text.startswith(("-", "~"))
    return text if bare and not quoted else json.dumps(text, ensure_ascii=False)


def settled(problems: Iterable[ConfigProblem], text: str) -> Iterator[ConfigProblem]:
    """Removals of whole lines become just that, or none where something else stands on those lines."""
    lines: list[str] | None = None
    for problem in problems:
        edit = problem.edit
        if edit is None or edit.mark.path is None:
            yield problem if edit is None else replace(problem, edit=None)
            continue
        if not edit.lines:
            yield problem
            continue
        if lines is None:
            lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", text)
        mark = _whole_lines(edit.mark, lines)
        made = None if mark is None else replace(edit, mark=mark, lines=False)
        yield replace(problem, edit=made)


def _whole_lines(mark: Mark, lines: list[str]) -> Mark | None:
    last, column = mark.end_line, mark.end_column
    if column == 1 and last > mark.line:  # a block of text ends with its newline
        last, column = last - 1, len(lines[last - 2]) + 1
    if last > len(lines) or lines[mark.line - 1][: mark.column - 1].strip():
        return None
    rest = lines[last - 1][column - 1 :].strip()
    if rest and not rest.startswith("#"):
        return None
    if last == len(lines):  # there is no line below: the text ends here
        return Mark(mark.path, mark.line, 1, last, len(lines[last - 1]) + 1)
    return Mark(mark.path, mark.line, 1, last + 1, 1)
