"""Rows that cannot be used, as findings: each by itself in an editor, those of a kind together in a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qtune.core.data.unusable import KINDS, told
from qtune.core.rundefaults import MAX_UNUSABLE
from qtune.core.text import Text
from qtune.doctor.facts import BadRow, DataFile, Dataset, Facts, known
from qtune.doctor.finding import Finding, Fix, Severity, Span

Mend = Callable[[BadRow], Fix | None]


def dataset(facts: Facts) -> Dataset | None:
    return known(facts.dataset)


def files(facts: Facts) -> Sequence[DataFile]:
    found = dataset(facts)
    return found.files if found is not None else ()


def findings(code: str, kinds: Sequence[str], facts: Facts, mend: Mend) -> Iterator[Finding]:
    """Those of `kinds`, in the order of the files and of the first row of each kind."""
    found = dataset(facts)
    for file in found.files if found is not None else ():
        assert found is not None
        severity = _severity((file,) if found.row_by_row else found.files)
        if found.row_by_row:
            yield from _each(code, kinds, file, severity, mend)
        else:
            yield from _together(code, kinds, file, severity, mend)


def _severity(files: Sequence[DataFile]) -> Severity:
    """As the trainer has it: a few rows are left out, with many the training does not begin."""
    rows, unusable = sum(f.rows for f in files), sum(f.unusable for f in files)
    return Severity.ERROR if unusable > MAX_UNUSABLE * rows else Severity.WARNING


def _each(
    code: str, kinds: Sequence[str], file: DataFile, severity: Severity, mend: Mend
) -> Iterator[Finding]:
    shown = {kind: [row for row in file.bad if row.kind == kind] for kind in kinds}
    for row in (row for row in file.bad if row.kind in kinds):
        message = told(row.kind, row.detail)
        more = file.counts[row.kind] - len(shown[row.kind])
        if more and row is shown[row.kind][-1]:
            message = Text(
                f"{message.en}; and so are {more} more rows below",
                f"{message.zh}；后面还有 {more} 条同样的问题",
            )
        yield Finding(code, severity, message, span=place(file, row), fix=mend(row))


def _together(
    code: str, kinds: Sequence[str], file: DataFile, severity: Severity, mend: Mend
) -> Iterator[Finding]:
    for kind in dict.fromkeys(row.kind for row in file.bad if row.kind in kinds):
        rows = [row for row in file.bad if row.kind == kind]
        count, what = file.counts[kind], KINDS[kind]
        one = "1 row" if count == 1 else f"{count} rows"
        yield Finding(
            code,
            severity,
            Text(
                f"{file.path}: {one} of {looked_at(file).en} cannot be used: {what.en}",
                f"{file.path}：{looked_at(file).zh}中有 {count} 条不可用：{what.zh}",
            ),
            tuple(_place(row) for row in rows) + _others(count - len(rows)),
            span=place(file, rows[0]),
            fix=mend(rows[0]),
        )


def looked_at(file: DataFile) -> Text:
    """How many rows that is, and whether these are all."""
    if file.whole:
        return Text(f"{file.rows}", f" {file.rows} 条数据")
    return Text(f"the first {file.rows}", f"前 {file.rows} 条数据")


def _place(row: BadRow) -> Text:
    detail = Text(f": {row.detail}", f"：{row.detail}") if row.detail else Text("", "")
    return Text(f"line {row.line}{detail.en}", f"第 {row.line} 行{detail.zh}")


def _others(count: int) -> tuple[Text, ...]:
    return (Text(f"and {count} more", f"还有 {count} 条"),) if count > 0 else ()


def place(file: DataFile, row: BadRow) -> Span:
    return Span(file.path, row.line, row.column, row.line, row.column)
