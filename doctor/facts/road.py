"""The road to a host, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.origin import Origin

StageName = Literal["dns", "tcp", "proxy_dns", "proxy_tcp", "connect", "tls", "http"]


@dataclass(frozen=True)
class Stage:
    """One step of the road. `kind` names how it ended where it failed:

    dns, proxy_dns: nxdomain, temporary, no_family (none of QTUNE_IP_FAMILY), blocked (0.0.0.0 or loopback; dns only),
    scheme, port, host (the proxy's address; proxy_dns only) · tcp, proxy_tcp: refused, timeout, reset, unreachable ·
    connect: auth (407), denied, timeout, reset, not_a_proxy · tls: untrusted, self_signed, expired, not_yet,
    hostname, plaintext, reset, timeout, other · http: portal, timeout, reset, status (5xx), not_a_hub.
    """

    name: StageName
    ok: bool
    took_ms: int
    kind: str = ""
    detail: str = ""


@dataclass(frozen=True)
class ProxyFact:
    """`url` has no user info. `key` is the variable as the user wrote it. `bad`: scheme, port or host."""

    url: str
    key: str
    origin: Origin
    bad: str = ""


@dataclass(frozen=True)
class Reach:
    """The road to one host, stage by stage up to the first that failed."""

    url: str
    host: str
    port: int
    proxy: ProxyFact | None
    stages: tuple[Stage, ...]
    addresses: tuple[str, ...] = ()
    issuer: str = ""
    status: int | None = None
    first_byte_ms: int | None = None

    @property
    def failed(self) -> Stage | None:
        return next((stage for stage in self.stages if not stage.ok), None)

    @property
    def ok(self) -> bool:
        return self.failed is None
