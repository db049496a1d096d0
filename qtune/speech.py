"""The language this process speaks: the user's locale, until the settings are read and say otherwise.

English where the console has no Chinese characters: question marks help nobody.
"""

from __future__ import annotations

import os
import sys

from qtune.core.text import Lang, Text, language
from qtune.streams import shows_chinese

_decided: Lang | None = None


def decide(wanted: str) -> Lang:
    """`wanted` is QTUNE_LANG as resolved from all its places."""
    global _decided
    _decided = _readable(language(wanted))
    return _decided


def current() -> Lang:
    return _decided or _readable(language(os.environ.get("QTUNE_LANG", "auto")))


def _readable(wanted: Lang) -> Lang:
    readable = shows_chinese(sys.stdout) and shows_chinese(sys.stderr)
    return wanted if readable else "en"


def say(en: str, zh: str) -> str:
    return Text(en, zh).to(current())
