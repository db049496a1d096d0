"""Reads the entries of a run config one by one and keeps every problem it meets."""

from __future__ import annotations

from pathlib import Path

from qtune.core import runsection
from qtune.core.runedits import Replacement, value_meant, word_meant
from qtune.core.runproblems import ConfigProblem
from qtune.core.runschema import Field, Refused, value_of
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Mark, Table, Tree


class Reader:
    """`entries` are the top-level keys; each method takes one and reports what is wrong with it."""

    def __init__(
        self,
        entries: dict[str, tuple[Leaf, Tree]],
        whole: Mark,
        root: Path,
        shares: bool = True,
    ) -> None:
        self.entries = entries
        self.whole = whole
        self.root = root
        self.shares = shares
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

    def choice(self, key: str, *values: str, later: tuple[str, ...]) -> str:
        """One of `values` (the first is the default); those in `later` have a code of their own."""
        tree = self.take(key)
        if tree is None:
            return values[0]
        if isinstance(tree, Leaf) and isinstance(tree.value, bool):
            word = str(tree.value).lower()  # packing: on
        elif isinstance(tree, Leaf):
            word = tree.text
        else:
            self.typed(key, tree, Field(frozenset({"str"})))
            return values[0]
        if word in values:
            return word
        listed = ", ".join(values)
        if word in later:
            self.say(
                "CFG012",
                tree.mark,
                Text(f"{key}: {word} is not in this version", f"{key}：当前版本还不支持 {word}"),
                Text(f"Use {listed}.", f"请用 {listed}。"),
                Replacement(tree.mark, listed) if len(values) == 1 else None,
            )
        else:
            near = word_meant(tree, (*values, *later)) if isinstance(tree, Leaf) else None
            self.say(
                "CFG007",
                tree.mark,
                Text(
                    f"{key}: {word!r} is none of: {listed}",
                    f"{key}：{word!r} 不在可选项里：{listed}",
                ),
                *(near or ()),
            )
        return values[0]

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

    def section(self, name: str) -> dict[str, object]:
        tree = self.take(name)
        if tree is not None and not isinstance(tree, Table):
            self.typed(name, tree, Field(frozenset({"dict"})))
            tree = None
        values, problems = runsection.read(name, tree)
        self.problems.extend(problems)
        return values

    def finish(self) -> None:
        self.problems.extend(runsection.unknown(self.entries, tuple(self.known), ""))
