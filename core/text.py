"""What a person reads, in the two languages qtune's users speak."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Lang = Literal["en", "zh"]


@dataclass(frozen=True)
class Text:
    """One sentence or paragraph in English and in Chinese."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def to(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


def plain(text: str) -> Text:
    """The same words in both languages: a path, a command, a server's own message."""
    return Text(text, text)


def language(wanted: str = "auto", environ: Mapping[str, str] = os.environ) -> Lang:
    """`QTUNE_LANG` when it names a language, else the user's locale (POSIX order of variables)."""
    if wanted in ("en", "zh"):
        return "zh" if wanted == "zh" else "en"
    named = next(
        (environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(key)), ""
    )
    if not named and os.name == "nt":
        import locale

        named = locale.getlocale()[0] or ""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"
