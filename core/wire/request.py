"""The bytes of a GET, as they go over the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from qtune import __version__

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


class BadHeader(Exception):
    """It would break the request apart, or cannot be written. Its value may be a secret: only its name is told."""


def parsed(url: str) -> httpx.URL:
    """Its host in IDNA and its path escaped. Raises httpx.InvalidURL or httpx.UnsupportedProtocol."""
    address = httpx.URL(url)
    if address.scheme not in ("http", "https"):
        raise httpx.UnsupportedProtocol(f"no http address: {address.scheme or 'without a scheme'}")
    if not address.raw_host:
        raise httpx.InvalidURL("no host")
    return address


def port_of(address: httpx.URL) -> int:
    return address.port or {"http": 80, "https": 443}[address.scheme]


def get_request(
    address: httpx.URL, headers: Mapping[str, str], forwarded: Mapping[str, str] | None
) -> bytes:
    """`forwarded`: to a proxy that is given the whole address, and these headers of its own."""
    host = address.netloc.decode("ascii")
    target = address.raw_path.decode("ascii")
    if forwarded is not None:
        target = f"{address.scheme}://{host}{target}"
    own = {
        "host": host,
        "user-agent": f"qtune/{__version__}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
    }
    given = {name.lower() for name in headers}
    lines = [f"GET {target} HTTP/1.1"]
    for name, value in [(n, v) for n, v in own.items() if n not in given] + [
        *headers.items(),
        *(forwarded or {}).items(),
    ]:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadHeader(f"the header {name!r} cannot be sent")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")
