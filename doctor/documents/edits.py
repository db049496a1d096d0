"""Fixes as edits of the very text that was judged: exact places, its own newlines, nothing else touched.

Lines end as in an editor, with \\n, \\r\\n or \\r. An edit whose place is not in the text (the text has changed
since) is none, and a fix is made whole or not at all.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from qtune.core import envfile, envwrite
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError
from qtune.doctor.documents.kinds import kind_of
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Span

ROUNDS = 10  # a fix may bring to light what another one mends
_MANY = 2_000  # lines that are compared one by one; more are replaced together
_NEWLINE = re.compile(r"\r\n|\n|\r")

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
    starts = _starts(document)
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


def difference(before: str, after: str, path: Path) -> tuple[Edit, ...]:
    """The fewest characters to change, line by line: `edited(before, …)` is `after`."""
    if before == after:
        return ()
    starts = _starts(before)
    return tuple(
        Edit(_span(begin, end, starts, path), text) for begin, end, text in _changes(before, after)
    )


# --- one round ------------------------------------------------------------------------------------


def _chosen(findings: Iterable[Finding], unsafe: bool) -> list[Fix]:
    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    fixes = (finding.fix for finding in findings)
    return [fix for fix in fixes if fix is not None and fix.applicability in wanted]


def _with(fixes: Sequence[Fix], document: str, path: Path) -> str:
    """Edits come before the patches, whose lines are found by their keys."""
    edits: list[Edit] = []
    starts = _starts(document)
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


def _starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


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


def _span(begin: int, end: int, starts: Sequence[int], path: Path) -> Span:
    def at(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return Span(str(path), *at(begin), *at(end))


# --- what has changed -----------------------------------------------------------------------------


def _changes(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    old, new = _lines(before), _lines(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    base = sum(map(len, old[:head]))
    if max(len(middle_old), len(middle_new)) > _MANY:
        yield from _narrowed(base, middle_old, middle_new)
        return
    offsets = [base]
    for line in middle_old:
        offsets.append(offsets[-1] + len(line))
    matcher = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield from _narrowed(offsets[i1], middle_old[i1:i2], middle_new[j1:j2])


def _narrowed(base: int, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Where lines stand against lines, the characters that differ; their newlines are left alone."""
    if len(old) != len(new):
        yield base, base + sum(map(len, old)), "".join(new)
        return
    for one, other in zip(old, new, strict=True):
        body, changed = _NEWLINE.split(one, maxsplit=1)[0], other
        if one[len(body) :] == other[len(_NEWLINE.split(other, maxsplit=1)[0]) :]:
            changed = other[: len(other) - (len(one) - len(body))]
        else:
            body = one
        if body != changed:
            head = _common(body, changed)
            tail = _common(body[head:][::-1], changed[head:][::-1])
            yield base + head, base + len(body) - tail, changed[head : len(changed) - tail]
        base += len(one)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of both are equal from the beginning on."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _lines(text: str) -> list[str]:
    """With their ends."""
    starts = [*_starts(text), len(text)]
    return [text[a:b] for a, b in pairwise(starts) if b > a]
