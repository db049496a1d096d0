"""The page itself: a verdict in numbers, the curves, what the model said before and says now, the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from qtune.core.amounts import duration, gib
from qtune.core.curves import Series, curve, smoothed
from qtune.core.html import Markup, Node, Section, element, page, table
from qtune.core.text import Lang, Text
from qtune.train.report.course import Course, Points, number

_SMOOTH = 0.8
_NARROW = 400  # of a curve that stands beside another
_ENOUGH = 20  # points from which on a smoothed curve says more than the points


def render(course: Course, lang: Lang) -> str:
    title = f"qtune run: {_model(course)}"
    return page(title, lang, _head(course, lang), _sections(course, lang))


def _model(course: Course) -> str:
    """The repo id, or the folder's name: a page that is passed on names no machine's paths."""
    name = str(course.config.get("model") or "?")
    return Path(name).name if Path(name).is_absolute() else name


def _head(course: Course, lang: Lang) -> Iterator[Node]:
    yield element("p", "qtune run", cls="brand")
    yield element("h1", _model(course))
    method = " · ".join(
        str(course.config[key]) for key in ("method", "tuning") if course.config.get(key)
    )
    yield element("p", f"{method} · {course.run.name}" if method else course.run.name, cls="dim")
    finished = course.record.get("state") == "finished"
    said = Text("Finished", "已完成") if finished else Text("Not finished", "未完成")
    first, last = course.first("loss"), course.last("loss")
    loss = f"loss {first:.3f} → {last:.3f}" if first is not None and last is not None else ""
    mark = element("span", "✓" if finished else "!", cls="mark")
    yield element(
        "p",
        element("strong", mark, said.to(lang)),
        element("span", loss),
        element("span", _amount(course, lang), cls="dim"),
        cls=f"verdict {'ok' if finished else 'warning'}",
    )


def _amount(course: Course, lang: Lang) -> str:
    parts = []
    steps, tokens, seconds = course.last("step"), course.last("tokens"), _seconds(course)
    if steps is not None:
        parts.append(Text(f"{steps:.0f} steps", f"{steps:.0f} 步").to(lang))
    if tokens:
        parts.append(Text(f"{tokens:,.0f} tokens", f"{tokens:,.0f} 个 token").to(lang))
    if seconds:
        parts.append(duration(seconds).to(lang))
    rates = sorted(rate for _, rate in course.rate())
    if rates:
        parts.append(f"{rates[len(rates) // 2]:,.0f} tokens/s")
    return " · ".join(parts)


def _seconds(course: Course) -> float:
    """From the first logged step to the last; what lies between two runs of it counts too."""
    times = [value for _, value in course.points("time")]
    return max(times) - min(times) if times else 0.0


def _sections(course: Course, lang: Lang) -> Iterator[Section]:
    parts: tuple[tuple[str, Text, Node], ...] = (
        ("loss", Text("Loss", "损失"), _loss(course, lang)),
        ("course", Text("Course", "过程"), _small(course, lang)),
        ("samples", Text("What the model says", "模型的回答"), _samples(course, lang)),
        ("settings", Text("Settings of the run", "训练配置"), _settings(course, lang)),
        ("record", Text("Record", "记录"), _record(course, lang)),
    )
    for name, title, body in parts:
        if body is not None:
            yield Section(name, title.to(lang), body)


def _loss(course: Course, lang: Lang) -> Node:
    points, held_out = course.points("loss"), course.points("eval_loss")
    training = Text("training", "训练").to(lang)
    series = [Series(training, points, faint=len(points) >= _ENOUGH)]
    if len(points) >= _ENOUGH:
        mean = Text("training, smoothed", "训练（平滑）").to(lang)
        series.append(Series(mean, smoothed(points, _SMOOTH)))
    if held_out:
        evaluated = Text("held out", "验证").to(lang)
        series.append(Series(evaluated, held_out, "p4", dots=True))
    drawn = curve(series, Text("loss over steps", "损失随步数的变化").to(lang))
    return None if drawn is None else element("div", drawn, _legend(series), cls="card")


def _legend(series: list[Series]) -> Markup:
    told = [
        element("span", element("span", cls=f"swatch {each.cls}", aria_hidden="true"), each.name)
        for each in series
        if not each.faint
    ]
    return element("p", told, cls="legend")


def _small(course: Course, lang: Lang) -> Node:
    shown: tuple[tuple[Text, Points, Callable[[float], str]], ...] = (
        (Text("Learning rate", "学习率"), course.points("learning_rate"), "{:.1e}".format),
        (Text("Gradient norm", "梯度范数"), course.points("grad_norm"), "{:g}".format),
        (Text("Tokens a second", "每秒 token 数"), course.rate(), "{:,.0f}".format),
        (Text("Memory, at most", "显存或内存峰值"), course.points("memory"), gib),
    )
    cards = []
    for title, points, write in shown:
        drawn = curve([Series("", points)], title.to(lang), write, _NARROW)
        if drawn is not None:
            cards.append(element("div", element("h3", title.to(lang)), drawn, cls="card"))
    return element("div", cards, cls="grid") if cards else None


def _samples(course: Course, lang: Lang) -> Node:
    if not course.samples:
        return None
    before, after = Text("Before", "训练前").to(lang), Text("After", "训练后").to(lang)
    cards = []
    for sample in course.samples:
        sides = [
            element("div", element("h4", name), element("p", said or "—", cls="said"))
            for name, said in ((before, sample.before), (after, sample.after))
        ]
        question = element("p", element("b", sample.prompt), cls="said")
        cards.append(element("div", question, element("div", sides, cls="grid"), cls="card"))
    return cards


def _settings(course: Course, lang: Lang) -> Node:
    rows = list(_flat("", course.config))
    if not rows:
        return None
    return element("div", table(_columns(lang), rows, cls="lined"), cls="card")


def _columns(lang: Lang) -> tuple[str, str]:
    return Text("Key", "键").to(lang), Text("Value", "值").to(lang)


def _flat(prefix: str, values: object) -> Iterator[tuple[Node, Node]]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), value)
    elif isinstance(values, list) and any(isinstance(value, dict) for value in values):
        for index, value in enumerate(values, 1):
            yield from _flat(f"{prefix}[{index}]", value)
    else:
        yield element("code", prefix), "—" if values is None else _written(values)


def _written(value: object) -> str:
    """A file by its name alone, everything else as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return Path(text).name if Path(text).is_absolute() else text


def _record(course: Course, lang: Lang) -> Node:
    rows: list[tuple[Node, Node]] = []
    for key, value in course.record.items():
        if key in ("fingerprint", "state", "steps"):
            continue
        rows.extend(
            _flat(key, value) if isinstance(value, (dict, list)) else [(key, _plain(value))]
        )
    if not rows:
        return None
    return element("div", table(_columns(lang), rows, cls="lined"), cls="card")


def _plain(value: object) -> str:
    told = number(value)
    return f"{told:,g}" if told is not None else _written(value)
