"""Can huggingface_hub fetch the large files by Xet? Its hosts are those that the hub itself names."""

from __future__ import annotations

from collections.abc import Callable

from qtune.core.errors import QtuneError
from qtune.core.hub.xet import xet_access
from qtune.core.sources import Source
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Unknown, Xet, known
from qtune.doctor.probes.asking import unknown
from qtune.doctor.probes.packages import version
from qtune.doctor.probes.patience import Patience, in_time
from qtune.doctor.probes.road import walk

_SECONDS = 4
_PATIENCE = Patience(total=5.0)


def probe(
    context: Context,
    source: Source,
    seen: Facts,
    resolve: Resolver = system_resolver,
    installed: Callable[[str], str] = version,
) -> Known[Xet] | Unknown:
    found, listing = installed("hf_xet"), known(seen.listing.get(source.name))
    if source.kind != "huggingface":
        return Unknown("needless", "Xet is Hugging Face's")
    if not found:
        return Unknown("needless", "hf_xet is not installed")
    if context.settings.flag("HF_HUB_DISABLE_XET"):
        return Unknown("needless", "HF_HUB_DISABLE_XET is on")
    if listing is None:
        return Unknown("skipped", "the files are not known")
    try:
        access = xet_access(
            context.client,
            source,
            context.settings,
            context.goal.model,
            listing.commit,
            deadline_s=_SECONDS,
        )
        if access is None:
            return Known(Xet(found))
        waits = in_time(context.ends, _PATIENCE)
        return Known(Xet(found, walk(access.origin, context.settings, "file", resolve, waits)))
    except QtuneError as error:
        return unknown(error)
    except ValueError:
        return Unknown("http", f"{source.name} sends to an address that is none")
