"""Fixes as edits of the very text that was judged: exact places, its own newlines, nothing else touched.

An edit whose place is not in the text (which has changed since) is none, and a fix is made whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from qtune.core import envfile, envwrite
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError
from qtune.doctor.documents.difference import difference, starts_of
from qtune.doctor.documents.kinds import kind_of
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Span

ROUNDS = 10  # a fix may bring to light what another one mends

Judge = Callable[[str], Sequence[Finding]]


def edits_of(fix: Fix, document: str, path: Path) -> tuple[Edit, ...]:
    """() where the fix is no change of this text: a file's mode, a command, something for the user to do."""
    if fix.applicability is Applicability.MANUAL:
        return ()
    text = _with((fix,), document, path)
    return difference(document, text, path)


def fix_all(
    document: str,
    path: Path,
    findings: Sequence[Finding],
    unsafe: bool = False,
    again: Judge | None = None,
) -> tuple[Edit, ...]:
    """All SAFE fixes together, with `unsafe` the UNSAFE ones too; of two that overlap the first is made.

    `again` judges the text that came out, so that what the first round left over or brought to light is mended
    as well: fixing once more changes nothing then.
    """
    text, seen = document, {document}
    for _ in range(ROUNDS if again is not None else 1):
        after = _with(_chosen(findings, unsafe), text, path)
        if not _as_sound(text, after, path):
            break
        text = after
        if again is None or text in seen:
            break
        seen.add(text)
        findings = again(text)
    return difference(document, text, path)


def _as_sound(before: str, after: str, path: Path) -> bool:
    """A fix that would make a program or a notebook unreadable is a bug of ours, and not made."""
    kind = kind_of(path, before) if before != after else None
    if kind == "python":
        return _compiles(after) or not _compiles(before)
    return kind != "notebook" or _is_json(after) or not _is_json(before)


def _compiles(text: str) -> bool:
    import ast
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _is_json(text: str) -> bool:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def edited(document: str, edits: Iterable[Edit]) -> str:
    """Lines and columns are those of the text before any edit."""
    starts = starts_of(document)
    places = [
        (place, edit.text) for edit in edits if (place := _place(edit.span, document, starts))
    ]
    # Two edits at one place stand in the order given: the last one is put in first.
    for (begin, end), text in sorted(places, key=lambda item: item[0])[::-1]:
        document = document[:begin] + text + document[end:]
    return document


def overlap(one: Edit, other: Edit) -> bool:
    (a, b), (c, d) = _ends(one.span), _ends(other.span)
    return (a < d and c < b) or a == c


# --- one round ------------------------------------------------------------------------------------


def _chosen(findings: Iterable[Finding], unsafe: bool) -> list[Fix]:
    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    fixes = (finding.fix for finding in findings)
    return [fix for fix in fixes if fix is not None and fix.applicability in wanted]


def _with(fixes: Sequence[Fix], document: str, path: Path) -> str:
    """Edits come before the patches, whose lines are found by their keys."""
    edits: list[Edit] = []
    starts = starts_of(document)
    left: list[Fix] = []
    for fix in fixes:
        own = [edit for edit in fix.edits if Path(edit.span.path) == path]
        fits = all(_place(edit.span, document, starts) for edit in own)
        if not fits or any(overlap(edit, other) for edit in own for other in edits):
            continue
        edits += own
        left.append(fix)
    text = edited(document, edits)
    if any(fix.patch for fix in left) and kind_of(path, document) == "dotenv":
        return _patched(text, [fix.patch for fix in left if fix.patch], path)
    return text


def _patched(text: str, patches: Iterable[EnvPatch], path: Path) -> str:
    """Of two that want different things of a key the first counts. One that cannot be written leaves the rest."""
    settled: set[str] = set()
    together = EnvPatch()
    for patch in patches:
        own = EnvPatch(
            {key: value for key, value in patch.set.items() if key not in settled},
            patch.unset - settled,
        )
        settled |= own.set.keys() | own.unset
        together = EnvPatch({**together.set, **own.set}, together.unset | own.unset)
    whole = _applied(text, together, path)
    if whole is not None:
        return whole
    for key in (*together.set, *sorted(together.unset)):
        value = together.set.get(key)
        one = EnvPatch({key: value}) if value is not None else EnvPatch({}, frozenset({key}))
        text = _applied(text, one, path) or text
    return text


def _applied(text: str, patch: EnvPatch, path: Path) -> str | None:
    try:
        if len(text) > envfile.LARGEST:
            return None
        return envwrite.apply(envfile.parse(text, path), patch)
    except ConfigError:
        return None


# --- places ---------------------------------------------------------------------------------------


def _ends(span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    return (span.line, span.column), (span.end_line or span.line, span.end_column or span.column)


def _place(span: Span, text: str, starts: Sequence[int]) -> tuple[int, int] | None:
    """Where it begins and ends in the text; None where it is not in it."""
    places = [_offset(line, column, text, starts) for line, column in _ends(span)]
    begin, end = places
    return None if begin is None or end is None or end < begin else (begin, end)


def _offset(line: int, column: int, text: str, starts: Sequence[int]) -> int | None:
    if not 1 <= line <= len(starts) or column < 1:
        return None
    begin = starts[line - 1]
    end = starts[line] if line < len(starts) else len(text)
    at = begin + column - 1
    return at if at <= end else None
