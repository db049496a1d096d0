"""The waterfall of each connection on the page: name, TCP, TLS, first byte, each where it began and as long as it took."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.core.bars import Piece, bar
from qtune.core.html import Markup, Node, element, table
from qtune.core.text import Lang, Text, plain
from qtune.doctor.facts import Facts, Reach, Stage, StageName, known
from qtune.doctor.report.layout import UNICODE
from qtune.doctor.wording import in_both

_NAMES: dict[StageName, Text] = {
    "dns": Text("DNS", "DNS"),
    "tcp": Text("TCP", "TCP"),
    "proxy_dns": Text("proxy's DNS", "代理 DNS"),
    "proxy_tcp": Text("proxy's TCP", "代理 TCP"),
    "connect": Text("CONNECT", "CONNECT"),
    "tls": Text("TLS", "TLS"),
    "http": Text("first byte", "首字节"),
}


def roads(facts: Facts, lang: Lang) -> Node:
    """None where no road was walked. All share one scale, so that they can be compared."""
    walked = list(_walked(facts))
    if not walked:
        return None
    whole = _scale([road for _, road in walked])
    cards = [_card(title.to(lang), road, whole, lang) for title, road in walked]
    legend = Text(
        f"All bars share one scale: the whole width is {whole} ms.",
        f"所有条形使用同一刻度，整个宽度为 {whole} 毫秒。",
    ).to(lang)
    if any(not road.ok for _, road in walked):
        legend += Text(
            " A dashed bar is the step that failed; where it took longer, it is cut at the edge.",
            "虚线框表示失败的步骤，超出部分在边缘截断。",
        ).to(lang)
    return [element("p", legend, cls="dim"), element("div", cards, cls="grid")]


def _walked(facts: Facts) -> Iterator[tuple[Text, Reach]]:
    """Every road that was walked, hub by hub: to itself, to where it keeps its files, and as its client goes."""
    for source in facts.sources:
        name, title = source.name, source.titled
        client, xet = known(facts.clients.get(name)), known(facts.xet.get(name))
        roads = (
            (Text("", ""), known(facts.reach.get(name))),
            (Text(": large files", "：大文件"), known(facts.storage.get(name))),
            (Text(": Xet", "：Xet"), xet.reach if xet is not None else None),
            (plain(f": {client.client}"), client.reach)
            if client is not None
            else (plain(""), None),
        )
        for what, road in roads:
            if road is not None and road.stages:
                yield Text(title + what.en, title + what.zh), road


def _scale(walked: list[Reach]) -> int:
    """Milliseconds of the whole width: a step that hung until its deadline must not press the others flat."""
    good = max(sum(stage.took_ms for stage in road.stages if stage.ok) for road in walked)
    most = max(sum(stage.took_ms for stage in road.stages) for road in walked)
    return max(1, most if most <= 3 * good or not good else round(1.5 * good))


def _card(title: str, road: Reach, whole: int, lang: Lang) -> Markup:
    total = sum(stage.took_ms for stage in road.stages)
    mark, tone = (UNICODE.ok, "ok") if road.ok else (UNICODE.error, "error")
    via = Text("", "")
    if road.proxy is not None:
        via = Text(f" via {road.proxy.url}", f"，经代理 {road.proxy.url}")
    told = Text(f"{road.host}{via.en} · {total} ms", f"{road.host}{via.zh} · {total} 毫秒")
    columns = (
        Text("step", "步骤").to(lang),
        Text("when", "时段").to(lang),
        Text("time", "耗时").to(lang),
    )
    return element(
        "div",
        element("h3", element("span", mark, cls=f"mark {tone}", aria_hidden="true"), f" {title}"),
        element("p", told.to(lang), cls="dim"),
        table(columns, _rows(road, whole, lang), cls="measure", label=f"{title}: {road.host}"),
        _ending(road, lang),
        cls="card",
    )


def _rows(road: Reach, whole: int, lang: Lang) -> Iterator[tuple[Node, ...]]:
    begun = 0
    for stage in road.stages:
        cls = "piece" if stage.ok else "broken"
        drawn = bar([Piece(begun / whole, stage.took_ms / whole, cls)])
        begun += stage.took_ms
        yield _NAMES[stage.name].to(lang), drawn, _time(stage, lang)


def _time(stage: Stage, lang: Lang) -> str:
    time = Text(f"{stage.took_ms} ms", f"{stage.took_ms} 毫秒").to(lang)
    return time if stage.ok else f"{UNICODE.error} {time}"


def _ending(road: Reach, lang: Lang) -> Node:
    failed = road.failed
    if failed is None:
        return None
    why = in_both(failed.detail or failed.kind)
    words = Text(
        f"{_NAMES[failed.name].en} failed: {why.en}", f"{_NAMES[failed.name].zh} 失败：{why.zh}"
    )
    return element("p", words.to(lang))
