"""One small HTTP request by hand, without a token."""

from __future__ import annotations

from collections.abc import Mapping

from qtune import __version__


def request(target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """A GET without a token. `target` is a path, or a whole URL when it goes to a proxy."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", f"User-Agent: qtune/{__version__}"]
    lines += ["Accept-Encoding: identity", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
