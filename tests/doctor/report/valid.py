"""A report in every format and both languages, each read by whoever is meant to read it: schemas, parsers, grammars."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from markdown_it import MarkdownIt
from rich.cells import cell_len

from qtune.core.text import Lang
from qtune.doctor.finding import Severity
from qtune.doctor.outcome import Report, exit_code
from qtune.doctor.report import concise, terminal
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.doctor.report.view import View
from qtune.doctor.report.words import writable
from tests.doctor.report.test_github import commands
from tests.doctor.report.test_gitlab import rows
from tests.doctor.report.test_html import ATTRIBUTES, TAGS
from tests.doctor.report.test_json import validated
from tests.doctor.report.test_jsonl import events, joined
from tests.doctor.report.test_junit import parsed
from tests.doctor.report.test_markdown import OURS, tags
from tests.doctor.report.test_sarif import run
from tests.markup import tree

LANGS: tuple[Lang, ...] = ("en", "zh")
WIDTH = 80
# What is to be copied is never parted: a command; a word, beside which there may be no room for its line's rest.
_WHOLE = 45
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def everywhere(report: Report) -> None:
    """Raises for the first document that its reader would refuse or misread."""
    assert {*READERS} == {*FORMATS}
    code = exit_code(report)
    for lang in LANGS:
        _text(report, lang)
        for name, read in READERS.items():
            document = renderer(name).render(report, code, lang)
            assert document.endswith("\n")
            read(document, report, lang)


def _text(report: Report, lang: Lang) -> None:
    if report.facts.goal.kind == "check":  # one line for a place, however long, as compilers do
        assert not _CONTROLS.search(concise.render(report, lang))
    commands = {f.fix.command for f in report.findings if f.fix is not None and f.fix.command}
    for verbosity in (0, 1, 2):
        text = terminal.render(report, View(lang, WIDTH, verbosity)).plain
        assert not _CONTROLS.search(text)
        for line in text.splitlines() if verbosity < 2 else ():  # -vv shows raw answers
            longest = max((cell_len(word) for word in line.split()), default=0)
            whole = longest > _WHOLE or any(command in line for command in commands)
            assert cell_len(line) <= WIDTH or whole, line


def _json(document: str, report: Report, lang: Lang) -> None:
    told = validated(document)
    assert [f["code"] for f in told["findings"]] == [f.code for f in report.findings]
    assert told["exit"] == exit_code(report)


def _jsonl(document: str, report: Report, lang: Lang) -> None:
    whole = renderer("json").render(report, exit_code(report), lang)
    assert joined(events(document)) == json.loads(writable(whole))


def _sarif(document: str, report: Report, lang: Lang) -> None:
    log = run(document)
    assert len(log["results"]) == len(report.findings) + len(report.ignored)
    assert log["language"] == {"en": "en-US", "zh": "zh-CN"}[lang]


def _junit(document: str, report: Report, lang: Lang) -> None:
    root = parsed(document)
    errors = sum(finding.severity is Severity.ERROR for finding in report.findings)
    assert len([*root.iter("failure")]) == errors


def _github(document: str, report: Report, lang: Lang) -> None:
    found = commands(document)
    assert len(found) >= len(report.findings)
    for command in found:
        assert command.name in ("error", "warning", "notice") and command.message
        assert {*command.properties} <= {"title", "file", "line", "endLine", "col", "endColumn"}
        for key in {"line", "endLine", "col", "endColumn"} & {*command.properties}:
            assert int(command.properties[key]) > 0


def _gitlab(document: str, report: Report, lang: Lang) -> None:
    assert len(rows(document)) >= len(report.findings)


def _markdown(document: str, report: Report, lang: Lang) -> None:
    assert tags(document) <= OURS
    lines = document.splitlines()
    cells: list[int] = []
    for token in _MARKDOWN.parse(document):
        if token.type == "fence":
            assert token.map is not None and lines[token.map[1] - 1].strip() == token.markup
        elif token.type == "tr_open":
            cells.append(0)
        elif token.type in ("th_open", "td_open"):
            cells[-1] += 1
        elif token.type == "table_close":
            assert len(set(cells)) == 1, cells
            cells = []
    assert document.count("<details>") == document.count("</details>") <= 1


def _html(document: str, report: Report, lang: Lang) -> None:
    """Nothing is fetched to show it: links are for whoever follows them."""
    page = tree(document)
    assert page.attribute("html", "lang") == {"en": "en", "zh": "zh-CN"}[lang]
    for each in page.every:
        assert each.tag in TAGS and {*each.attributes} <= ATTRIBUTES, each.tag
        link = each.attributes.get("href", "#")
        assert re.match(r"#[\w-]*\Z|https?://", link) and (each.tag == "a" or link == "#"), link
    style = page.text("style")
    assert "@import" not in style and not re.search(r"url\((?!['\"]?data:)", style)
    policy = page.attribute("meta", "content", http_equiv="Content-Security-Policy")
    assert "default-src 'none'" in policy


Reader = Callable[[str, Report, Lang], Any]
READERS: Mapping[str, Reader] = {
    "json": _json,
    "jsonl": _jsonl,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "markdown": _markdown,
    "html": _html,
}
