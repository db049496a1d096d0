"""The rules' pages as files that an editor can open: a link at a code needs an address, also offline."""

from __future__ import annotations

from functools import lru_cache

from qtune import __version__
from qtune.core.locations import user_cache
from qtune.core.text import Lang
from qtune.doctor import page, privatefiles
from qtune.doctor.rules import one


@lru_cache(1024)
def address(code: str, lang: Lang) -> str:
    """`file://…/ENV804.md` in the user's cache, written when it is first asked for; "" where that cannot be."""
    rule = one(code)
    if rule is None:
        return ""
    path = user_cache() / "pages" / __version__ / lang / f"{code}.md"
    text = page.markdown(rule, lang)
    try:
        known = path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeError):
        known = False
    return path.absolute().as_uri() if known or privatefiles.write(path, text) else ""
