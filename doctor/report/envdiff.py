"""Changes to `.env` as a person checks them before they are written: with reasons, without secrets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from rich.text import Text

from qtune.core.envfile import EnvDocument
from qtune.core.origin import DEFAULT
from qtune.core.secret import Secret, redact
from qtune.core.settings import Value
from qtune.core.table import BY_NAME
from qtune.doctor.facts import known
from qtune.doctor.finding import Applicability
from qtune.doctor.outcome import Recommendation, Report
from qtune.doctor.report.characters import clean
from qtune.doctor.report.layout import wrap
from qtune.doctor.report.view import View


def recommended(report: Report, view: View) -> list[Text]:
    """The recommended lines, each under its reason; a line that `.env` has now stands before its successor."""
    lines: list[Text] = []
    for row in report.recommended:
        now = _now(row, report)
        if row.value is None and now is None:
            continue  # a variable of the shell: the finding says what to type
        lines += [
            Text(f"  # {line}", "dim") for line in wrap(row.reason.to(view.lang), view.width - 4)
        ]
        by_hand = _by_hand(row, view)
        if by_hand:
            lines += [Text(f"  # {line}", "bold") for line in wrap(by_hand, view.width - 4)]
        if now is not None and now == row.value:  # right already, but something overrides it
            lines.append(Text(f"    {clean(redact(f'{row.key}={now}'))}"))
            continue
        if now is not None:
            lines.append(Text(f"  - {clean(redact(f'{row.key}={now}'))}", "red"))
        if row.value is not None:
            shown = shown_value(row.key, row.value)
            lines.append(Text(f"  + {clean(redact(f'{row.key}={shown}'))}", "green"))
    return lines


def _by_hand(row: Recommendation, view: View) -> str:
    if row.applicability is Applicability.SAFE:
        return ""
    if row.applicability is Applicability.UNSAFE:
        return view.say("only with --fix --unsafe-fixes", "仅在使用 --fix --unsafe-fixes 时写入")
    if row.command:
        return view.say(f"first, by hand: {row.command}", f"请先手动执行：{row.command}")
    return view.say("by hand", "需手动修改")


def _now(row: Recommendation, report: Report) -> str | None:
    """The value as it stands in `.env`, or None where it does not."""
    envfile = known(report.facts.envfile)
    entry = envfile.last(row.key) if envfile is not None else None
    return entry.shown if entry is not None else None


def shown_value(key: str, text: str) -> str:
    row = BY_NAME.get(key)
    return redact(text) if row is None else Value(row, text, DEFAULT).shown


def unified(before: EnvDocument, after: EnvDocument) -> str:
    """A unified diff of two states of one `.env`.

    Values of secrets and of keys that are not ours are masked; a changed line is shown as changed even
    where both masks are the same.
    """
    old, new = _lines(before.text), _lines(after.text)
    shown_old, shown_new = _masked(before), _masked(after)
    name = before.path.name
    lines = [f"--- {name}" if before.exists else "--- /dev/null", f"+++ {name}"]
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(3)
    body: list[str] = []
    for group in groups:
        body.append(_range(group[0][1], group[-1][2], group[0][3], group[-1][4]))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                body += [f" {line}" for line in shown_old[i1:i2]]
                continue
            body += [f"-{line}" for line in shown_old[i1:i2]]
            body += [f"+{line}" for line in shown_new[j1:j2]]
    return "\n".join([*lines, *body]) + "\n" if body else ""


def _range(i1: int, i2: int, j1: int, j2: int) -> str:
    def side(start: int, stop: int) -> str:
        length = stop - start
        first = start + 1 if length else start
        return f"{first}" if length == 1 else f"{first},{length}"

    return f"@@ -{side(i1, i2)} +{side(j1, j2)} @@"


def _masked(document: EnvDocument) -> list[str]:
    lines = _lines(document.text)
    for number, shown in _replacements(document, lines):
        lines[number - 1] = shown
    return [clean(redact(_COMMENTED.sub(r"\1…", line))) for line in lines]


# A secret that was taken out of use by a # is still one.
_COMMENTED = re.compile(r"^(\s*#.*?\w*(?:TOKEN|SECRET|PASSW|KEY|CREDENTIAL)\w*\s*[=:]\s*)\S+", re.I)


def _lines(text: str) -> list[str]:
    """As core.envfile counts them; str.splitlines knows more line ends than `.env` has."""
    lines = re.split(r"\r\n|\n|\r", text)
    return lines if lines[-1] else lines[:-1]


def _replacements(document: EnvDocument, lines: list[str]) -> Iterator[tuple[int, str]]:
    for entry in document.entries:
        row = BY_NAME.get(entry.key)
        if row is not None and not row.secret:
            continue
        if entry.looks_secret and entry.value:
            Secret(entry.value)
        head = lines[entry.line - 1][: entry.value_column - 1]
        yield (
            entry.line,
            head + (shown_value(entry.key, entry.value) if row else _foreign(entry.value)),
        )
        for number in range(entry.line + 1, entry.end_line + 1):
            yield number, "…"
    for line in document.unparsed:
        if 0 < line.line <= len(lines):
            key = re.match(r"\s*[\w.-]*\s*[=:]?", line.text)
            yield line.line, (key[0] if key else "") + "…"


def _foreign(value: str) -> str:
    """Other programs' values are none of ours to show."""
    return "…" if value else ""
