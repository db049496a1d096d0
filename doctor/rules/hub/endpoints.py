"""What an address that somebody gave a hub says about itself: its host, and who vouches for it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from qtune.core.trust import listed
from qtune.doctor.facts import Facts, SourceFact, TokenFact


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def trusted_too_weakly(facts: Facts, source: SourceFact, token: TokenFact) -> bool:
    """A project's `.env` cannot vouch for a host where the token is the user's own."""
    fact = facts.setting("QTUNE_TRUSTED_HOSTS")
    hosts = [entry.strip() for entry in fact.value.split(",") if entry.strip()]
    parts = urlsplit(source.endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return fact.origin.level < token.origin.level and listed(parts.hostname or "", port, hosts)


def host_of(source: SourceFact) -> str:
    return urlsplit(source.endpoint).netloc.rpartition("@")[2]
