"""Bars as inline SVG that stretch with the page: drawn beside their numbers, never in their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qtune.core.html import Markup, Node, element

_THINNEST = 0.004  # of the whole width, so that what is there can be seen


@dataclass(frozen=True)
class Piece:
    """From `start` on, `length` long, both as fractions of the whole width. `cls` is a class of page.css."""

    start: float
    length: float
    cls: str = "piece"
    caption: str = ""


def bar(pieces: Iterable[Piece], mark: float | None = None, label: str = "") -> Markup:
    """`mark` is a line across, such as a limit. Without `label` the bar is silent to a screen reader."""
    shapes: list[Node] = []
    for piece in pieces:
        start = min(max(piece.start, 0.0), 1 - _THINNEST)
        length = min(max(piece.length, _THINNEST), 1 - start)
        shapes.append(
            element(
                "rect",
                cls=piece.cls,
                x=_percent(start),
                y="0",
                width=_percent(length),
                height="100%",
            )
        )
        if piece.caption and length > 0.04:
            shapes.append(
                element("text", piece.caption, x=_percent(start + length / 2), y="50%", dy=".35em")
            )
    if mark is not None:
        at = _percent(min(max(mark, 0.0), 1.0))
        for cls in ("halo", "limit"):
            shapes.append(element("line", cls=cls, x1=at, x2=at, y1="0", y2="100%"))
    if label:
        return element("svg", shapes, cls="bar", role="img", aria_label=label)
    return element("svg", shapes, cls="bar", aria_hidden="true")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"
