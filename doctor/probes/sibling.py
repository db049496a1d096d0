"""ModelScope's other site (modelscope.cn in China, www.modelscope.ai abroad), asked only where this one is bad.

Accounts there are separate, so no token goes along.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from qtune.core.errors import QtuneError
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Sibling, Unknown, known
from qtune.doctor.probes import listing, reach, speed
from qtune.doctor.probes.asking import hub_of, unknown
from qtune.doctor.probes.patience import Patience

CHINA, ABROAD = "https://modelscope.cn", "https://www.modelscope.ai"
_OTHER = {
    "modelscope.cn": ABROAD,
    "www.modelscope.cn": ABROAD,
    "modelscope.ai": CHINA,
    "www.modelscope.ai": CHINA,
}
_PATIENCE = Patience(dns=2.0, tcp=2.0, connect=2.0, tls=3.0, http=3.0, total=5.0)
_SECONDS = 3
# Rules of thumb, those of HUB207: below these nobody would change anything.
_SLOW = 2e6  # bytes per second
_LONG_S = 3600.0
# Where the road ended because of what both sites share: the proxy, or whoever stands in between.
_SHARED_STAGES = ("proxy_dns", "proxy_tcp")
_SHARED_KINDS = (
    *("auth", "not_a_proxy", "portal", "not_a_hub"),
    *("untrusted", "self_signed", "expired", "not_yet"),
)


def probe(
    context: Context, source: Source, seen: Facts, resolve: Resolver = system_resolver
) -> Known[Sibling] | Unknown:
    other = _OTHER.get(urlsplit(source.endpoint).hostname or "")
    if source.kind != "modelscope" or other is None:
        return Unknown("needless", "ModelScope's own sites alone have another one")
    slow = _slow(seen, source)
    if not slow and not _unreachable(seen, source):
        return Unknown("needless", "the first site works")
    there, anonymous = Source("modelscope", other), _anonymous(context)
    road = reach.probe(anonymous, there, seen, resolve, _PATIENCE)
    if isinstance(road, Unknown) or not road.value.ok:
        return Known(Sibling(other, False)) if isinstance(road, Known) else road
    try:
        hub = hub_of(anonymous, there, _SECONDS)
        has_model = hub.access(context.goal.model, context.goal.revision).state.value == "granted"
    except QtuneError as error:
        return unknown(error)
    measured = None
    if slow and has_model:
        listed = listing.probe(anonymous, there, seen)
        facts = replace(seen, listing={**seen.listing, there.name: listed})
        measured = known(speed.probe(anonymous, there, facts))
    return Known(Sibling(other, True, has_model, measured))


def _unreachable(seen: Facts, source: Source) -> bool:
    road = known(seen.reach.get(source.name))
    failed = road.failed if road is not None else None
    return (
        failed is not None
        and failed.name not in _SHARED_STAGES
        and failed.kind not in _SHARED_KINDS
    )


def _slow(seen: Facts, source: Source) -> bool:
    found, rate = known(seen.listing.get(source.name)), known(seen.speed.get(source.name))
    if found is None or rate is None or not found.missing:
        return False
    return rate.best < _SLOW and found.missing > rate.best * _LONG_S


def _anonymous(context: Context) -> Context:
    settings, key = context.settings, "MODELSCOPE_API_TOKEN"
    values = {**settings.values, key: replace(settings[key], text="", problem=None)}
    shadowed = tuple(value for value in settings.shadowed if value.setting.key != key)
    return replace(context, settings=Settings(values, settings.envfile, shadowed))
