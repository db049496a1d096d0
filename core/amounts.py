"""Sizes, speeds and times as a person reads them."""

from __future__ import annotations

from qtune.core.text import Text

# With the least count that would be 1000 of the smaller unit, as it is rounded.
_UNITS = (
    ("TB", 1e12, 999.95e9),
    ("GB", 1e9, 999.95e6),
    ("MB", 1e6, 999.95e3),
    ("kB", 1e3, 999.5),
)


def size(count: float) -> str:
    """Bytes in decimal units, as disks and hubs give them."""
    for unit, whole, least in _UNITS:
        if count >= least:
            return f"{count / whole:.1f} {unit}"
    return f"{count:.0f} B"


def gib(count: float) -> str:
    """Bytes of memory, as GPUs' and RAM are counted: a card of 24 GB has 24 GiB."""
    return f"{count / 2**30:.1f} GiB"


def rate(bytes_per_second: float) -> str:
    return f"{size(bytes_per_second)}/s"


def duration(seconds: float) -> Text:
    """Rounded to what one plans with: seconds, then minutes, then hours and minutes, then days."""
    if seconds < 90:
        return Text(f"{seconds:.0f} s", f"{seconds:.0f} 秒")
    minutes = round(seconds / 60)
    if minutes < 90:
        return Text(f"{minutes} min", f"{minutes} 分钟")
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        tail = Text(f" {rest} min", f" {rest} 分钟") if rest else Text("", "")
        return Text(f"{hours} h{tail.en}", f"{hours} 小时{tail.zh}")
    return Text(f"{hours / 24:.1f} days", f"{hours / 24:.1f} 天")
