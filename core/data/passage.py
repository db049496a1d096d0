"""Plain text, to be read on: all of it is learnt."""

from __future__ import annotations

from collections.abc import Mapping

from qtune.core.data.messages import refuse_media
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Passage

KEYS = ("text", "content")


def passage(row: Mapping[str, object]) -> Passage:
    """Raises Unusable."""
    key = next((key for key in KEYS if row.get(key) is not None), KEYS[0])
    said = row.get(key)
    if not isinstance(said, str):
        raise Unusable("bad-message", f"{key} is not text")
    if not said.strip():
        raise Unusable("empty-text")
    refuse_media(row)
    return Passage(said)
