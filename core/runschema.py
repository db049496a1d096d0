"""The fields of `lora:`, `training:` and `preference:`: their types and their words.

The types come from the generated files in core/schema/; no library is imported.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qtune.core.runwords import CHOICES
from qtune.core.text import Text, plain
from qtune.core.yamltree import Leaf, Listing, Table, Tree

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Field:
    """`types`: any of bool int float str list list[...] dict null object; `choices`: its words."""

    types: frozenset[str]
    choices: tuple[str, ...] = ()
    default: object = None


@dataclass(frozen=True)
class Schema:
    library: str
    version: str
    fields: Mapping[str, Field]

    def is_installed(self) -> bool:
        """Whether the library on this machine is the one the schema came from (absent counts)."""
        try:
            return version(self.library) == self.version
        except PackageNotFoundError:
            return True


_FILES = {
    "lora": "lora_config",
    "training": "training_arguments",
    "dpo": "dpo_config",
    "kto": "kto_config",
    "reward": "reward_config",
}
OF_PREFERENCE = ("dpo", "kto", "reward")


@cache
def schema(section: str) -> Schema:
    """`section` is lora, training, the method whose `preference:` it is, or `preference` for all of them."""
    if section == "preference":
        every = [schema(method) for method in reversed(OF_PREFERENCE)]
        fields = {name: field for each in every for name, field in each.fields.items()}
        return Schema(every[0].library, every[0].version, fields)
    name = _FILES[section]
    path = Path(__file__).parent / "schema" / f"{name}.json"
    read = json.loads(path.read_text(encoding="utf-8"))
    fields = {
        key: Field(
            frozenset(_yaml_types(field["types"], (section, key) in CHOICES)),
            CHOICES.get((section, key), tuple(field["choices"])),
            field.get("default"),
        )
        for key, field in read["fields"].items()
    }
    return Schema(read["library"], read["version"], fields)


def _yaml_types(types: list[str], words: bool) -> list[str]:
    if words and types == ["list[str]"]:
        return ["str", *types]  # one word is a list of one
    # Where a field takes a dict, the str beside it is a path or JSON: YAML needs neither.
    return [kind for kind in types if kind != "str"] if "dict" in types else types


@dataclass(frozen=True)
class Refused:
    """Why a value of the right type is not taken: CFG006 (type) or CFG007 (value)."""

    code: str
    message: Text


Value = None | bool | int | float | str | list[object] | dict[str, object]


def value_of(tree: Tree, field: Field) -> Value | Refused:
    """What the field makes of the tree."""
    types = field.types
    if isinstance(tree, Table):
        return data(tree) if "dict" in types else _wrong(field, tree)  # type: ignore[return-value]
    if isinstance(tree, Listing):
        return _list(tree, field)
    if tree.value is None and not tree.quoted:
        return None if "null" in types else _wrong(field, tree)
    number = _number(tree)
    if isinstance(tree.value, bool) and "bool" in types:
        return tree.value
    if "int" in types and number is not None and number.is_integer():
        return tree.value if isinstance(tree.value, int) else int(number)
    if "float" in types and number is not None:
        if not math.isfinite(number):
            return Refused(
                "CFG007", Text(f"{tree.text} is not a number", f"{tree.text} 不是有效数字")
            )
        return tree.value if isinstance(tree.value, int) else number
    if "str" in types:
        if field.choices and tree.text not in field.choices:
            listed = ", ".join(field.choices)
            return Refused(
                "CFG007",
                Text(
                    f"{tree.text!r} is none of: {listed}", f"{tree.text!r} 不在可选项里：{listed}"
                ),
            )
        return tree.text
    return _wrong(field, tree)


def _list(tree: Listing, field: Field) -> Value | Refused:
    kinds = [kind for kind in field.types if kind.startswith("list")]
    if not kinds:
        return _wrong(field, tree)
    if "list" in kinds:
        return data(tree)  # type: ignore[return-value]
    item = Field(frozenset(kind[5:-1] for kind in kinds), field.choices)
    values: list[object] = []
    for member in tree.items:
        value = value_of(member, item)
        if isinstance(value, Refused):
            return value
        values.append(value)
    return values


def data(tree: Tree) -> object:
    """The plain value of a tree whose types nobody declared."""
    if isinstance(tree, Table):
        return {key.text: data(value) for key, value in tree.pairs}
    if isinstance(tree, Listing):
        return [data(item) for item in tree.items]
    if isinstance(tree.value, str) and not tree.quoted and NUMBER.fullmatch(tree.text):
        return float(tree.text)
    return tree.value


def _number(leaf: Leaf) -> float | None:
    """YAML 1.1 reads 1e-4 as a word; everybody who writes it means the number."""
    if leaf.quoted or isinstance(leaf.value, bool):
        return None
    if isinstance(leaf.value, (int, float)):
        try:
            return float(leaf.value)
        except OverflowError:
            return math.inf
    return float(leaf.text) if NUMBER.fullmatch(leaf.text) else None


NAMES = {
    "bool": Text("true or false", "true 或 false"),
    "int": Text("a whole number", "整数"),
    "float": Text("a number", "数字"),
    "str": Text("text", "文本"),
    "dict": Text("a table (key: value)", "键值表"),
    "null": Text("null", "null"),
    "list": Text("a list", "列表"),
    "list[str]": Text("a list of texts", "文本列表"),
    "list[int]": Text("a list of whole numbers", "整数列表"),
    "list[float]": Text("a list of numbers", "数字列表"),
}


def _wrong(field: Field, tree: Tree) -> Refused:
    wanted = [NAMES[kind] for kind in NAMES if kind in field.types and kind != "null"]
    given = "a table" if isinstance(tree, Table) else "a list" if isinstance(tree, Listing) else ""
    if isinstance(tree, Leaf):
        shown = plain(repr(tree.text) if tree.text else "nothing")
        shown = shown if tree.text else Text("nothing", "空值")
    else:
        shown = Text(given, "键值表" if isinstance(tree, Table) else "列表")
    return Refused(
        "CFG006",
        Text(
            f"wants {' or '.join(w.en for w in wanted)}, got {shown.en}",
            f"应为{'或'.join(w.zh for w in wanted)}，实际是 {shown.zh}",
        ),
    )
