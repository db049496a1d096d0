"""Whose token it is, asked once, and only of a hub that the token may go to."""

from __future__ import annotations

from qtune.core.errors import QtuneError, Refused
from qtune.core.hub.interface import Identity
from qtune.core.secret import redact
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Unknown, known
from qtune.doctor.probes import tokens
from qtune.doctor.probes.asking import hub_of, unknown

_SECONDS = 6


def probe(context: Context, source: Source, seen: Facts) -> Known[Identity] | Unknown:
    found = known(seen.tokens.get(source.name)) or tokens.probe(context, source, seen).value
    if not found.may_go:
        return Unknown("needless", _why(found.disabled, bool(found.found), source))
    try:
        identity = hub_of(context, source, _SECONDS).identity()
    except Refused as error:
        # Only a 401 says that the token is bad; a rate limit or a 403 says nothing about it.
        if error.status == 401:
            return Known(Identity(valid=False, message=redact(error.message.en)))
        return unknown(error)
    except QtuneError as error:
        return unknown(error)
    if identity is None:
        return Unknown("needless", _why(found.disabled, True, source))
    return Known(identity)


def _why(disabled: bool, has_token: bool, source: Source) -> str:
    if disabled:
        return "HF_HUB_DISABLE_IMPLICIT_TOKEN is on"
    if not has_token:
        return "no token" if source.kind != "mirror" else "a mirror is never sent a token"
    return f"the token may not go to {redact(source.endpoint)}"
