"""Does the hub's own client get there, which may trust other CAs and read NO_PROXY otherwise than qtune?

Looked at only where it goes another way than qtune, and only up to TLS: the hub is asked nothing.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import certifi

from qtune.core.errors import ConfigError
from qtune.core.http import tls_context
from qtune.core.proxy import BadProxy, Proxy, parse, proxy_for
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.doctor.context import Context
from qtune.doctor.facts import ClientName, ClientRoad, Facts, Known, Reach, Trust, Unknown
from qtune.doctor.probes.bypass import Bypass, as_httpx, as_httpx2, as_requests
from qtune.doctor.probes.packages import version
from qtune.doctor.probes.patience import Patience, in_time
from qtune.doctor.probes.reach import address
from qtune.doctor.probes.road import walk
from qtune.doctor.probes.way import Way, own_way

_PATIENCE = Patience(total=6.0)
_CLIENTS: dict[str, ClientName] = {"huggingface": "huggingface_hub", "modelscope": "modelscope"}


def probe(
    context: Context,
    source: Source,
    seen: Facts,
    resolve: Resolver = system_resolver,
    installed: Callable[[str], str] = version,
) -> Known[ClientRoad] | Unknown:
    client = _CLIENTS.get(source.kind)
    if client is None:
        return Unknown("needless", "no client goes to this mirror by itself")
    found = installed(client)
    if not found:
        return Unknown("needless", f"{client} is not installed")
    url, settings = address(source, context.goal.model), context.settings
    reads = _bypass(client, found)
    trusts = trust(client, found, settings, context.environ.get("SSL_CERT_DIR", ""))
    way = Way(_proxy(url, settings, reads), lambda: _loaded(trusts, context), "auto")
    own = own_way(url, settings)
    same_trust = trusts == ("SSL_CERT_FILE" if settings.text("SSL_CERT_FILE") else "system")
    if way.proxy == own.proxy and (same_trust or urlsplit(url).scheme != "https"):
        return Known(ClientRoad(client, found, trusts))
    reach = walk(url, settings, None, resolve, in_time(context.ends, _PATIENCE), way)
    bundle = _mending(url, context, way, reach, resolve)
    return Known(ClientRoad(client, found, trusts, way.proxy != own.proxy, bundle, reach))


def _mending(url: str, context: Context, way: Way, reach: Reach, resolve: Resolver) -> str:
    """The CA file that qtune trusts, if the client gets through with it; "" where it needs none."""
    path = context.settings.path("SSL_CERT_FILE") or system_bundle()
    if reach.failed is None or reach.failed.name != "tls" or path is None:
        return ""
    with_it = replace(way, trust=lambda: ssl.create_default_context(cafile=str(path)))
    again = walk(url, context.settings, None, resolve, in_time(context.ends, _PATIENCE), with_it)
    return str(path) if again.ok else ""


def trust(client: ClientName, found: str, settings: Settings, directory: str) -> Trust:
    """Whose CA certificates this version takes. `directory` is SSL_CERT_DIR."""
    if _on_requests(client, found):
        return "REQUESTS_CA_BUNDLE" if settings.text("REQUESTS_CA_BUNDLE") else "certifi"
    if settings.text("SSL_CERT_FILE"):
        return "SSL_CERT_FILE"
    if directory:
        return "SSL_CERT_DIR"
    return "certifi" if _major(found) == 1 else "system"


def _on_requests(client: ClientName, found: str) -> bool:
    """ModelScope's SDK, and huggingface_hub before 1.0."""
    return client == "modelscope" or _major(found) == 0


def _major(found: str) -> int:
    first = found.partition(".")[0]
    return int(first) if first.isdecimal() else 2


def _bypass(client: ClientName, found: str) -> Bypass:
    if _on_requests(client, found):
        return as_requests
    return as_httpx if _major(found) == 1 else as_httpx2


def _proxy(url: str, settings: Settings, reads: Bypass) -> Proxy | BadProxy | None:
    parts = urlsplit(url)
    port = None if parts.port == {"http": 80, "https": 443}.get(parts.scheme) else parts.port
    if reads(settings.text("NO_PROXY"), (parts.hostname or "").lower(), port):
        return None
    for key in (f"{parts.scheme.upper()}_PROXY", "ALL_PROXY"):
        if settings.text(key):
            return parse(settings.text(key), settings[key].origin.name or key, settings.origin(key))
    return proxy_for(url, settings)


def _loaded(trusts: Trust, context: Context) -> ssl.SSLContext:
    """Raises ConfigError where there is no certificate in it."""
    if trusts in ("system", "SSL_CERT_FILE"):
        return tls_context(context.settings)
    if trusts == "certifi":
        return ssl.create_default_context(cafile=certifi.where())
    if trusts == "SSL_CERT_DIR":
        path: Path | None = Path(context.environ["SSL_CERT_DIR"])
    else:
        path = context.settings.path(trusts)
    try:
        if path is not None and path.is_dir():
            return ssl.create_default_context(capath=str(path))
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "NET110",
            Text(
                f"{trusts} names {path}, which holds no CA certificate that can be read",
                f"{trusts} 指向 {path}，其中没有可读取的 CA 证书",
            ),
        ) from error


# Where Linux distributions keep them as one file; macOS and Windows have none.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_bundle() -> Path | None:
    if sys.platform != "linux":
        return None
    return next((path for name in _BUNDLES if (path := Path(name)).is_file()), None)
