"""A setting in a hover: what it is, what may be written, what is in effect and which place says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qtune.core.envfile import Entry
from qtune.core.origin import Level, Origin
from qtune.core.settings import Settings, Value
from qtune.core.table import Setting
from qtune.core.text import Lang, Text
from qtune.doctor.documents.env.effective import counts
from qtune.doctor.documents.markup import code, words

KINDS = {
    "bool": Text("True or False", "True 或 False"),
    "int": Text("a whole number", "整数"),
    "text": Text("text", "文本"),
    "path": Text("a path", "路径"),
    "url": Text("an address", "网址"),
    "list": Text("a list, comma separated", "列表，以逗号分隔"),
    "choice": Text("one of", "可选值"),
}
_NOT_SET = Text("not set", "未设置")


def about(row: Setting, settings: Settings | None, entry: Entry, path: Path, lang: Lang) -> str:
    """`settings` None: the text is read by nobody, as a template is."""
    blocks = [head(row, lang), *prose(row, lang)]
    if settings is not None:
        blocks.append(_effect(settings, row, entry, path, lang))
    blocks.append(_readers(row, lang))
    return "\n\n".join(blocks)


def in_short(row: Setting, lang: Lang) -> str:
    """What it is, where nothing can be said of its value: code may set it at any time."""
    return "\n\n".join((head(row, lang), *prose(row, lang), _readers(row, lang)))


def head(row: Setting, lang: Lang) -> str:
    default = code(row.default) if row.default else _NOT_SET.to(lang)
    word = Text("default", "默认").to(lang)
    return f"**{row.key}** · {kind(row, lang)} · {word} {default}"


def kind(row: Setting, lang: Lang) -> str:
    if row.kind == "choice":
        listed = ", ".join(code(choice) for choice in row.choices)
        return f"{KINDS['choice'].to(lang)} {listed}"
    if row.kind == "int":
        bounds = Text(f"from {row.minimum} to {row.maximum}", f"{row.minimum} 到 {row.maximum}")
        return f"{KINDS['int'].to(lang)}{' ' if lang == 'en' else '，'}{bounds.to(lang)}"
    return KINDS[row.kind].to(lang)


def prose(row: Setting, lang: Lang) -> Iterator[str]:
    """The table's own words, which are markdown already."""
    between = " " if lang == "en" else ""
    yield between.join((row.summary.to(lang), row.why.to(lang)))
    if row.aliases:
        names = ", ".join(code(name) for name in row.aliases)
        yield Text(f"Also written {names}.", f"也可写作 {names}。").to(lang)


def _effect(settings: Settings, row: Setting, entry: Entry, path: Path, lang: Lang) -> str:
    value = settings[row.key]
    shown = shown_of(value, lang)
    if value.problem is not None:
        default = code(row.default) if row.default else _NOT_SET.to(lang)
        text = Text(
            f"In effect: {default}, the default, because {words(value.problem.en)}.",
            f"实际生效：默认值 {default}，因为 {words(value.problem.zh)}。",
        )
    elif counts(entry, path, value):
        text = Text(f"In effect: {shown}, from this line.", f"实际生效：{shown}，来自这一行。")
    elif not entry.value.strip():
        place = value.origin.describe()
        text = Text(
            f"An empty value counts as not set. In effect: {shown}, from {words(place.en)}.",
            f"空值等于未设置。实际生效：{shown}，来自{_amid(words(place.zh))}。",
        )
    else:
        place = value.origin.describe()
        text = Text(
            f"In effect: {shown}, from {words(place.en)}, which goes before this line.",
            f"实际生效：{shown}，来自{_amid(words(place.zh))}，优先于这一行。",
        )
    return text.to(lang)


def _amid(words: str) -> str:
    return words if words[:1] > "\x7f" else f" {words}"


def shown_of(value: Value, lang: Lang) -> str:
    """Masked where it is secret."""
    return code(value.shown) if value.text else _NOT_SET.to(lang)


def place_of(origin: Origin) -> Text:
    """In a few words, for a hint beside a line."""
    if origin.level is Level.ENVIRON:
        return Text("environment", "环境变量")
    if origin.level is Level.FLAG:
        return Text("command line", "命令行")
    if origin.level is Level.DEFAULT:
        return Text("default", "默认值")
    if origin.level is Level.PROJECT:
        return Text(f"line {origin.line}", f"第 {origin.line} 行")
    return Text("your own settings", "个人设置")


def _readers(row: Setting, lang: Lang) -> str:
    """qtune's own modules are told as qtune."""
    ours = ("core.", "commands.", "doctor.")
    names = dict.fromkeys(
        "qtune" if name.startswith(ours) or name == "train" else name for name in row.read_by
    )
    listed = ", ".join(code(name) for name in names)
    return Text(f"Read by {listed}", f"读取者：{listed}").to(lang)
