"""Which of the places that were looked at the goal will write to, and what kind of trouble each is in."""

from __future__ import annotations

from qtune.doctor.facts import Facts, GoalKind, Place, known
from qtune.doctor.rules.hub.serving import listing

GOALS: frozenset[GoalKind] = frozenset({"download", "train"})
_LITTLE = 65_536  # less than this is a full disk


def written_cache(facts: Facts) -> Place | None:
    """The cache; None where nothing is to be downloaded, so that nothing is written there."""
    disk, found = known(facts.disk), listing(facts)
    if disk is None or facts.goal.local or (found is not None and found.missing == 0):
        return None
    offline = facts.setting("HF_HUB_OFFLINE").value.lower() in ("1", "true", "yes", "on")
    return None if offline else disk.cache


def output(facts: Facts) -> Place | None:
    disk = known(facts.disk)
    return disk.output if disk is not None and facts.goal.kind == "train" else None


def full(place: Place) -> bool:
    """Not writable because there is no room, rather than because the user may not.

    Of a place that could not be looked at, device and free space are both 0.
    """
    if place.silent or not place.device:
        return False
    no_inodes = place.volume.inodes == 0
    return place.free < _LITTLE or no_inodes or "quota" in place.error.lower()
