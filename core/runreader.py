"""Reads the entries of a run config one by one and keeps every problem it meets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from qtune.core import runsection
from qtune.core.rundefaults import Default
from qtune.core.runedits import Replacement, value_meant, word_meant
from qtune.core.runlimits import Limit
from qtune.core.runproblems import ConfigProblem
from qtune.core.runschema import Field, Refused, value_of
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Mark, Table, Tree

_WORD = Field(frozenset({"str"}))
_NAME = re.compile(r"[\w.+-][\w.+ /-]{0,200}")


class Reader:
    """`entries` are the keys of a table; each method takes one and reports what is wrong with it.

    `prefix` is the name of the table: "" at the top level, "data." in an item of it.
    """

    def __init__(
        self,
        entries: dict[str, tuple[Leaf, Tree]],
        whole: Mark,
        root: Path,
        shares: bool = True,
        prefix: str = "",
    ) -> None:
        self.entries = entries
        self.whole = whole
        self.root = root
        self.shares = shares
        self.prefix = prefix
        self.given: dict[str, dict[str, object]] = {}  # by section
        self.known: list[str] = []
        self.problems: list[ConfigProblem] = []
        self.folders: dict[Path, list[str]] = {}  # what lies in those that were looked into

    def take(self, key: str) -> Tree | None:
        """The value of a key; None when it is absent or null, which mean the default."""
        self.known.append(key)
        tree = self.entries[key][1] if key in self.entries else None
        return None if isinstance(tree, Leaf) and tree.value is None and not tree.quoted else tree

    def is_afar(self, path: str) -> bool:
        r"""On a share, `\\host\share`, that is not to be looked at: on Windows a look is a connection."""
        return not self.shares and path.strip().replace("\\", "/").startswith("//")

    def say(
        self,
        code: str,
        mark: Mark,
        message: Text,
        fix: Text | None = None,
        edit: Replacement | None = None,
    ) -> None:
        self.problems.append(ConfigProblem(code, message, mark, fix, edit=edit))

    def typed(self, key: str, tree: Tree, field: Field) -> object:
        """The value, or None after a problem was reported."""
        value = value_of(tree, field)
        if not isinstance(value, Refused):
            return value
        said = Text(f"{key}: {value.message.en}", f"{key}：{value.message.zh}")
        self.say(value.code, tree.mark, said, *(value_meant(tree, field) or ()))
        return None

    def choice(self, key: str, *values: str) -> str:
        """One of `values`; the first is the default, and "" for none is no value to write."""
        tree = self.take(key)
        if tree is None:
            return values[0]
        if isinstance(tree, Leaf) and isinstance(tree.value, bool):
            word = str(tree.value).lower()  # packing: on
        elif isinstance(tree, Leaf):
            word = tree.text
        else:
            self.typed(self.prefix + key, tree, _WORD)
            return values[0]
        words = tuple(value for value in values if value)
        if word in words:
            return word
        name, listed = self.prefix + key, ", ".join(words)
        self.say(
            "CFG007",
            tree.mark,
            Text(
                f"{name}: {word!r} is none of: {listed}", f"{name}：{word!r} 不在可选项里：{listed}"
            ),
            *(word_meant(tree, words) or ()),
        )
        return values[0]

    def word(self, key: str, default: str) -> str:
        """A name of the data's, such as a split: no path to anywhere else."""
        tree = self.take(key)
        value = None if tree is None else self.typed(self.prefix + key, tree, _WORD)
        if tree is None or not isinstance(value, str):
            return default
        if not _NAME.fullmatch(value) or ".." in value.split("/"):
            name = self.prefix + key
            self.say(
                "CFG007",
                tree.mark,
                Text(f"{name}: {value!r} is not a name", f"{name}：{value!r} 不是名称"),
                Text("A name alone, for example test.", "只写名称，例如 test。"),
            )
            return default
        return value

    def number(self, key: str, default: float, limit: Limit) -> float:
        tree = self.take(key)
        name = self.prefix + key
        value = None if tree is None else self.typed(name, tree, Field(frozenset({"float"})))
        if tree is None or not isinstance(value, int | float):
            return default
        if not limit.holds(value):
            said = Text(f"{name}: {limit.text.en}", f"{name}：{limit.text.zh}")
            self.say("CFG007", tree.mark, said)
            return default
        return float(value)

    def whole_number(self, key: str, default: int, *, low: int, high: int) -> int:
        tree = self.take(key)
        if tree is None:
            return default
        value = self.typed(key, tree, Field(frozenset({"int"})))
        if not isinstance(value, int):
            return default
        if not low <= value <= high:
            self.say(
                "CFG007",
                tree.mark,
                Text(f"{key}: must be from {low} to {high}", f"{key}：必须在 {low} 到 {high} 之间"),
            )
            return default
        return value

    def switch(self, key: str) -> bool | None:
        tree = self.take(key)
        value = None if tree is None else self.typed(key, tree, Field(frozenset({"bool"})))
        return value if isinstance(value, bool) else None

    def section(
        self, name: str, defaults: Mapping[str, Default], schema: str = ""
    ) -> dict[str, object]:
        """A table of a library's fields; what was given of them is kept in `given`."""
        tree = self.take(name)
        if tree is not None and not isinstance(tree, Table):
            self.typed(name, tree, Field(frozenset({"dict"})))
            tree = None
        values, given, problems = runsection.read(schema or name, tree, defaults, name)
        self.given[name] = given
        self.problems.extend(problems)
        return values

    def finish(self) -> None:
        self.problems.extend(runsection.unknown(self.entries, tuple(self.known), ""))
