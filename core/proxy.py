"""Which proxy, if any, stands between this machine and an address."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from qtune.core.origin import Level, Origin
from qtune.core.secret import Secret
from qtune.core.settings import Settings

SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """`key` is the variable that named it, as the user wrote it; SYSTEM for the operating system's."""

    scheme: str
    host: str
    port: int
    user: str
    password: Secret | None
    key: str
    origin: Origin

    @property
    def url(self) -> str:
        """Without the user info: fit to be shown."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True)
class BadProxy:
    """A proxy variable that no client can use. `reason`: scheme, port, host."""

    key: str
    origin: Origin
    reason: str


SYSTEM = "SYSTEM"
_DEFAULT = {"http": 80, "https": 443}
_SYSTEM_ORIGIN = Origin(Level.USER, SYSTEM)


def proxy_for(url: str, settings: Settings) -> Proxy | BadProxy | None:
    """The proxy for `url` as httpx and requests would choose it, from the settings instead of os.environ.

    None too for what is no http address: that no proxy can help.
    """
    try:
        parts = urlsplit(url)
        port = None if parts.port == _DEFAULT.get(parts.scheme) else parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT:
        return None
    host = (parts.hostname or "").lower()
    if bypassed(host, settings.items("NO_PROXY"), port):
        return None
    for key in (f"{parts.scheme.upper()}_PROXY", "ALL_PROXY"):
        if settings.text(key):
            return parse(settings.text(key), settings[key].origin.name or key, settings.origin(key))
    return _system_proxy(parts.scheme, host)


def _system_proxy(scheme: str, host: str) -> Proxy | BadProxy | None:
    """Windows' registry and macOS' network settings; on Linux there is no such place."""
    import urllib.request  # brings ssl, http and email along, which no other question here needs

    getproxies = getattr(urllib.request, "getproxies_registry", None) or getattr(
        urllib.request, "getproxies_macosx_sysconf", None
    )
    address = getproxies().get(scheme) if getproxies else None
    if not address or urllib.request.proxy_bypass(host):
        return None
    return parse(address, SYSTEM, _SYSTEM_ORIGIN)


def parse(text: str, key: str, origin: Origin) -> Proxy | BadProxy:
    """`http://user:password@host:port`; a missing scheme means http, as every client takes it."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        return BadProxy(key, origin, "port")
    if parts.scheme not in SCHEMES:
        return BadProxy(key, origin, "scheme")
    # A `=` is of the next line, where the newline was lost: its secret must not get into a look-up.
    if not parts.hostname or "=" in parts.hostname:
        return BadProxy(key, origin, "host")
    return Proxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _DEFAULT.get(parts.scheme, 1080),
        user=unquote(parts.username or ""),
        password=Secret(unquote(parts.password)) if parts.password else None,
        key=key,
        origin=origin,
    )


def bypassed(host: str, entries: tuple[str, ...], port: int | None = None) -> bool:
    """Does NO_PROXY let host:port through? As httpx and requests read it, wherever these agree.

    `port` None is the scheme's own, which no `name:port` matches. Names match their subdomains; networks
    are read as `requests` reads them (httpx never matches one).
    """
    for entry in entries:
        name = entry.lower().rpartition("://")[2]
        if name == "*":
            return True
        if "/" in name and _in_network(host, name):
            return True
        name, wanted = _split_port(name)
        name = name.lstrip(".")
        if not name or (wanted is not None and wanted != port):
            continue
        if host == name or (not _is_ip(host) and host.endswith("." + name)):
            return True
    return False


def _split_port(name: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[^]]*\]|[^:]*):(\d{1,5})", name)
    return (match[1].strip("[]"), int(match[2])) if match else (name.strip("[]"), None)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
