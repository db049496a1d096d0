"""Completion in a run config: keys by their section, words that a key takes, models and data files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from qtune.core import runfields
from qtune.core.rundefaults import DATA_NOW, QUICKSTART
from qtune.core.runschema import OF_PREFERENCE, schema
from qtune.core.text import Lang, Text
from qtune.doctor.documents.candidates import Candidate, Cursor, fits
from qtune.doctor.documents.env import effective
from qtune.doctor.documents.run.keys import SECTIONS, Section, choices_of, default_of, takes
from qtune.doctor.documents.run.lines import BREAK, pairs
from qtune.doctor.documents.run.ownkeys import KEYS
from qtune.doctor.documents.run.words import about, written
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Span

MOST_FILES = 100
SECONDS = 0.05
_KEY = re.compile(r"(?P<indent>[ \t\ufeff]*)(?P<dash>(?:-[ \t]+)*)(?P<typed>[\w.-]*)\Z")
_VALUE = re.compile(
    r"(?P<indent>[ \t\ufeff]*)(?P<dash>(?:-[ \t]+)*)(?P<key>[\w.]+)[ \t]*:[ \t]+[\"']?(?P<typed>[^\"'#{\[]*)\Z"
)
_IN_FLOW = re.compile(
    r"(?:\A|[,{\[])[ \t]*(?:(?P<key>[\w.]+)[ \t]*:[ \t]+)?[\"']?(?P<typed>[^\"'#,{}\[\]:]*)\Z"
)
_HOLDER = re.compile(r"(?P<key>[\w.]+)[ \t]*:[ \t]*\Z")
_TOP = re.compile(r"[^\s#\-\[\]{}]")  # a key at the left edge: nothing above it holds what is below
_SOURCES = ("data", "eval_data")
_HERE = "here__"  # a key in the place of the cursor
_SHIPPED = Text("shipped with qtune", "qtune 自带")
_FILE = Text("data file", "数据文件")
_FOLDER = Text("folder", "文件夹")
_OURS = Text("qtune's default", "qtune 的默认值")


def candidates(
    document: str, cursor: Cursor, world: World, lang: Lang, root: Path | None
) -> Iterator[Candidate]:
    if _in_comment(cursor.before):
        return
    lines = BREAK.split(document)
    holder, flow = _flow(cursor.before)
    if flow:
        match = _IN_FLOW.search(flow[1:])
        base = _inside(lines, cursor, cursor.before)
        section = ".".join(part for part in (base, holder) if part)
        if match is not None and match["key"]:
            path = f"{section}.{match['key']}"
            yield from _values(path, match["typed"], cursor, world, lang, root)
        elif match is not None and flow[0] == "[":
            yield from _values(section, match["typed"], cursor, world, lang, root)
        elif match is not None:
            yield from _keys(section, match["typed"], document, cursor, lang)
        return

    value = _VALUE.match(cursor.before)
    if value is not None:
        base = _inside(lines, cursor, value["indent"] + value["dash"])
        path = f"{base}.{value['key']}" if base else value["key"]
        yield from _values(path, value["typed"], cursor, world, lang, root)
        return
    key = _KEY.match(cursor.before)
    item = re.match(r"[ \t]*-[ \t]+[\"']?(?P<typed>[^\"'#:{\[]*)\Z", cursor.before)
    if key is not None:
        base = _inside(lines, cursor, key["indent"] + key["dash"])
        yield from _keys(base, key["typed"], document, cursor, lang)
    if item is not None and _inside(lines, cursor, cursor.before) in _SOURCES:
        yield from _files(item["typed"], cursor, lang, root)


def _in_comment(before: str) -> bool:
    found = re.search(r"(?:\A|\s)#", before)
    ahead = before[: found.start()] if found is not None else ""
    return found is not None and not (ahead.count('"') % 2 or ahead.count("'") % 2)


def _flow(before: str) -> tuple[str, str]:
    """The keys that the brackets belong to which are open before the cursor, and the text from the innermost on."""
    opened: list[int] = []
    for number, character in enumerate(before[:2000]):
        if character in "{[" and len(opened) < 20:
            opened.append(number)
        elif character in "}]" and opened:
            opened.pop()
    if not opened:
        return "", ""
    named = [found["key"] for number in opened if (found := _HOLDER.search(before[:number]))]
    return ".".join(named), before[opened[-1] :]


def _inside(lines: Sequence[str], cursor: Cursor, before: str) -> str:
    """The dotted key of the table that a line belongs to which begins so, by the indentation of those above."""
    body = before.lstrip(" \t\ufeff")
    indent = len(before) - len(body)
    dashed = body.startswith("-")
    top = next((n for n in range(cursor.line - 2, -1, -1) if _TOP.match(lines[n])), 0)
    mark = f"{' ' * indent}{'- ' if dashed else ''}{_HERE}: x"
    for pair in reversed(pairs("\n".join([*lines[top : cursor.line - 1], mark]))):
        base, _, name = pair.path.rpartition(".")
        if name == _HERE:
            return base
    return ""


def _keys(
    section: str, typed: str, document: str, cursor: Cursor, lang: Lang
) -> Iterator[Candidate]:
    column = len(cursor.before) + 1
    given = {
        pair.path
        for pair in pairs(document)
        if pair.column
        and not (pair.line == cursor.line and pair.column <= column <= pair.end_column)
    }
    rest = re.match(r"[\w.-]*", cursor.behind)
    word = rest[0] if rest else ""
    named = re.match(r"[\w.-]*[ \t]*:", cursor.behind) is not None
    span = cursor.span(len(typed), len(word))
    method = next((pair.text for pair in pairs(document) if pair.path == "method"), "")
    for name, path, detail, opens in _names(section, method, lang):
        listed = section in _SOURCES  # a list: each item has keys of its own
        if (path in given and not listed) or not fits(name, typed):
            continue
        insert = name if named else f"{name}:" if opens else f"{name}: "
        yield Candidate(name, "key", insert, span, detail, about(path, lang))


def _names(section: str, method: str, lang: Lang) -> Iterator[tuple[str, str, str, bool]]:
    """Name, whole path, what it takes, and whether a table belongs behind it.

    Of `preference:` those of the method, which in a text that says none yet may be any.
    """
    prefix = f"{section}." if section else ""
    for path, key in KEYS.items():
        parent, _, name = path.rpartition(".")
        if parent == section:
            yield name, path, key.takes.to(lang), key.opens
    for known in SECTIONS:
        if section != known:
            continue
        of = method if known == "preference" and method in OF_PREFERENCE else known
        fields = schema(of).fields
        ours = sorted(fields, key=lambda name: default_of(known, name) is None)
        for name in ours:
            if name not in runfields.CLOSED[known]:
                yield name, prefix + name, _detail(known, name, lang), False


def _detail(section: Section, name: str, lang: Lang) -> str:
    field = schema(section).fields[name]
    ours = default_of(section, name)
    value = written(ours.value if ours is not None else field.default)
    return f"{takes(field).to(lang)} = {value}"


def _values(
    path: str, typed: str, cursor: Cursor, world: World, lang: Lang, root: Path | None
) -> Iterator[Candidate]:
    rest = re.match(r"[^\s\"'#,\]}]*", cursor.behind)
    span = cursor.span(len(typed), len(rest[0]) if rest else 0)
    if path == "model":
        from qtune.doctor.documents.knownmodels import known_models

        for model in known_models(effective.of_project(root, world), world, root):
            if fits(model.repo_id, typed):
                yield Candidate(model.repo_id, "repo_id", model.repo_id, span, model.why.to(lang))
        yield from _shipped(typed, span, lang)
    elif path.removesuffix(".path") in _SOURCES:
        yield from _files(typed, cursor, lang, root)
        yield from _shipped(typed, span, lang)
    else:
        section, _, name = path.partition(".")
        ours = default_of(section, name)
        words = choices_of(path)
        if ours is not None:
            words = (written(ours.value), *words)
        elif not words and path in KEYS and KEYS[path].default.en == KEYS[path].default.zh:
            words = (KEYS[path].default.en,)
        for word in dict.fromkeys(words):
            detail = _OURS.to(lang) if ours is not None and word == written(ours.value) else ""
            yield Candidate(word, "value", word, span, detail)


def _shipped(typed: str, span: Span, lang: Lang) -> Iterator[Candidate]:
    if fits(QUICKSTART, typed):
        yield Candidate(QUICKSTART, "value", QUICKSTART, span, _SHIPPED.to(lang))


def _files(typed: str, cursor: Cursor, lang: Lang, root: Path | None) -> Iterator[Candidate]:
    """Below the project's folder alone: what was typed may come from a stranger's repository."""
    folder, _, part = typed.rpartition("/")
    if (
        root is None
        or ".." in folder.split("/")
        or folder.startswith(("/", "~", "\\"))
        or ":" in folder
    ):
        return
    rest = re.match(r"[^\s\"'#,\]}/]*", cursor.behind)
    span = cursor.span(len(part), len(rest[0]) if rest else 0)
    ends = time.monotonic() + SECONDS
    found: list[tuple[bool, str]] = []
    try:
        with os.scandir(root / folder) as entries:
            for number, entry in enumerate(entries):
                if number >= 2000 or len(found) >= MOST_FILES or time.monotonic() > ends:
                    break
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.name.startswith(".") or not fits(entry.name, part):
                    continue
                if is_folder or entry.name.lower().endswith(DATA_NOW):
                    found.append((is_folder, entry.name))
    except (OSError, ValueError):
        return
    for is_folder, name in sorted(found):
        if not name.isprintable():
            continue
        label = f"{name}/" if is_folder else name
        detail = (_FOLDER if is_folder else _FILE).to(lang)
        yield Candidate(label, "folder" if is_folder else "file", label, span, detail)
