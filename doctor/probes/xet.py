"""Can huggingface_hub fetch the large files by Xet? Its hosts are those that the hub itself names."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from qtune.core.credentials import credential
from qtune.core.errors import QtuneError
from qtune.core.http import Reply, ask, authorization
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Unknown, Xet, known
from qtune.doctor.probes.asking import unknown
from qtune.doctor.probes.dialling import Resolver, system_resolver
from qtune.doctor.probes.packages import version
from qtune.doctor.probes.patience import Patience, in_time
from qtune.doctor.probes.road import walk

_SECONDS = 4
_PATIENCE = Patience(total=5.0)
_LARGEST = 1 << 16


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
        host = _host(_asked(context, source, listing.commit))
        if host is None:
            return Known(Xet(found))
        waits = in_time(context.ends, _PATIENCE)
        return Known(Xet(found, walk(host, context.settings, "file", resolve, waits)))
    except QtuneError as error:
        return unknown(error)
    except ValueError:
        return Unknown("http", f"{source.name} sends to an address that is none")


def _asked(context: Context, source: Source, commit: str) -> Reply:
    """What the client asks too. The answer holds a token for Xet: nothing of it is kept but an address."""
    repo = quote(context.goal.model, safe="/")
    url = f"{source.endpoint}/api/models/{repo}/xet-read-token/{quote(commit, safe='')}"
    token = authorization(credential("huggingface", context.settings), url, context.settings)
    return ask(
        context.client,
        "GET",
        url,
        headers=token,
        deadline_s=_SECONDS,
        limit=_LARGEST,
        source=source.name,
    )


def _host(reply: Reply) -> str | None:
    """Without path and query. None where the hub keeps this model's files elsewhere."""
    if reply.status != 200:
        return None
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    address = said.get("casUrl") if isinstance(said, dict) else None
    parts = urlsplit(address) if isinstance(address, str) else None
    if parts is None or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
