"""How a download looks in so many columns and rows: the lines of a screen, from one Status; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from qtune.commands import transferwords as words
from qtune.core import amounts
from qtune.core.download.events import Checking, FileStatus, Status
from qtune.doctor.report.layout import pad, pad_left
from qtune.speech import say

MOST_FILES = 8
_GAP = "  "
_AMOUNT, _SPEED, _COUNT, _PERCENT = 19, 10, 4, 4  # 999.9 MB / 999.9 MB, 999.9 MB/s, x 64, 100%
_LONGEST_NAME, _LONGEST_BAR = 48, 40


@dataclass(frozen=True)
class Marks:
    full: str
    empty: str
    times: str
    dot: str
    more: str


UNICODE = Marks("━", "─", "×", "·", "…")
# Also where the console has the others: in GBK and Shift JIS they are two cells wide.
ASCII = Marks("#", "-", "x", "|", "...")


@dataclass(frozen=True)
class Columns:
    """Cells for each part; 0: it is left out."""

    name: int
    bar: int
    amount: int
    percent: int
    speed: int
    count: int


def columns(width: int) -> Columns:
    """What fits: below 76 columns no amounts, below 50 no bar, below 30 no speed."""
    if width >= 76:
        rest = width - (_AMOUNT + _SPEED + _COUNT + 3 * len(_GAP) + 1)
        name = min(_LONGEST_NAME, max(28, rest * 2 // 3))
        return Columns(name, min(_LONGEST_BAR, rest - name), _AMOUNT, 0, _SPEED, _COUNT)
    if width >= 50:
        rest = width - (_PERCENT + _SPEED + 3 * len(_GAP))
        name = rest * 2 // 3
        return Columns(name, rest - name, 0, _PERCENT, _SPEED, 0)
    if width >= 30:
        return Columns(width - (_PERCENT + _SPEED + 2 * len(_GAP)), 0, 0, _PERCENT, _SPEED, 0)
    return Columns(max(1, width - _PERCENT - len(_GAP)), 0, 0, _PERCENT, 0, 0)


def lines(
    status: Status, files: Sequence[FileStatus], width: int, height: int, marks: Marks
) -> list[Text]:
    """At most `height` lines of at most `width` cells; `files` in the order in which they are shown."""
    parts = columns(width)
    below = [_total(status, parts, marks), *_rest(status, width, marks, bool(parts.amount))]
    room = min(MOST_FILES, max(1, height - len(below) - 2))
    above = [_file(file, parts, marks) for file in files[:room]]
    more = len(files) - room
    if more > 0:
        above.append(Text(_more(more, marks.more), style="dim"))
    shown = [*above, *below][-height:] if height > 0 else []
    for line in shown:
        line.truncate(width)
    return shown


def checking(told: Checking, width: int, marks: Marks) -> Text:
    """One line of at most `width` cells."""
    parts = columns(width)
    share = "" if parts.percent else f"{pad(words.percent(told.done, told.total), _PERCENT)} "
    row = _row(parts, marks, share + words.checking(), told.done, told.total, "", 0)
    row.truncate(width)
    return row


def _more(count: int, more: str) -> str:
    return say(f"{more} and {count} more", f"{more} 另有 {count} 个文件")


def _file(file: FileStatus, parts: Columns, marks: Marks) -> Text:
    name, count = words.name(file.path), file.connections
    if file.done >= file.size and file.verified < file.size:
        speed, count = say("verifying", "校验中"), 0
    else:
        speed = amounts.rate(file.bytes_per_second) if count else ""
    return _row(parts, marks, name, file.done, file.size, speed, count)


def _total(status: Status, parts: Columns, marks: Marks) -> Text:
    known = status.eta_s is not None and status.done < status.total
    time = words.left(status.eta_s) if known and status.eta_s is not None else ""
    share = words.percent(status.done, status.total)
    name = (time or say("total", "合计")) if parts.percent else f"{pad(share, _PERCENT)} {time}"
    count = sum(source.connections for source in status.sources)
    speed = amounts.rate(status.bytes_per_second)
    row = _row(parts, marks, name, status.done, status.total, speed, count)
    row.stylize("bold")
    return row


def _row(
    parts: Columns, marks: Marks, name: str, done: int, size: int, speed: str, count: int
) -> Text:
    row = Text(pad(_fitted(name, parts.name, marks.more), parts.name))
    if parts.bar:
        filled = parts.bar * done // size if size > 0 else parts.bar
        filled = max(0, min(parts.bar, filled))
        row.append(_GAP)
        row.append(marks.full * filled, "green" if filled == parts.bar else "cyan")
        row.append(marks.empty * (parts.bar - filled), "dim")
    if parts.amount:
        row.append(_GAP + pad_left(words.amount(done, size), parts.amount))
    if parts.percent:
        row.append(_GAP + pad_left(words.percent(done, size), parts.percent))
    if parts.speed:
        row.append(_GAP + pad_left(speed, parts.speed))
    if parts.count:
        row.append(f" {marks.times} {count}" if count else "")
    row.rstrip()
    return row


def _rest(status: Status, width: int, marks: Marks, amounts_shown: bool) -> list[Text]:
    """What has no column: files, sources, retries; as many of them on a line as fit."""
    pieces = [words.files(status.files_done, status.files)]
    if not amounts_shown:
        pieces.insert(0, words.amount(status.done, status.total))
    pieces += words.sources(status, marks.times)
    if status.retries:
        pieces.append(words.retries(status.retries))
    told: list[str] = []
    for piece in pieces:
        piece = _fitted(piece, width, marks.more)
        longer = f"{told[-1]} {marks.dot} {piece}" if told else piece
        if told and cell_len(longer) <= width:
            told[-1] = longer
        else:
            told.append(piece)
    return [Text(line, style="dim") for line in told]


def _fitted(text: str, cells: int, more: str) -> str:
    """The beginning and the end: shards differ in the middle, folders and endings at the ends."""
    if cell_len(text) <= cells:
        return text
    room = cells - cell_len(more)
    if room <= 0:
        return more[:cells]
    return _first(text, room - room // 2) + more + _first(text[::-1], room // 2)[::-1]


def _first(text: str, cells: int) -> str:
    kept = ""
    for character in text:
        if cell_len(kept + character) > cells:
            break
        kept += character
    return kept
