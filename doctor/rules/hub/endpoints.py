"""What an address that somebody gave a hub says about itself: its host, and who vouches for it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from qtune.core.trust import names
from qtune.doctor.facts import Facts, SourceFact, TokenFact
from qtune.doctor.rules.tok.held import trusted


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def trusted_too_weakly(facts: Facts, source: SourceFact, token: TokenFact) -> bool:
    """A project's `.env` cannot vouch for a host where the token is the user's own."""
    fact = facts.setting("QTUNE_TRUSTED_HOSTS")
    return fact.origin.level < token.origin.level and names(fact.value, source.endpoint)


def host_of(source: SourceFact) -> str:
    return urlsplit(source.endpoint).netloc.rpartition("@")[2]


def is_mirror(facts: Facts, source: SourceFact) -> bool:
    """Somebody else's host that speaks for Hugging Face: neither its own nor one that the user vouches for."""
    return source.kind == "mirror" or (source.kind == "huggingface" and not trusted(source, facts))
