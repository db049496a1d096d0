"""The language this process speaks: the user's locale, until the settings are read and say otherwise."""

from __future__ import annotations

import os

from qtune.core.text import Lang, Text, language

_decided: Lang | None = None


def decide(wanted: str) -> Lang:
    """`wanted` is QTUNE_LANG as resolved from all its places."""
    global _decided
    _decided = language(wanted)
    return _decided


def current() -> Lang:
    return _decided or language(os.environ.get("QTUNE_LANG", "auto"))


def say(en: str, zh: str) -> str:
    return Text(en, zh).to(current())
