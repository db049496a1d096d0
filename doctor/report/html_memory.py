"""The GPU's memory on the page: what the training needs, part by part, against what the GPU has and has free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qtune.core.amounts import gib
from qtune.core.bars import Piece, bar
from qtune.core.fitting import fits
from qtune.core.html import Node, element, table
from qtune.core.memory import Dtype, Estimate, estimate
from qtune.core.text import Lang, Text
from qtune.core.workload import Workload
from qtune.doctor.facts import Facts, Gpu
from qtune.doctor.report.layout import UNICODE
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.mem.place import asked, dtype, gpu

_FITS = {
    "fits": Text("It fits", "放得下"),
    "tight": Text("It is close to the limit", "接近上限"),
    "too large": Text("It does not fit", "放不下"),
}
_MARKS = {
    "fits": ("ok", UNICODE.ok),
    "tight": ("warning", UNICODE.warning),
    "too large": ("error", UNICODE.error),
}


@dataclass(frozen=True)
class Reckoned:
    card: Gpu
    run: Workload
    dtype: Dtype
    needed: Estimate


def reckoned(facts: Facts) -> Reckoned | None:
    """None where nobody trains, or where GPU, model or number format are not known well enough."""
    card, found = gpu(facts), listing(facts)
    if facts.goal.kind != "train" or card is None or found is None or found.architecture is None:
        return None
    number, run = dtype(facts, card), asked(facts)
    if number is None:
        return None
    needed = estimate(found.architecture, run, number)
    return Reckoned(card, run, number, needed) if isinstance(needed, Estimate) else None


def memory(facts: Facts, lang: Lang) -> Node:
    known = reckoned(facts)
    if known is None:
        return None
    card, needed = known.card, known.needed
    fit = fits(needed, card.memory_free)
    tone, mark = _MARKS[fit]
    said = Text(
        f"about {gib(needed.total)} needed, {gib(card.memory_free)} of {gib(card.memory_total)} free on the "
        f"{card.name}",
        f"约需 {gib(needed.total)}；{card.name} 共 {gib(card.memory_total)}，可用 {gib(card.memory_free)}",
    )
    taken = card.memory_total - card.memory_free
    scale = max(taken + needed.total, card.memory_total)
    held = taken / scale
    pieces, begun = [], held
    if held > 0:
        pieces.append(Piece(0, held, "part held"))
    parts = [(name, size) for name, size in needed.parts() if size]
    for number, (_, size) in enumerate(parts, 1):
        pieces.append(Piece(begun, size / scale, f"part p{(number - 1) % 8 + 1}", str(number)))
        begun += size / scale
    drawn = bar(pieces, card.memory_total / scale, said.to(lang))
    return element(
        "div",
        element(
            "h3",
            element("span", mark, cls=f"mark {tone}", aria_hidden="true"),
            f" {_FITS[fit].to(lang)}",
        ),
        element("p", said.to(lang)),
        element("div", drawn, cls="tall"),
        element("p", _for(known, lang), cls="dim"),
        table(
            (Text("part", "部分").to(lang), Text("size", "大小").to(lang)),
            _rows(parts, known, lang),
            cls="parts",
        ),
        cls="card",
    )


def _rows(parts: list[tuple[Text, int]], known: Reckoned, lang: Lang) -> Iterator[tuple[Node, ...]]:
    held = known.card.memory_total - known.card.memory_free
    if held > 0:
        words = Text("held by other programs and the system", "已被其他程序和系统占用").to(lang)
        yield (element("span", "–", cls="swatch held"), words), gib(held)
    for number, (name, size) in enumerate(parts, 1):
        swatch = element("span", str(number), cls=f"swatch p{(number - 1) % 8 + 1}")
        yield (swatch, name.to(lang)), gib(size)
    total = element("strong", Text("together, for the training", "训练合计").to(lang))
    yield total, gib(known.needed.total)


def _for(known: Reckoned, lang: Lang) -> str:
    run = known.run
    again = Text("on", "开启") if run.checkpointing else Text("off", "关闭")
    return Text(
        f"Reckoned, not measured, for {run.tuning}, {known.dtype}, batch {run.batch} × {run.max_length} tokens, "
        f"activation checkpointing {again.en}. The line across is the end of the GPU's memory.",
        f"以下为估算而非实测：{run.tuning}，{known.dtype}，批大小 {run.batch} × {run.max_length} 词元，"
        f"激活检查点{again.zh}。竖线是显存的上限。",
    ).to(lang)
