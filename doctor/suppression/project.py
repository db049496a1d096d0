"""`[tool.qtune.doctor]` of pyproject.toml: what to leave out and how strict to be, every mistake with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtune.core.secret import redact
from qtune.core.text import Text
from qtune.doctor.facts import Suppression
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span
from qtune.doctor.profiles import PROFILES
from qtune.doctor.suppression.comments import LONGEST_REASON

TABLE = "tool.qtune.doctor"
_LISTS = ("ignore", "skip")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "profile": tuple(PROFILES),
    "fail-on": ("error", "warning", "never"),
    "network-errors": ("error", "warn"),
}
KEYS = (*_LISTS, *CHOICES, "strict")


@dataclass(frozen=True)
class ProjectFile:
    """`values` are the keys that can be used, as they are called on the command line."""

    suppressions: tuple[Suppression, ...] = ()
    skip: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    problems: tuple[Finding, ...] = ()


def read(text: str, path: Path, is_name: Callable[[str], bool]) -> ProjectFile:
    """A file that does not speak of qtune says nothing, not even that it is broken.

    `is_name` tells what `--skip` would take.
    """
    if "qtune" not in text:
        return ProjectFile()
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return ProjectFile(problems=(_syntax(error, path),))
    table: Any = whole
    for name in TABLE.split("."):
        table = table.get(name, {}) if isinstance(table, dict) else None
    if table is None or not isinstance(table, dict):
        return ProjectFile(problems=(_wrong(text, path, "", _A_TABLE),))
    return _read(table, text, path, is_name)


def unreadable(path: Path, reason: str) -> ProjectFile:
    message = Text(f"cannot read {path.name}: {reason}", f"无法读取 {path.name}：{reason}")
    return ProjectFile(problems=(_problem(message, Span(str(path), 1)),))


def _read(
    table: dict[str, Any], text: str, path: Path, is_name: Callable[[str], bool]
) -> ProjectFile:
    problems: list[Finding] = []
    lists: dict[str, tuple[str, ...]] = dict.fromkeys(_LISTS, ())
    values: dict[str, str] = {}
    strict = False
    for key, value in table.items():
        if key in _LISTS:
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                lists[key] = tuple(item.strip() for item in value if item.strip())
            else:
                problems.append(_wrong(text, path, key, _A_LIST))
        elif key in CHOICES:
            if value in CHOICES[key]:
                values[key] = value
            else:
                listed = ", ".join(CHOICES[key])
                expected = Text(f"one of {listed}", f"以下之一：{listed}")
                problems.append(_wrong(text, path, key, expected))
        elif key == "strict":
            if isinstance(value, bool):
                strict = value
            else:
                problems.append(_wrong(text, path, key, _A_SWITCH))
        else:
            problems.append(_unknown(text, path, key))
    for name in lists["skip"]:
        if not is_name(name):
            expected = Text(
                f"codes, prefixes or checks; {name!r} is none",
                f"代码、前缀或检查，而 {name!r} 不是",
            )
            problems.append(_wrong(text, path, "skip", expected))
    lists["skip"] = tuple(name for name in lists["skip"] if is_name(name))
    suppressions = tuple(_suppression(code, text, path) for code in dict.fromkeys(lists["ignore"]))
    return ProjectFile(suppressions, lists["skip"], values, strict, tuple(problems))


_A_TABLE = Text("a table", "一个表（table）")
_A_LIST = Text('a list of words, such as ["HUB207"]', '字符串列表，例如 ["HUB207"]')
_A_SWITCH = Text("true or false", "true 或 false")
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def _syntax(error: Exception, path: Path) -> Finding:
    said = str(error) or type(error).__name__
    at = _AT.search(said)
    line, column = (int(at[1]), int(at[2])) if at is not None and at[1] else (1, 1)
    said = _AT.sub("", said)
    message = Text(
        f"{path.name} is not valid TOML, so [{TABLE}] in it does not count: {said}",
        f"{path.name} 不是合法的 TOML，其中的 [{TABLE}] 不起作用：{said}",
    )
    return _problem(message, Span(str(path), line, column, line, column + 1))


def _wrong(text: str, path: Path, key: str, expected: Text) -> Finding:
    name = f"[{TABLE}] {key}".rstrip()
    message = Text(
        f"{path.name}: {name} must be {expected.en}; it does not count",
        f"{path.name}：{name} 应为{expected.zh}；当前写法不起作用",
    )
    return _problem(message, _key_span(text, path, key))


def _unknown(text: str, path: Path, key: str) -> Finding:
    known = ", ".join(KEYS)
    message = Text(
        f"{path.name}: [{TABLE}] knows no {key!r}; it takes {known}",
        f"{path.name}：[{TABLE}] 中没有 {key!r} 这个键；可用的键：{known}",
    )
    return _problem(message, _key_span(text, path, key))


def _problem(message: Text, span: Span) -> Finding:
    title = Text(
        f"Correct line {span.line}, or remove it", f"请改正第 {span.line} 行，或删除这一行"
    )
    fix = Fix(title, Applicability.MANUAL)
    return Finding("CFG095", Severity.ERROR, message, span=span, fix=fix)


_REASON = re.compile(r"\s*,?\s*\]?\s*#(.*)")


def _suppression(code: str, text: str, path: Path) -> Suppression:
    """TOML's reader knows no lines, so the word is looked for behind `ignore`; its comment is the reason."""
    lines = text.split("\n")
    begin = max(_line_of(lines, "ignore"), 1)
    for number in range(begin, len(lines) + 1):
        column = max(lines[number - 1].find(f'"{code}"'), lines[number - 1].find(f"'{code}'"))
        if column >= 0:
            end = column + len(code) + 3
            reason = _REASON.match(lines[number - 1], end - 1)
            why = redact(reason[1].strip()[:LONGEST_REASON]) if reason is not None else ""
            return Suppression("project", (code,), why, str(path), number, column + 1, end)
    return Suppression("project", (code,), "", str(path), begin, 1, 1)


def _key_span(text: str, path: Path, key: str) -> Span:
    lines = text.split("\n")
    number = _line_of(lines, key) or 1
    line = lines[number - 1].rstrip()
    column = len(line) - len(line.lstrip()) + 1
    return Span(str(path), number, column, number, len(line) + 1)


def _line_of(lines: list[str], key: str) -> int:
    """The line of the key in the table, else the table's own; 0 where neither is written on a line."""
    header = re.compile(rf"\s*\[\s*{re.escape(TABLE)}\b")
    pattern = re.compile(rf"""\s*(?:[\w.]+\.)?["']?{re.escape(key)}["']?\s*=""")
    top = next((n for n, line in enumerate(lines, 1) if header.match(line)), 0)
    below = (n for n, line in enumerate(lines, 1) if n > top and pattern.match(line))
    return (next(below, 0) if key else 0) or top
