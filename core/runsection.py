"""`lora:`, `training:` and `preference:` of a run config: the library's own fields, checked against the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from qtune.core import runfields, runnames, runwords, slips
from qtune.core.runcontradictions import contradictions
from qtune.core.rundefaults import Default
from qtune.core.runedits import (
    Replacement,
    did_you_mean,
    removal,
    rename,
    rewrite,
    value_meant,
    word_meant,
)
from qtune.core.runfields import Closed
from qtune.core.runlimits import LIMITS
from qtune.core.runnames import ALIASES
from qtune.core.runproblems import ConfigProblem
from qtune.core.runschema import OF_PREFERENCE, Field, Refused, schema, value_of
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Mark, Table, Tree

ANY = Field(frozenset({"bool", "int", "float", "str", "list", "dict", "null"}))

_MOST = 50  # unknown keys of a table for which a meaning is looked for: with more it is another program's
Pairs = Mapping[str, tuple[Leaf, Tree]]


def read(
    section: str, tree: Table | None, defaults: Mapping[str, Default], name: str = ""
) -> tuple[dict[str, object], dict[str, object], list[ConfigProblem]]:
    """The defaults with the user's values over them, the latter alone, and what is wrong with them.

    `section` is the schema's name, `name` what the table is called in the file, if otherwise.
    """
    title = name or section
    values: dict[str, object] = {key: default.value for key, default in defaults.items()}
    given: dict[str, object] = {}
    problems: list[ConfigProblem] = []
    pairs = {key.text: (key, value) for key, value in tree.pairs} if tree is not None else {}
    for key, value in pairs.values():
        if len(problems) < _MOST or key.text in schema(section).fields:
            problems.extend(_field(section, title, key, value, given, pairs))
        else:
            problems.append(_stranger(f"{title}.", key))
    if tree is not None:
        marks = {name: key.mark for name, (key, _) in pairs.items()}
        _command_line_wins(marks, given)
        problems.extend(contradictions(section, pairs, given))
    for old, new in ALIASES.items():
        if old in given:
            given.setdefault(new, given.pop(old))
    if given.get("max_steps", -1) != -1:
        del values["num_train_epochs"]  # its default would never be reached
    return {**values, **given}, given, problems


def _field(
    section: str, title: str, key: Leaf, tree: Tree, given: dict[str, object], beside: Pairs
) -> Iterator[ConfigProblem]:
    """Add the field to `given`, or say why not."""
    name, table = f"{title}.{key.text}", schema(section)
    field = table.fields.get(key.text)
    if field is None and (table.is_installed() or _is_known(section, key.text)):
        yield from unknown({key.text: (key, tree)}, table.fields, f"{title}.", beside)
        return
    if isinstance(tree, Leaf) and tree.value is None and not tree.quoted:
        return  # null, or key= on the command line: as if the key were not there
    if (section, key.text) in runwords.AUTO and getattr(tree, "text", "") == "auto":
        given[key.text] = "auto"
        return
    value = value_of(tree, field or ANY)
    if field is None:
        given[key.text] = value
        yield _unverified(section, name, key, beside)
        return
    closed = runfields.CLOSED[section].get(key.text)
    if closed is not None:
        # Switching off what qtune cannot do is no request.
        if not closed.off or value not in (field.default, "none"):
            yield _closed(name, key.mark, closed, removal(key.mark, tree.mark))
        return
    if isinstance(value, Refused):
        said = Text(f"{name}: {value.message.en}", f"{name}：{value.message.zh}")
        near = value_meant(tree, field or ANY) or (None, None)
        if (section, key.text) in runwords.AUTO and isinstance(tree, Leaf):
            near = word_meant(tree, ("auto",)) or near
        yield ConfigProblem(value.code, said, tree.mark, near[0], edit=near[1])
        return
    later = _later(section, key.text, value)
    limit = LIMITS.get(key.text)
    if later is not None:
        gone = removal(key.mark, tree.mark)
        yield _closed(f"{name}: {value}", tree.mark, Closed(runfields.LATER, later), gone)
    elif limit and isinstance(value, (int, float)) and not limit.holds(value):
        said = Text(f"{name}: {limit.text.en}", f"{name}：{limit.text.zh}")
        yield ConfigProblem("CFG007", said, tree.mark)
    else:
        given[key.text] = value


def _is_known(section: str, key: str) -> bool:
    """By another name, or as a field of another method's preference."""
    other = section in OF_PREFERENCE and key in schema("preference").fields
    return other or key in runnames.RENAMED


def _later(section: str, key: str, value: object) -> Text | None:
    """Why a value is not taken that the field's library knows."""
    if key == "init_lora_weights" and isinstance(value, str):
        return runwords.init_refused(value)
    return runwords.REFUSED_WORDS.get((section, key, str(value)))


