"""A command line that cannot be used, told in the user's language."""

from __future__ import annotations

import math
from typing import Any

import click

from qtune.speech import say

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


class Seconds(click.types.FloatParamType):
    """A time in seconds, more than none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not seconds > 0:  # nan is not
            self.fail(
                say(f"{value!r} is not a number above 0.", f"{value!r} 不是大于 0 的数字。"),
                param,
                ctx,
            )
        return seconds


class Days(click.types.FloatParamType):
    """A stretch of time with its unit, in days: 30d, 12h, 2w."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        number, unit = str(value)[:-1], str(value)[-1:].lower()
        if not (number.isascii() and number.isdigit() and len(number) < 6 and unit in _DAYS):
            self.fail(
                say(f"{value!r} is not a time such as 30d, 12h or 2w.",
                    f"{value!r} 不是有效的时间，例如 30d、12h、2w。"),
                param,
                ctx,
            )  # fmt: skip
        return int(number) * _DAYS[unit]


def told(error: click.ClickException) -> str:
    """click's own words, or the Chinese for those that a user meets."""
    return say(error.format_message(), _chinese(error))


def _chinese(error: click.ClickException) -> str:
    match error:
        case click.NoSuchOption():
            near = "、".join(error.possibilities or ())
            return f"没有选项 {error.option_name}" + (f"；是否想用 {near}？" if near else "")
        case click.MissingParameter():
            return f"缺少参数 {_named(error)}"
        case click.BadOptionUsage():
            needs = "requires" in error.message
            return f"选项 {error.option_name} " + ("需要一个值" if needs else "不接受值")
        case click.BadParameter():
            return f"{_named(error)} 的值无效：{_why(error)}"
    _, found, name = error.message.partition("unexpected extra argument")
    if found:
        return f"多余的参数：{name.partition('(')[2].rstrip(')')}"
    return error.format_message()


def _named(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    return error.param.opts[-1] if isinstance(error.param, click.Option) else _metavar(error.param)


def _metavar(param: click.Parameter) -> str:
    return param.metavar or (param.name or "").upper()


def _why(error: click.BadParameter) -> str:
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return f"只能是 {'、'.join(str(choice) for choice in kind.choices)} 之一"
    return error.message
