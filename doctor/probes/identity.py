"""Whose token it is, asked once, and only of a hub that the token may go to."""

from __future__ import annotations

from qtune.core.errors import QtuneError, Refused
from qtune.core.hub.interface import Identity
from qtune.core.secret import redact
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Tokens, Unknown, known
from qtune.doctor.probes import tokens
from qtune.doctor.probes.asking import hub_of, unknown

_SECONDS = 6
UNSENDABLE = ("whitespace", "invisible", "bearer_prefix")  # no header can hold such a value


def probe(context: Context, source: Source, seen: Facts) -> Known[Identity] | Unknown:
    found = known(seen.tokens.get(source.name)) or tokens.probe(context, source, seen).value
    if not found.may_go:
        return Unknown("needless", _why(found, source))
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
        return Unknown("needless", _why(found, source))
    return Known(identity)


def _why(tokens: Tokens, source: Source) -> str:
    if source.kind == "mirror":
        return "a mirror is never sent a token"
    if not tokens.found:
        return "no token"
    if tokens.disabled:
        return "HF_HUB_DISABLE_IMPLICIT_TOKEN is on"
    if tokens.found[0].shape in UNSENDABLE:
        return "the value cannot be sent as a token"
    return f"the token may not go to {redact(source.endpoint)}"
