"""Notebooks: all cells are one program, and what is found is told in the cell, or in the file, where it stands."""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from qtune.doctor.documents.source import python
from qtune.doctor.documents.source.notebookfile import Notebook
from qtune.doctor.documents.source.python import Judged
from qtune.doctor.documents.source.walk import piece
from qtune.doctor.documents.world import NOTHING_ELSE, World
from qtune.doctor.facts import Suppression
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Related, Span
from qtune.doctor.suppression.settle import Ignored

# Tokens outside of the code have the file's own lines; these are counted on from here.
_OWN_LINES = 1_000_000_000

Placing = Callable[[Span], Span | None]


def judged(book: Notebook, path: Path, given: Sequence[Suppression], world: World) -> Judged:
    """As one program, with its own lines: `in_file` finds them in the file."""
    saved = [
        replace(
            token,
            spot=replace(
                token.spot,
                line=token.spot.line + _OWN_LINES,
                end_line=token.spot.end_line + _OWN_LINES,
            ),
        )
        for token in book.tokens
    ]
    cells = [cell.text for cell in book.cells]
    return python.program(cells, path, given, world, saved=saved)


def in_file(
    findings: Sequence[Finding], ignored: Sequence[Ignored], book: Notebook, path: Path
) -> tuple[tuple[Finding, ...], tuple[Ignored, ...]]:
    """What was found in the program, in the places of the file."""
    starts = _starts([cell.text for cell in book.cells])

    def placing(span: Span) -> Span | None:
        if span.path != str(path):
            return span
        if span.line > _OWN_LINES:
            return replace(span, line=span.line - _OWN_LINES, end_line=span.end_line - _OWN_LINES)
        begin = _offset(book, starts, span.line, span.column, end=False)
        empty = (span.line, span.column) == (span.end_line, span.end_column)
        last = begin if empty else _offset(book, starts, span.end_line, span.end_column, end=True)
        line, column = book.place(begin)
        end_line, end_column = book.place(max(begin, last))
        return Span(span.path, line, column, end_line, end_column)

    def escaped(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)[1:-1]

    told = tuple(_placed(finding, placing, escaped) for finding in findings)
    silent = tuple(
        Ignored(_placed(item.finding, placing, escaped), _written(item.by, placing))
        for item in ignored
    )
    return told, silent


def check_cells(
    cells: Sequence[str],
    path: Path,
    root: Path | None = None,
    given: Sequence[Suppression] = (),
    world: World = NOTHING_ELSE,
) -> tuple[tuple[int, Finding], ...]:
    """The cells of Python as an editor shows them: each finding with the number of its cell, in that cell's lines."""
    from qtune.core import secret
    from qtune.doctor.documents.check import settled
    from qtune.doctor.documents.masking import masked

    with secret.scope():
        checked = settled("notebook", *python.program(cells, path, given, world))
        findings = masked(checked.findings)
    starts = _starts(cells)
    told: list[tuple[int, Finding]] = []
    for finding in findings:
        line = finding.span.line if finding.span is not None else 1
        cell = max(0, bisect.bisect_right(starts, line) - 1)
        told.append((cell, _placed(finding, _within(starts, cell, str(path)), str)))
    return tuple(told)


def _within(starts: Sequence[int], cell: int, path: str) -> Placing:
    before = starts[cell] - 1 if starts else 0

    def placing(span: Span) -> Span | None:
        if span.path != path:
            return span
        if max(0, bisect.bisect_right(starts, span.line) - 1) != cell:
            return None
        return replace(span, line=span.line - before, end_line=span.end_line - before)

    return placing


def _placed(finding: Finding, placing: Placing, escaped: Callable[[str], str]) -> Finding:
    span = placing(finding.span) if finding.span is not None else None
    fix = finding.fix
    if fix is not None and fix.edits:
        fix = _fix(fix, placing, escaped)
    placed = ((placing(other.span), other.message) for other in finding.related)
    related = tuple(Related(where, said) for where, said in placed if where is not None)
    return replace(finding, span=span, fix=fix, related=related)


def _fix(fix: Fix, placing: Placing, escaped: Callable[[str], str]) -> Fix:
    edits: list[Edit] = []
    for edit in fix.edits:
        span = placing(edit.span)
        if span is None:  # in another cell, which an edit of this one cannot reach
            return replace(fix, edits=(), applicability=Applicability.MANUAL)
        edits.append(Edit(span, escaped(edit.text)))
    return replace(fix, edits=tuple(edits))


def _written(suppression: Suppression, placing: Placing) -> Suppression:
    s = suppression
    span = placing(Span(s.path, s.line, s.column, s.line, s.end_column))
    if span is None or s.scope == "project":
        return s
    return replace(s, line=span.line, column=span.column, end_column=span.end_column)


def _starts(cells: Sequence[str]) -> list[int]:
    """The program's line at which each cell begins."""
    starts: list[int] = []
    line = 1
    for cell in cells:
        starts.append(line)
        line += len(piece(cell).lines)
    return starts


def _offset(book: Notebook, starts: Sequence[int], line: int, column: int, *, end: bool) -> int:
    number = max(0, bisect.bisect_right(starts, line) - 1)
    cell = book.cells[number]
    within = line - starts[number]
    lines = piece(cell.text).lines
    begin = piece(cell.text).begins[within] if within < len(lines) else len(cell.text)
    return cell.offset(begin + column - 1, end=end)
