"""The hubs' measured speeds on the page: a bar for one connection and for several, and what that means for the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qtune.core import amounts
from qtune.core.bars import Piece, bar
from qtune.core.html import Markup, Node, element, table
from qtune.core.text import Lang, Text
from qtune.doctor.facts import Facts, Sample, Speed, known
from qtune.doctor.report.comparison import serving, to_fetch
from qtune.doctor.report.view import View
from qtune.doctor.rules.hub.serving import throttled
from qtune.doctor.scope import choice
from qtune.doctor.wording import in_both


def speeds(facts: Facts, lang: Lang) -> Node:
    """None where nothing was measured."""
    measured = list(_measured(facts))
    if not measured:
        return None
    fastest = max(each.speed.best for each in measured) or 1.0
    chosen = choice(facts).source.name
    sentence = serving(facts, View(lang, width=100))
    cards = [
        _card(each, fastest, each.name == chosen and bool(sentence), facts, lang)
        for each in measured
    ]
    return [element("p", sentence) if sentence else None, element("div", cards, cls="grid")]


@dataclass(frozen=True)
class _Measured:
    """`name` is the source's; the other site of ModelScope has its own title, and none of the settings names it."""

    name: str
    title: str
    hub: str
    speed: Speed


def _measured(facts: Facts) -> Iterator[_Measured]:
    for source in facts.sources:
        speed = known(facts.speed.get(source.name))
        if speed is not None:
            yield _Measured(source.name, source.titled, source.name, speed)
        sibling = known(facts.sibling.get(source.name))
        if sibling is not None and sibling.speed is not None:
            host = sibling.endpoint.partition("://")[2]
            yield _Measured("", f"{source.title} ({host})", source.name, sibling.speed)


def _card(each: _Measured, fastest: float, serves: bool, facts: Facts, lang: Lang) -> Markup:
    columns = (
        Text("connections", "连接数").to(lang),
        Text("speed", "速度").to(lang),
        Text("per second", "每秒").to(lang),
    )
    title: list[Node] = [each.title]
    if serves:
        first = each.name == facts.sources[0].name
        words = Text("will serve", "将由它提供") if first else Text("recommended", "推荐")
        title += [" ", element("span", words.to(lang), cls="chip")]
    return element(
        "div",
        element("h3", title),
        element("p", f"{each.speed.path} · {each.speed.host}", cls="dim"),
        table(columns, _rows(each.speed, fastest, lang), cls="measure", label=each.title),
        element("p", _told(each.hub, each.speed, facts, lang)),
        cls="card",
    )


def _rows(speed: Speed, fastest: float, lang: Lang) -> Iterator[tuple[Node, ...]]:
    for sample in (speed.single, speed.several):
        if sample is None:
            continue
        count = sample.connections
        name = Text(
            f"{count} {'connection' if count == 1 else 'connections'}", f"{count} 个连接"
        ).to(lang)
        rate = sample.bytes_per_second
        drawn = bar([Piece(0, rate / fastest)] if rate else [])
        yield name, drawn, amounts.rate(rate) if rate else "–"


def _told(source: str, speed: Speed, facts: Facts, lang: Lang) -> str:
    parts = []
    waited = speed.single.first_byte_ms
    if waited is not None:
        parts.append(Text(f"first byte after {waited} ms", f"首字节 {waited} 毫秒").to(lang))
    left = to_fetch(facts, source)
    if left and speed.ok:
        time, size = amounts.duration(max(1, left / speed.best)), amounts.size(left)
        parts.append(
            Text(f"the whole model ({size}): {time.en}", f"整个模型（{size}）：{time.zh}").to(lang)
        )
    elif left == 0:
        parts.append(Text("all of it is in the cache", "模型已全部在缓存中").to(lang))
    if throttled(speed):
        said = Text("each connection is throttled, several help", "单个连接被限速，多连接更快")
        parts.append(said.to(lang))
    parts += [
        _failure(sample, lang)
        for sample in (speed.single, speed.several)
        if sample and not sample.bytes
    ]
    return " · ".join(part for part in parts if part)


def _failure(sample: Sample, lang: Lang) -> str:
    return in_both(sample.failure).to(lang) if sample.failure else ""
