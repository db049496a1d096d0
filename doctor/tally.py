"""How many findings of each severity there are, in words: `1 error`, `2 notes`."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.finding import Severity

_WORDS = {
    Severity.ERROR: ("error", "个错误"),
    Severity.WARNING: ("warning", "个警告"),
    Severity.INFO: ("note", "条提示"),
}


def tally(severities: Iterable[Severity]) -> tuple[Text, ...]:
    """The worst first; nothing of a severity that does not occur."""
    seen = [*severities]
    return tuple(
        Text(f"{count} {word}{'' if count == 1 else 's'}", f"{count} {chinese}")
        for severity, (word, chinese) in _WORDS.items()
        if (count := seen.count(severity))
    )


def listed(parts: Iterable[Text]) -> Text:
    """`1 error, 2 notes`, as a part of a sentence."""
    said = [*parts]
    return Text(", ".join(part.en for part in said), "、".join(part.zh for part in said))
