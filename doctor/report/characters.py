"""Text from elsewhere, made fit for a terminal: no control characters that could move the cursor or lie."""

from __future__ import annotations

import re

# C0 and C1 controls, and the marks that reorder or hide text (bidirectional, zero-width).
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def clean(text: str) -> str:
    """Newlines stay; a tab becomes a space, every other control character a visible mark."""
    return _CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\t", " "))
