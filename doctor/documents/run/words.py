"""A key of a run config in a hover: its type, its default, what it is, and why qtune keeps some to itself."""

from __future__ import annotations

from qtune.core import runfields, runnames
from qtune.core.rundefaults import Default
from qtune.core.runlimits import LIMITS
from qtune.core.text import Lang, Text
from qtune.doctor.documents.markup import code, link, words
from qtune.doctor.documents.run.keys import (
    LIBRARY,
    Section,
    choices_of,
    closed,
    default_of,
    field_of,
    takes,
    variants_of,
)
from qtune.doctor.documents.run.ownkeys import KEYS, Key


def about(path: str, lang: Lang) -> str:
    """ "" where qtune does not know the key and has nothing to say of it."""
    key = KEYS.get(path)
    if key is not None:
        return _own(path, key, lang)
    found = field_of(path)
    if found is None:
        return _renamed(path, lang)
    section, name, field = found
    title, url = LIBRARY[section]
    if field is None:
        return _renamed(name, lang)
    choices = choices_of(path) if field.choices else ()
    blocks = [f"**{words(path)}** · {takes(field).to(lang)}{_listed(choices, lang)}"]
    shut = closed(section, name)
    if shut is not None:
        blocks.append(_closed(shut, lang))
    else:
        blocks.append(_default(section, name, field.default, lang))
        blocks += [_variant(when, ours, lang) for when, ours in variants_of(section, name)]
        limit = LIMITS.get(name)
        if limit is not None:
            said = limit.text.to(lang)
            blocks.append(f"{said[:1].upper()}{said[1:]}{'.' if lang == 'en' else '。'}")
        if section == "training" and name in runnames.ALIASES:
            new = code(runnames.ALIASES[name])
            blocks.append(Text(f"The older name of {new}.", f"{new} 的旧名。").to(lang))
    blocks.append(Text(f"A field of {link(title, url)}", f"{link(title, url)} 的字段").to(lang))
    return "\n\n".join(blocks)


def _own(path: str, key: Key, lang: Lang) -> str:
    default = Text("default", "默认").to(lang)
    takes_ = key.takes.to(lang) if not key.choices else ""
    listed = _listed(key.choices, lang).lstrip(" ·:：") if key.choices else ""
    head = f"**{path}** · {takes_}{listed} · {default} {words(key.default.to(lang))}"
    blocks = [head, key.summary.to(lang)]
    if path in LIBRARY:
        title, url = LIBRARY[path]
        blocks.append(link(title, url))
    return "\n\n".join(blocks)


def _closed(shut: runfields.Closed, lang: Lang) -> str:
    if shut.code == runfields.OWNED:
        text = Text(f"qtune owns it: {shut.reason.en}.", f"由 qtune 管理：{shut.reason.zh}。")
    else:
        text = Text(f"qtune cannot do it: {shut.reason.en}.", f"qtune 不支持：{shut.reason.zh}。")
    return f"**{shut.code}** {text.to(lang)}"


def _default(section: Section, name: str, theirs: object, lang: Lang) -> str:
    ours = default_of(section, name)
    if ours is not None:
        value = code(written(ours.value))
        between = " " if lang == "en" else ""
        head = Text(f"Default {value}.", f"默认 {value}。").to(lang)
        return f"{head}{between}{ours.why.to(lang)}"
    library = {"lora": "peft", "training": "transformers", "preference": "TRL"}[section]
    value = code(written(theirs))
    return Text(f"Default {value}, as {library} has it.", f"默认 {value}，与 {library} 相同。").to(
        lang
    )


def _variant(when: Text, ours: Default, lang: Lang) -> str:
    value, between = code(written(ours.value)), " " if lang == "en" else ""
    head = Text(f"{code(when.en)}: {value}.", f"{code(when.zh)}：{value}。").to(lang)
    return f"{head}{between}{ours.why.to(lang)}"


def written(value: object) -> str:
    """As one would write it in YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _listed(choices: tuple[str, ...], lang: Lang) -> str:
    if not choices:
        return ""
    return f"{': ' if lang == 'en' else '：'}{', '.join(code(word) for word in choices)}"


def _renamed(name: str, lang: Lang) -> str:
    hint = runnames.RENAMED.get(name)
    return f"**{words(name)}** · {words(hint.to(lang))}" if hint is not None else ""
