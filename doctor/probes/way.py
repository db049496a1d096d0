"""How a client goes to a host: through which proxy, trusting whom, over which address family."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from qtune.core.http import tls_context
from qtune.core.proxy import BadProxy, Proxy, proxy_for
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.doctor.facts import ProxyFact


@dataclass(frozen=True)
class Way:
    """`trust` makes the TLS context, and raises ConfigError where its CA file cannot be loaded."""

    proxy: Proxy | BadProxy | None
    trust: Callable[[], ssl.SSLContext]
    family: str


def own_way(url: str, settings: Settings) -> Way:
    """As qtune's own client goes."""
    return Way(
        proxy_for(url, settings), lambda: tls_context(settings), settings.text("QTUNE_IP_FAMILY")
    )


def proxy_fact(proxy: Proxy | BadProxy | None) -> ProxyFact | None:
    if isinstance(proxy, BadProxy):
        return ProxyFact("", proxy.key, proxy.origin, proxy.reason)
    return ProxyFact(redact(proxy.url), proxy.key, proxy.origin) if proxy else None
