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
    hostname, plaintext, reset, timeout, no_ca (the CA file of a client cannot be loaded), other ·
    http: portal, timeout, reset, status (5xx), not_a_hub.
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
    """The road to one host, stage by stage up to the first that failed.

    `silent` are addresses that clients try before the one that let us in, and that never answered.
    `clock_off_s`: by how many seconds the answer's date is ahead of this machine's clock.
    """

    url: str
    host: str
    port: int
    proxy: ProxyFact | None
    stages: tuple[Stage, ...]
    addresses: tuple[str, ...] = ()
    issuer: str = ""
    status: int | None = None
    first_byte_ms: int | None = None
    silent: tuple[str, ...] = ()
    clock_off_s: float | None = None

    @property
    def failed(self) -> Stage | None:
        return next((stage for stage in self.stages if not stage.ok), None)

    @property
    def ok(self) -> bool:
        return self.failed is None


@dataclass(frozen=True)
class Network:
    """Is there a way out of this machine? `nameservers` is None where no file names them."""

    ipv4: bool
    ipv6: bool
    nameservers: tuple[str, ...] | None = None

    @property
    def ok(self) -> bool:
        return self.ipv4 or self.ipv6


ClientName = Literal["huggingface_hub", "modelscope"]
Trust = Literal["system", "certifi", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"]


@dataclass(frozen=True)
class ClientRoad:
    """How a hub's own client goes there, up to TLS. `reach` is None where it goes exactly as qtune does.

    `trusts` names whose CA certificates it takes, `other_proxy` is true where NO_PROXY means another road
    to it. `bundle` is a CA file with which it was seen to get through where its own does not do.
    """

    client: ClientName
    version: str
    trusts: Trust
    other_proxy: bool = False
    bundle: str = ""
    reach: Reach | None = None

    @property
    def ok(self) -> bool:
        return self.reach is None or self.reach.ok


@dataclass(frozen=True)
class Xet:
    """Where huggingface_hub fetches large files by Xet: as the hub says. `reach` None: none of this model's."""

    version: str
    reach: Reach | None = None

    @property
    def ok(self) -> bool:
        """Any status is an answer, a fault of its own too."""
        failed = self.reach.failed if self.reach is not None else None
        return failed is None or (failed.name == "http" and failed.kind == "status")
