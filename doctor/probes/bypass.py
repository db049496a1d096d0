"""Which hosts NO_PROXY names, as each HTTP client reads it: they differ, and none of them says so.

Checked against requests 2.34, httpx 0.28 and httpx2 2.16 (huggingface_hub 2).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

Bypass = Callable[[str, str, int | None], bool]  # NO_PROXY, host, port (None: the scheme's own)


def as_requests(text: str, host: str, port: int | None) -> bool:
    """Suffixes of names; IPv4 networks; the whole value `*`."""
    entries = [entry for entry in text.replace(" ", "").split(",") if entry]
    if text.strip() == "*":
        return True
    if _version(host) == 4 and any(_within(host, entry) for entry in entries):
        return True
    names = {host, f"{host}:{port}" if port else host}
    return any(
        name == entry or name.endswith("." + entry)
        for entry in (entry.lstrip(".").lower() for entry in entries)
        for name in names
        if entry
    )


def as_httpx(text: str, host: str, port: int | None) -> bool:
    """httpx 0.28: a leading dot leaves the name itself out, and no network ever matches."""
    entries = [entry.strip().lower() for entry in text.split(",")]
    names = [entry if "://" in entry else entry.partition("/")[0] for entry in entries if entry]
    return "*" in entries or any(_pattern(name, host, port) for name in names)


def as_httpx2(text: str, host: str, port: int | None) -> bool:
    """httpx2: as httpx, but networks match, and `*.name` is read as `.name`."""
    entries = [entry.strip().lower() for entry in text.split(",")]
    if "*" in entries:
        return True
    return any(
        _within(host, entry)
        if "/" in entry and "://" not in entry
        else _pattern(entry.removeprefix("*"), host, port)
        for entry in entries
        if entry
    )


def _pattern(entry: str, host: str, port: int | None) -> bool:
    scheme, address, exact = entry.rpartition("://")
    if address:
        return scheme in ("https", "all") and exact.partition("/")[0] == host
    match = re.fullmatch(r"(\[[^]]*\]|[^:]*):(\d{1,5})", entry)
    name, wanted = (match[1], int(match[2])) if match else (entry, None)
    if wanted is not None and wanted != port:
        return False
    name = name.strip("[]")
    if _version(name) or name == "localhost":
        return name == host
    return host.endswith(name) if name.startswith(".") else f".{host}".endswith(f".{name}")


def _version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


def _within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(
            re.sub(r"[\[\]]", "", network), strict=False
        )
    except ValueError:
        return False
