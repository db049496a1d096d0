"""What every handler may know: the world, where the other origins are, and how URLs are signed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.hub.http import Request
from tests.hub.world import World


@dataclass
class Signer:
    """Signs paths of the large-file origins, as S3 and OSS do, until they expire; no two are the same.

    `cuts`: the end of a signature also ends the bodies that are under way with it.
    """

    key: bytes
    lifetime: float = 3600.0  # seconds; negative signs URLs that have already expired
    cuts: bool = False
    issued: list[str] = field(default_factory=list)
    _dead: int = 0  # so many of those issued are refused, whatever their time

    def sign(self, path: str) -> tuple[int, str]:
        """Expiry (seconds since the epoch) and signature."""
        expires = int(time.time() + self.lifetime)
        signature = self._signature(path, expires, f"{next(_SERIALS):08x}")
        self.issued.append(signature)
        return expires, signature

    def expire(self) -> None:
        """All that were issued so far, at once."""
        self._dead = len(self.issued)

    def refusal(self, path: str, expires: str, signature: str) -> str | None:
        """Why this signature does not open the path."""
        if not expires.isdecimal() or not signature:
            return "Access Denied"
        right = self._signature(path, int(expires), signature[:8])
        if not hmac.compare_digest(signature.encode(), right.encode()):
            return "The request signature we calculated does not match the signature you provided."
        if int(expires) < time.time() or signature in self.issued[: self._dead]:
            return "Request has expired"
        return None

    def _signature(self, path: str, expires: int, serial: str) -> str:
        signed = f"{path}\n{expires}\n{serial}".encode()
        return serial + hmac.new(self.key, signed, hashlib.sha256).hexdigest()


_SERIALS = itertools.count(1)


@dataclass
class Uploads:
    """Large files that were sent and belong to no commit yet, by their sha256; the parts of others.

    `part_bytes`: from this size on a file is asked for in parts of it; 0: never.
    """

    whole: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    part_bytes: int = 0
    branches: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Site:
    """Shared by the handlers of one hub; `world` may be replaced while it runs."""

    world: World
    signer: Signer
    page_size: int = 1000  # entries on a page of Hugging Face's tree
    xet: bool = False
    urls: Mapping[str, str] = field(default_factory=dict)  # origin name -> base URL, for links
    serial: itertools.count[int] = field(default_factory=itertools.count)
    uploads: Uploads = field(default_factory=Uploads)

    def base(self, origin: str, request: Request) -> str:
        """That origin by the address the caller used, as the real hub would name itself."""
        scheme = self.urls[origin].partition("://")[0]
        host = request.headers.get("host")
        return f"{scheme}://{host}" if host else self.urls[origin]

    def request_id(self) -> str:
        return f"Root=1-{next(self.serial):08x}-qtunetesthub"
