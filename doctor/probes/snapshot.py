"""Could a run begin without a network? What lies in the cache is asked as an offline download asks."""

from __future__ import annotations

from qtune.core.download.offline import Cached, Wanted, look
from qtune.core.download.store import HubCache
from qtune.core.locations import hub_cache
from qtune.doctor.context import Context
from qtune.doctor.facts import CachedSnapshot, Facts, Known, Unknown


def probe(context: Context, seen: Facts) -> Known[CachedSnapshot] | Unknown:
    goal = context.goal
    if goal.local or not context.sources:
        return Unknown("needless", "the model is a folder")
    store = HubCache(context.root / hub_cache(context.settings), goal.model)
    try:
        # A download hashes what nobody has vouched for; that takes minutes, and a look must not.
        found = look(store, context.sources[0], Wanted(goal.model, goal.revision), by_size=True)
    except OSError:
        return Known(CachedSnapshot(False))
    if isinstance(found, Cached):
        return Known(CachedSnapshot(True))
    return Known(CachedSnapshot(False, found.missing[:100]))
