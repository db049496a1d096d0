"""The rules' pages as files that an editor can open: a link at a code needs an address, also offline."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path

from qtune import __version__
from qtune.core.locations import user_cache
from qtune.core.text import Lang
from qtune.doctor import page
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
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, text)
        return path.absolute().as_uri()
    except (OSError, UnicodeError, ValueError):
        return ""


def _write(path: Path, text: str) -> None:
    """In one step: several editors may do this at once."""
    import os
    import tempfile

    handle, name = tempfile.mkstemp(prefix=".page-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
