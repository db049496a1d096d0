"""A curve of numbers over steps as inline SVG, with its scale written beside it: for reports that are a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from qtune.core.html import Markup, Node, element

WIDTH, HEIGHT = 640, 200  # of the viewBox, which the page stretches: letters grow with it
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 14, 10, 24
_MOST = 600  # points that a curve is drawn with: more than the page has pixels for
_LINES = 4  # of the scale, about


@dataclass(frozen=True)
class Series:
    """`points` are (step, value) in the order of the steps; what is not finite is a gap.

    `cls` is a class of page.css (p1 to p8), `faint` for what stands behind another.
    """

    name: str
    points: Sequence[tuple[float, float]]
    cls: str = "p1"
    faint: bool = False
    dots: bool = False


def curve(
    series: Iterable[Series],
    label: str,
    shown: Callable[[float], str] = "{:g}".format,
    width: int = WIDTH,
) -> Markup | None:
    """None where there is nothing to draw. `label` is read aloud, `shown` writes a value of the scale."""
    drawn = [each for each in series if any(map(_fits, each.points))]
    if not drawn:
        return None
    every = [point for each in drawn for point in each.points if _fits(point)]
    first, last = min(x for x, _ in every), max(x for x, _ in every)
    ticks = scale(min(y for _, y in every), max(y for _, y in every))
    low, high = ticks[0], ticks[-1]

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first) if last > first else 0.5
        up = (y - low) / (high - low)
        return (
            round(_LEFT + across * (width - _LEFT - _RIGHT), 1),
            round(HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM), 1),
        )

    shapes: list[Node] = []
    for tick in ticks:
        _, y = at(first, tick)
        shapes.append(_line(_LEFT, y, width - _RIGHT, y))
        shapes.append(_word(shown(tick), _LEFT - 8, y + 4, "end"))
    shapes.append(_word(f"{first:g}", at(first, low)[0], HEIGHT - 6, "start"))
    if last > first:
        shapes.append(_word(f"{last:g}", width - _RIGHT, HEIGHT - 6, "end"))
    for each in drawn:
        shapes.extend(_drawn(each, at))
    box = f"0 0 {width} {HEIGHT}"
    return element("svg", shapes, cls="curve", role="img", viewBox=box, aria_label=label)


def smoothed(points: Sequence[tuple[float, float]], weight: float) -> list[tuple[float, float]]:
    """The exponential mean, corrected for its beginning; `weight` (0 to 1) is what the past counts."""
    mean = norm = 0.0
    told = []
    for step, value in points:
        if not math.isfinite(value):
            continue
        mean = weight * mean + (1 - weight) * value
        norm = weight * norm + (1 - weight)
        told.append((step, mean / norm))
    return told


def scale(low: float, high: float) -> list[float]:
    """Round numbers that hold both ends."""
    if not high > low:
        reach = abs(low) * 0.1 or 1.0
        low, high = low - reach, high + reach
    rough = (high - low) / _LINES
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(start, end + 1)]


def _drawn(series: Series, at: Callable[[float, float], tuple[float, float]]) -> list[Node]:
    cls = f"{series.cls} faint" if series.faint else series.cls
    shapes: list[Node] = []
    for run in _runs(_thinned(series.points)):
        places = [at(x, y) for x, y in run]
        if len(places) > 1:
            told = " ".join(f"{x:g},{y:g}" for x, y in places)
            shapes.append(element("polyline", cls=cls, points=told))
        if len(places) == 1 or series.dots:
            for x, y in places:
                shapes.append(element("circle", cls=cls, cx=f"{x:g}", cy=f"{y:g}", r="3"))
    return shapes


def _runs(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Cut where a value is missing: a line through a gap would be a claim."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if _fits(point):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Of each stretch its lowest and its highest point, so that no spike is lost."""
    if len(points) <= _MOST:
        return points
    width = 2 * len(points) / _MOST
    kept: list[tuple[float, float]] = []
    for number in range(_MOST // 2):
        stretch = points[round(number * width) : round((number + 1) * width)]
        if not all(map(_fits, stretch)):
            kept.append(next(point for point in stretch if not _fits(point)))
            continue
        kept.extend(sorted({min(stretch, key=_value), max(stretch, key=_value)}))
    return kept


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _fits(point: tuple[float, float]) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return element("line", cls="rule", x1=f"{x1:g}", y1=f"{y1:g}", x2=f"{x2:g}", y2=f"{y2:g}")


def _word(text: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", text, x=f"{x:g}", y=f"{y:g}", text_anchor=anchor)
