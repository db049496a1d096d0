"""`lora:` and `training:` of a run config: the library's own fields, checked against the schema."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from qtune.core import rundefaults, runfields
from qtune.core.runfields import Closed
from qtune.core.runproblems import ConfigProblem
from qtune.core.runschema import Field, Refused, schema, value_of
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Mark, Table, Tree

ANY = Field(frozenset({"bool", "int", "float", "str", "list", "dict", "null"}))

# The names every tutorial uses, and what transformers calls them now.
ALIASES = {
    "gradient_checkpointing": "activation_checkpointing",
    "gradient_checkpointing_kwargs": "activation_checkpointing_kwargs",
}


def read(section: str, tree: Table | None) -> tuple[dict[str, object], list[ConfigProblem]]:
    """qtune's defaults with the user's values over them, and what is wrong with the latter."""
    defaults = rundefaults.LORA if section == "lora" else rundefaults.TRAINING
    values: dict[str, object] = {key: default.value for key, default in defaults.items()}
    given: dict[str, object] = {}
    problems: list[ConfigProblem] = []
    for key, value in tree.pairs if tree is not None else ():
        problems.extend(_field(section, key, value, given))
    if tree is not None:
        marks = {key.text: key.mark for key, _ in tree.pairs}
        _command_line_wins(marks, given)
        problems.extend(_contradictions(section, marks, given))
    for old, new in ALIASES.items():
        if old in given:
            given.setdefault(new, given.pop(old))
    if given.get("max_steps", -1) != -1:
        del values["num_train_epochs"]  # its default would never be reached
    return {**values, **given}, problems


def _field(
    section: str, key: Leaf, tree: Tree, given: dict[str, object]
) -> Iterator[ConfigProblem]:
    """Add the field to `given`, or say why not."""
    name, table = f"{section}.{key.text}", schema(section)
    field = table.fields.get(key.text)
    if field is None and (table.is_installed() or key.text in runfields.RENAMED):
        yield from unknown({key.text: (key, tree)}, table.fields, f"{section}.")
        return
    if isinstance(tree, Leaf) and tree.value is None and not tree.quoted:
        return  # null, or key= on the command line: as if the key were not there
    value = value_of(tree, field or ANY)
    if field is None:
        given[key.text] = value
        yield _unverified(section, key)
        return
    closed = runfields.CLOSED[section].get(key.text)
    if closed is not None:
        # Switching off what this version cannot do is no request.
        off = value == field.default or value == "none"
        if closed.code == runfields.OWNED or not off:
            yield _closed(name, key.mark, closed)
        return
    if isinstance(value, Refused):
        said = Text(f"{name}: {value.message.en}", f"{name}：{value.message.zh}")
        yield ConfigProblem(value.code, said, tree.mark)
        return
    later = _later(section, key.text, value)
    limit = runfields.LIMITS.get(key.text)
    if later is not None:
        yield _closed(f"{name}: {value}", tree.mark, Closed(runfields.LATER, later))
    elif limit and isinstance(value, (int, float)) and not limit.holds(value):
        said = Text(f"{name}: {limit.text.en}", f"{name}：{limit.text.zh}")
        yield ConfigProblem("CFG007", said, tree.mark)
    else:
        given[key.text] = value


def _later(section: str, key: str, value: object) -> Text | None:
    """Why this version does not take a value that the field's library knows."""
    if key == "init_lora_weights" and isinstance(value, str):
        return None if value in runfields.PLAIN_INIT else runfields.OTHER_INIT
    return runfields.LATER_VALUES.get((section, key, str(value)))


def _closed(name: str, mark: Mark, closed: Closed) -> ConfigProblem:
    if closed.code == runfields.OWNED:
        what = Text(f"{name} is set by qtune", f"{name} 由 qtune 管理")
    else:
        what = Text(f"{name} is not in this version", f"当前版本还不支持 {name}")
    message = Text(f"{what.en}: {closed.reason.en}", f"{what.zh}：{closed.reason.zh}")
    return ConfigProblem(closed.code, message, mark, Text("Remove the line.", "请删掉这一行。"))


def _unverified(section: str, key: Leaf) -> ConfigProblem:
    table = schema(section)
    name = f"{section}.{key.text}"
    made_for = f"{table.library} {table.version}"
    message = Text(
        f"{name} is unknown to qtune, whose list is of {made_for}, not the installed version; "
        "it is passed on",
        f"qtune 不认识 {name}（字段表来自 {made_for}，与已安装的版本不同），原样传入",
    )
    return ConfigProblem("CFG014", message, key.mark, near(key.text, table.fields), "warning")


def _command_line_wins(marks: Mapping[str, Mark], given: dict[str, object]) -> None:
    """max_steps in the file and num_train_epochs=2 behind it are no contradiction, but a change."""
    pair = {"max_steps", "num_train_epochs"}
    if pair <= given.keys():
        in_file = [key for key in pair if marks[key].path is not None]
        if len(in_file) == 1:
            del given[in_file[0]]


def _contradictions(
    section: str, marks: Mapping[str, Mark], given: Mapping[str, object]
) -> Iterator[ConfigProblem]:
    if given.get("max_steps", -1) != -1 and "num_train_epochs" in given:
        yield ConfigProblem(
            "CFG010",
            Text(
                "training: max_steps and num_train_epochs exclude each other",
                "training：max_steps 和 num_train_epochs 只能写一个",
            ),
            marks["max_steps"],
            Text("Keep one of them.", "请只保留一个。"),
        )
    for old, new in ALIASES.items():
        if old in given and new in given and given[old] != given[new]:
            yield ConfigProblem(
                "CFG010",
                Text(
                    f"{section}: {old} is another name of {new}, and the two differ",
                    f"{section}：{old} 就是 {new}，两个值却不一样",
                ),
                marks[old],
                Text(f"Keep {new}.", f"请只保留 {new}。"),
            )


def unknown(
    given: Mapping[str, tuple[Leaf, Tree]], known: Iterable[str], prefix: str
) -> Iterator[ConfigProblem]:
    """A problem for each key that is not known, with the likely meaning."""
    names = tuple(known)
    for name, (key, _) in given.items():
        if name in names:
            continue
        fix = runfields.RENAMED.get(name) or near(name, names)
        if not prefix:
            sections = [part for part in ("training", "lora") if name in schema(part).fields]
            if sections:
                fix = Text(f"It belongs under {sections[0]}:", f"它应写在 {sections[0]}: 下面")
        message = Text(f"unknown key {prefix}{name}", f"未知的键 {prefix}{name}")
        yield ConfigProblem("CFG005", message, key.mark, fix)


def near(word: str, known: Iterable[str]) -> Text | None:
    close = difflib.get_close_matches(word, list(known), 1)
    return Text(f"Did you mean {close[0]}?", f"是不是 {close[0]}？") if close else None
