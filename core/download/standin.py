"""Who may list a model or a dataset when the chosen hub cannot: the same id is not the same owner.

Bytes may come from anywhere, because the chosen hub's hashes decide. A listing brings its own hashes,
so whose it is matters. An account owns its datasets as it owns its models, and a dataset's id, too, is a
Hugging Face name: what holds for the one holds for the other.
"""

from __future__ import annotations

from enum import Enum

from qtune.core.sources import Source, same_owner


class Standing(Enum):
    CONFIRMED = "confirmed"  # every file
    UNCONFIRMED = "unconfirmed"  # only files that cannot run code
    STRANGER = "stranger"  # not asked


def standing(
    source: Source, chosen: Source, repo_id: str, *, named: bool, absent: bool
) -> Standing:
    """How far `source` may speak for `repo_id` after `chosen` failed; the doctor asks this too.

    A hub may list in the chosen one's place where the owner is known to be the same, where both are
    Hugging Face or its mirrors, where the user `named` it in QTUNE_SOURCES, or where ModelScope says that
    the repository is `absent` there: the ids are Hugging Face's names, so it takes nobody's place. What
    it lists is confirmed only if a hub, not a mirror, speaks for an owner known to be the right one.
    """
    if source == chosen:
        return Standing.CONFIRMED
    like_hf = source.kind != "modelscope"
    one_namespace = like_hf and chosen.kind != "modelscope"
    known = same_owner(repo_id) or one_namespace
    if not (known or named or (absent and like_hf and chosen.kind == "modelscope")):
        return Standing.STRANGER
    return Standing.CONFIRMED if known and source.kind != "mirror" else Standing.UNCONFIRMED
