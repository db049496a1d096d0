"""May this token go to that address? The one question asked before every Authorization header.

A token goes over https to the official hosts of the hub it belongs to, and to hosts named in
QTUNE_TRUSTED_HOSTS. Whoever names a host, or the CA that vouches for it, must be trusted at least as
much as whoever named the token: a cloned repository's `.env` cannot send the user's own token anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from qtune.core.credentials import Credential, HubName
from qtune.core.origin import Level
from qtune.core.settings import Settings

OFFICIAL: dict[HubName, frozenset[str]] = {
    "huggingface": frozenset({"huggingface.co", "hf.co"}),
    "modelscope": frozenset(
        {"modelscope.cn", "www.modelscope.cn", "modelscope.ai", "www.modelscope.ai"}
    ),
}


def may_send(credential: Credential, url: str, settings: Settings) -> bool:
    """True when `credential` may travel in a header of a request to `url`."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return False
    if not host or not _encoded(credential.secret.reveal()):
        return False
    level = credential.origin.level
    if (
        parts.scheme == "https"
        and _names_ca(settings)
        and settings.origin("SSL_CERT_FILE").level < level
    ):
        return False
    if parts.scheme == "https" and host in OFFICIAL[credential.hub] and port in (None, 443):
        return True
    trusted = settings.origin("QTUNE_TRUSTED_HOSTS").level
    if (
        trusted is Level.DEFAULT
        or trusted < level
        or not listed(host, port or _default(parts.scheme), settings.items("QTUNE_TRUSTED_HOSTS"))
    ):
        return False
    # Plain http is readable by a proxy, so whoever named the proxy counts too.
    return parts.scheme == "https" or all(
        not settings.text(key) or settings.origin(key).level >= level
        for key in ("HTTP_PROXY", "ALL_PROXY")
    )


def is_official(hub: HubName, url: str) -> bool:
    try:
        return (urlsplit(url).hostname or "").lower().rstrip(".") in OFFICIAL[hub]
    except ValueError:
        return False


def listed(host: str, port: int, hosts: Iterable[str]) -> bool:
    """Is host:port among `hosts`? An entry without a port means every port of that host."""
    for entry in hosts:
        try:
            wanted = urlsplit(entry if "://" in entry else f"//{entry}")
            if wanted.hostname == host and wanted.port in (None, port):
                return True
        except ValueError:
            continue
    return False


def _default(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _names_ca(settings: Settings) -> bool:
    return bool(settings.text("SSL_CERT_FILE"))


def _encoded(token: str) -> bool:
    """A header holds visible ASCII only; anything else (a zero-width space) would crash the client."""
    return bool(token) and all("!" <= character <= "~" for character in token)