def _closed(name: str, mark: Mark, closed: Closed, edit: Replacement | None) -> ConfigProblem:
    if closed.code == runfields.OWNED:
        what = Text(f"{name} is set by qtune", f"{name} 由 qtune 管理")
    else:
        what = Text(f"qtune cannot do {name}", f"qtune 不支持 {name}")
    message = Text(f"{what.en}: {closed.reason.en}", f"{what.zh}：{closed.reason.zh}")
    fix = Text("Remove the line.", "请删掉这一行。")
    return ConfigProblem(closed.code, message, mark, fix, edit=edit)


def _unverified(section: str, name: str, key: Leaf, beside: Pairs) -> ConfigProblem:
    table = schema(section)
    made_for = f"{table.library} {table.version}"
    message = Text(
        f"{name} is unknown to qtune, whose list is of {made_for}, not the installed version; "
        "it is passed on",
        f"qtune 不认识 {name}（字段表来自 {made_for}，与已安装的版本不同），原样传入",
    )
    near = slips.meant(key.text, table.fields)
    fix = did_you_mean(near.word) if near is not None else None
    edit = rename(key, near.word, beside, certain=False) if near is not None else None
    return ConfigProblem("CFG014", message, key.mark, fix, "warning", edit)


def _command_line_wins(marks: Mapping[str, Mark], given: dict[str, object]) -> None:
    """max_steps in the file and num_train_epochs=2 behind it are no contradiction, but a change."""
    pair = {"max_steps", "num_train_epochs"}
    if pair <= given.keys():
        in_file = [key for key in pair if marks[key].path is not None]
        if len(in_file) == 1:
            del given[in_file[0]]


def unknown(
    given: Pairs, known: Iterable[str], prefix: str, beside: Pairs | None = None
) -> Iterator[ConfigProblem]:
    """A problem for each key that is not known, with the likely meaning. `beside`: the table they stand in."""
    names = tuple(known)
    strangers = [(key, value) for name, (key, value) in given.items() if name not in names]
    for number, (key, value) in enumerate(strangers):
        told = _stranger(prefix, key)
        if number < _MOST:
            fix, edit = _meant(prefix, key, value, names, given if beside is None else beside)
            told = replace(told, fix=fix, edit=edit)
        yield told


def _stranger(prefix: str, key: Leaf) -> ConfigProblem:
    name = f"{prefix}{key.text}"
    return ConfigProblem("CFG005", Text(f"unknown key {name}", f"未知的键 {name}"), key.mark)


def _meant(
    prefix: str, key: Leaf, value: Tree, names: tuple[str, ...], beside: Pairs
) -> tuple[Text | None, Replacement | None]:
    name = key.text
    if name in runnames.RENAMED:
        return runnames.RENAMED[name], _renamed(prefix, key, value, beside)
    home = _home(name, prefix)
    if home is not None:
        return home, None
    near = slips.meant(name, names)
    if near is None:
        return None, None
    return did_you_mean(near.word), rename(key, near.word, beside, certain=near.certain)


def _renamed(prefix: str, key: Leaf, value: Tree, beside: Pairs) -> Replacement | None:
    """The new name, where it is one in this very table that takes the same values."""
    if (prefix, key.text) == ("training.", "group_by_length"):
        wanted = "train_sampling_strategy"
        if wanted in beside or not isinstance(value, Leaf) or value.value is not True:
            return None
        return rewrite(key.mark, value.mark, f"{wanted}: group_by_length", certain=True)
    new = runnames.SAME_VALUES.get((prefix, key.text))
    if new is None:
        return None
    if new == "warmup_steps":
        share = value_of(value, Field(frozenset({"float"})))
        if not isinstance(share, int | float) or not 0 <= share < 1:
            return None
    return rename(key, new, beside, certain=key.text not in runnames.UNSURE)


def _home(name: str, prefix: str) -> Text | None:
    """Where a key belongs that stands in the wrong table."""
    if prefix == "preference.":
        others = [method for method in OF_PREFERENCE if name in schema(method).fields]
        if others:
            listed = " / ".join(f"method: {method}" for method in others)
            return Text(f"It is a field of {listed}.", f"它是 {listed} 的字段。")
    if prefix and name in runnames.TOP:
        return Text(
            f"It belongs at the top level, not under {prefix[:-1]}:",
            f"它应写在最外层，而不是 {prefix[:-1]}: 下面",
        )
    for part in ("training", "lora", "preference"):
        if (
            prefix not in ("data.", "eval_data.")
            and f"{part}." != prefix
            and name in schema(part).fields
        ):
            return Text(f"It belongs under {part}:", f"它应写在 {part}: 下面")
    return None
