"""`key.below=value` of the command line, put into the tables that the file has."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.runproblems import ConfigProblem
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Mark, Table, Tree, parse

Entries = dict[str, tuple[Leaf, Tree]]


def apply(entries: Entries, override: str) -> Iterable[ConfigProblem]:
    """Put `a.b=value` into the tables, replacing what the file says."""
    name, sign, text = override.partition("=")
    keys = name.strip().split(".")
    at = Mark(None)
    if not sign or not all(keys):
        yield ConfigProblem(
            "CFG011",
            Text(f"{override!r} is not key=value", f"{override!r} 不是 key=value 的形式"),
            at,
            Text("For example training.num_train_epochs=1", "例如 training.num_train_epochs=1"),
        )
        return
    value, faults = parse(text, None)
    if faults:
        detail = faults[0].detail
        message = Text(f"{override!r}: {detail}", f"{override!r}：{detail}")
        yield ConfigProblem("CFG011", message, at)
        return
    new: Tree = value if value is not None else Leaf("", None, False, at)
    if not _put(entries, keys, new):
        parent = ".".join(keys[:-1])
        yield ConfigProblem(
            "CFG011",
            Text(f"{override!r}: {parent} is not a table", f"{override!r}：{parent} 不是键值表"),
            at,
        )


def _put(entries: Entries, keys: list[str], value: Tree) -> bool:
    key = Leaf(keys[0], keys[0], True, Mark(None))
    if len(keys) == 1:
        entries[keys[0]] = (key, value)
        return True
    _, inner = entries.get(keys[0], (key, Table((), Mark(None))))
    if isinstance(inner, Leaf) and inner.value is None:
        inner = Table((), inner.mark)
    if not isinstance(inner, Table):
        return False
    inside = {leaf.text: (leaf, tree) for leaf, tree in inner.pairs}
    if not _put(inside, keys[1:], value):
        return False
    kept = entries.get(keys[0], (key, inner))[0]
    entries[keys[0]] = (kept, Table(tuple(inside.values()), inner.mark))
    return True
