"""The hubs side by side, as they were measured on this line; and the one that will serve, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from qtune.core import amounts
from qtune.doctor.facts import Facts, Reach, SourceFact, Speed, Unknown, known
from qtune.doctor.report.characters import clean
from qtune.doctor.report.layout import pad, pad_left, shortened, wrap
from qtune.doctor.report.passes import fact_of
from qtune.doctor.report.view import View
from qtune.doctor.scope import choice, measurements
from qtune.doctor.wording import in_both


def serving(facts: Facts, view: View) -> str:
    """One sentence: which hub serves and why, and how long the model takes; "" where none can."""
    if not facts.sources:
        return ""
    chosen = choice(facts)
    measured = {m.source: m for m in measurements(facts)}[chosen.source.name]
    if measured.usable is False:
        return ""
    fact = facts.source(chosen.source.name)
    assert fact is not None
    name = clean(fact.titled)
    if fact is facts.sources[0]:
        why = chosen.reason.to(view.lang)
        parts = [view.say(f"{name} will serve: {why}", f"将由 {name} 提供下载：{why}")]
    else:  # the reason stands in the table, and with the recommended setting
        parts = [view.say(f"{name} is the better source", f"{name} 是更好的下载源")]
    missing = to_fetch(facts, chosen.source.name)
    if missing == 0:
        parts.append(view.say("all of it is in the cache", "模型已全部在缓存中"))
    elif missing is not None:
        text, rate = amounts.size(missing), measured.bytes_per_second
        if rate:
            time = amounts.duration(max(1, missing / rate)).to(view.lang)
            text += view.say(f", about {time}", f"，约 {time}")
        parts.append(text)
    return f" {view.glyphs.bullet} ".join(parts)


def to_fetch(facts: Facts, source: str) -> int | None:
    """Bytes still to be downloaded, as `source` lists them, or any hub that could be asked."""
    listing = known(facts.listing.get(source)) or next(
        (found for row in facts.listing.values() if (found := known(row)) is not None), None
    )
    return None if listing is None else listing.missing


def told(facts: Facts, check: str) -> bool:
    """Did a hub answer that there is nothing to look at, and does the table say so already?"""
    fact = fact_of(facts, check)
    if not isinstance(fact, Unknown) or fact.reason != "absent" or len(_looked(facts)) < 2:
        return False
    source = check.partition(".")[2]
    return any(
        (m.source.partition("://")[2] or m.source) == source and m.usable is False
        for m in measurements(facts)
    )


@dataclass(frozen=True)
class _Column:
    title: str
    cell: Callable[[SourceFact], str]
    spare: int  # the greater, the sooner it goes when the terminal is narrow


def table(facts: Facts, view: View) -> list[Text]:
    """Nothing unless at least two hubs were looked at."""
    looked = _looked(facts)
    if len(looked) < 2:
        return []
    chosen = choice(facts).source.name
    reasons = {m.source: m for m in measurements(facts)}
    columns = _fitting(looked, facts, view)
    head = Text("  " + _row([column.title for column in columns], columns, looked).rstrip())
    head.stylize("dim")
    lines = [head] if any(reasons[s.name].usable is not False for s in looked) else []
    for source in looked:
        measured = reasons[source.name]
        serves = source.name == chosen and measured.usable is not False
        mark = view.glyphs.serves if serves else " "
        why = measured.reason.to(view.lang) if measured.usable is False and measured.reason else ""
        why = why or _not_looked(facts, source.name, view)
        cells = [column.cell(source) for column in columns]
        if measured.usable is False:
            first = pad(cells[0], _widths(columns, looked)[0])
            said = wrap(f"{view.glyphs.error} {why}", view.width - cell_len(first) - 4)
            indent = " " * (cell_len(first) + 4)
            lines.append(Text(f"{mark} {first}  ") + Text(said[0]))
            lines += [Text(f"{indent}  {line}") for line in said[1:]]
            continue
        line = Text(f"{mark} " + _row(cells, columns, looked).rstrip())
        if serves:
            line.stylize("bold")
        lines.append(line)
        if why:
            lines += [Text(f"    {line}", "dim") for line in wrap(why, view.width - 4)]
    return lines


def _looked(facts: Facts) -> list[SourceFact]:
    def at(source: str) -> bool:
        reach = facts.reach.get(source)
        return reach is not None and not (isinstance(reach, Unknown) and reach.reason == "skipped")

    return [source for source in facts.sources if at(source.name)]


def _fitting(looked: list[SourceFact], facts: Facts, view: View) -> list[_Column]:
    """The columns that say something, as many as the width allows."""
    columns = [
        c for c in _columns(facts, view) if any(c.cell(s) != view.glyphs.none for s in looked)
    ]
    while sum(_widths(columns, looked)) + 2 * len(columns) > view.width and len(columns) > 2:
        columns.remove(max(columns, key=lambda column: column.spare))
    return columns


def _widths(columns: list[_Column], looked: list[SourceFact]) -> list[int]:
    return [max(cell_len(c.title), *(cell_len(c.cell(s)) for s in looked)) for c in columns]


def _row(cells: list[str], columns: list[_Column], looked: list[SourceFact]) -> str:
    widths = _widths(columns, looked)
    padded = [pad(cells[0], widths[0])]
    padded += [pad_left(cell, width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join(padded)


def _columns(facts: Facts, view: View) -> list[_Column]:
    none = view.glyphs.none
    several = max(
        (s.several.connections for row in facts.speed.values() if (s := known(row)) and s.several),
        default=0,
    )

    def reach(source: SourceFact) -> str:
        fact = known(facts.reach.get(source.name))
        return f"{_connected_ms(fact)} ms" if fact is not None and fact.ok else none

    def single(source: SourceFact) -> str:
        fact = _speed(facts, source)
        return amounts.rate(fact.single.bytes_per_second) if fact and fact.single.bytes else none

    def many(source: SourceFact) -> str:
        fact = _speed(facts, source)
        if fact is None or fact.several is None or not fact.several.bytes:
            return none
        return amounts.rate(fact.several.bytes_per_second)

    def first_byte(source: SourceFact) -> str:
        fact = _speed(facts, source)
        waited = fact.single.first_byte_ms if fact else None
        return none if waited is None else f"{waited} ms"

    def whole(source: SourceFact) -> str:
        fact, missing = _speed(facts, source), to_fetch(facts, source.name)
        if fact is None or not fact.ok or not missing:
            return none
        return amounts.duration(max(1, missing / fact.best)).to(view.lang)

    return [
        _Column(view.say("source", "下载源"), lambda s: shortened(clean(s.titled), 32), 0),
        _Column(view.say("reach", "连通"), reach, 2),
        _Column(view.say("1 connection", "单连接"), single, 1),
        _Column(view.say(f"{several} connections", f"{several} 连接"), many, 0),
        _Column(view.say("first byte", "首字节"), first_byte, 3),
        _Column(view.say("whole model", "整个模型"), whole, 0),
    ]


def _speed(facts: Facts, source: SourceFact) -> Speed | None:
    return known(facts.speed.get(source.name))


def _connected_ms(reach: Reach) -> int:
    """From nothing to the first answer."""
    return sum(stage.took_ms for stage in reach.stages)


def _not_looked(facts: Facts, source: str, view: View) -> str:
    for name in ("reach", "speed"):
        fact = getattr(facts, name).get(source)
        if isinstance(fact, Unknown) and fact.reason != "skipped":
            why = in_both(fact.detail or fact.reason)
            return view.say(f"{name}: could not look: {why.en}", f"{name}：无法检查：{why.zh}")
    speed = known(facts.speed.get(source))
    if speed is not None and not speed.ok and speed.single.failure:
        why = in_both(speed.single.failure)
        return view.say(f"no speed measured: {why.en}", f"未能测速：{why.zh}")
    return ""
