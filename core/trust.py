"""May this token go to that address? The one question asked before every Authorization header.

A token goes over https to the official hosts of the hub it belongs to, and to hosts named in
QTUNE_TRUSTED_HOSTS. Whoever names a host, or the CA that vouches for it, must be trusted at least as
much as whoever named the token: a cloned repository's `.env` cannot send the user's own token anywhere.
"""

from __future__ import annotations

import re
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
    address = _address(url)
    if address is None or not fits_a_header(credential.secret.reveal()):
        return False
    scheme, host, port = address
    level = credential.origin.level
    if (
        scheme == "https"
        and settings.text("SSL_CERT_FILE")
        and settings.origin("SSL_CERT_FILE").level < level
    ):
        return False
    if scheme == "https" and host in OFFICIAL[credential.hub] and port == 443:
        return True
    trusted = settings.origin("QTUNE_TRUSTED_HOSTS").level
    if (
        trusted is Level.DEFAULT
        or trusted < level
        or not listed(host, port, settings.items("QTUNE_TRUSTED_HOSTS"))
    ):
        return False
    # Plain http is readable by a proxy, so whoever named the proxy counts too.
    return scheme == "https" or all(
        not settings.text(key) or settings.origin(key).level >= level
        for key in ("HTTP_PROXY", "ALL_PROXY")
    )


def _address(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port, or None for what two parsers of URLs could read in two ways."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if not authority.isascii() or re.search(r"[\\@%\s]", authority) or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = _DEFAULT.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        return None
    if not parts.hostname or not port:
        return None
    return parts.scheme, parts.hostname.lower().removesuffix("."), port


def is_official(hub: HubName, url: str) -> bool:
    address = _address(url)
    return address is not None and address[1] in OFFICIAL[hub]


def names(hosts: str, url: str) -> bool:
    """Does the value of QTUNE_TRUSTED_HOSTS, `hosts`, name the address of `url`?"""
    address = _address(url)
    return address is not None and listed(address[1], address[2], hosts.split(","))


def listed(host: str, port: int, hosts: Iterable[str]) -> bool:
    """Is host:port among `hosts`? An entry without a port means every port; https://host its own one."""
    for entry in hosts:
        try:
            entry = entry.strip()
            wanted = urlsplit(entry if "://" in entry else f"//{entry}")
            wanted_port = wanted.port or _DEFAULT.get(wanted.scheme) or port
        except ValueError:
            continue
        if host and (wanted.hostname or "").removesuffix(".") == host and port == wanted_port:
            return True
    return False


_DEFAULT = {"https": 443, "http": 80}


def fits_a_header(token: str) -> bool:
    """A header holds visible ASCII only; anything else (a zero-width space) would crash the client."""
    return bool(token) and all("!" <= character <= "~" for character in token)
