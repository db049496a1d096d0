"""The road to a host, walked stage by stage along the path that a client takes, up to where it ends.

No token ever goes along: whoever answers, and however, is what we want to know.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

from qtune.core.errors import ConfigError
from qtune.core.proxy import BadProxy, Proxy
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.wire.head import Head
from qtune.core.wire.lookup import Resolver, look_up, system_resolver
from qtune.core.wire.streams import Deadline, Ended, Plain, Stream
from qtune.core.wire.tunnel import enter, open_tunnel, wants_login
from qtune.doctor.facts import Reach, Stage, StageName
from qtune.doctor.probes import certificate
from qtune.doctor.probes.answer import Expected, asked, judge
from qtune.doctor.probes.clock import ahead
from qtune.doctor.probes.dialling import (
    Dialled,
    dial,
    is_local_name,
    is_sinkhole,
)
from qtune.doctor.probes.handshake import OF_CERTIFICATES, OF_DATES, secured, unverified
from qtune.doctor.probes.patience import PATIENCE, Patience
from qtune.doctor.probes.way import Way, own_way, proxy_fact


def walk(
    url: str,
    settings: Settings,
    expected: Expected | None,
    resolve: Resolver = system_resolver,
    patience: Patience = PATIENCE,
    way: Way | None = None,
) -> Reach:
    """Raises ValueError where `url` is none. `expected` None: up to TLS, and nothing is asked.

    `way` is that of another client than qtune's own.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an http address")
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    way = way or own_way(url, settings)
    proxy = way.proxy
    road = _Road(url, parts.hostname, port, parts.scheme == "https", way, resolve, patience)
    with ExitStack() as stack, suppress(Ended):
        if isinstance(proxy, BadProxy):
            road.refuse(proxy)
        else:
            road.walk(proxy, expected, stack)
    stages = _blocked(road) if proxy is None else road.stages
    return Reach(
        url=shown(url),
        host=parts.hostname,
        port=port,
        proxy=proxy_fact(proxy),
        stages=tuple(stages),
        addresses=road.addresses[:8],
        issuer=road.issuer,
        status=road.head.status if road.head else None,
        first_byte_ms=road.head.first_byte_ms if road.head else None,
        silent=road.dialled.silent() if road.dialled else (),
        clock_off_s=road.clock_off_s,
    )


def shown(url: str) -> str:
    """Without user info, query and fragment: these may hold a password or a signature."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return redact(f"{parts.scheme}://{address}{parts.path}")


class _Road:
    """What was seen on the way so far."""

    def __init__(
        self,
        url: str,
        host: str,
        port: int,
        secure: bool,
        way: Way,
        resolve: Resolver,
        patience: Patience,
    ) -> None:
        self.url, self.host, self.port, self.secure = url, host, port, secure
        self.way, self.resolve, self.patience = way, resolve, patience
        self.end = time.monotonic() + patience.total
        self.stages: list[Stage] = []
        self.addresses: tuple[str, ...] = ()
        self.issuer = ""
        self.head: Head | None = None
        self.dialled: Dialled | None = None
        self.clock_off_s: float | None = None

    @contextmanager
    def stage(self, name: StageName, seconds: float) -> Iterator[Deadline]:
        started = time.monotonic()
        granted = max(0.05, min(seconds, self.end - started))
        try:
            yield Deadline(started + granted, granted)
        except Ended as end:
            failed: StageName = "connect" if end.stage == "connect" else name
            took_ms = round((time.monotonic() - started) * 1000)
            self.stages.append(Stage(failed, False, took_ms, end.kind, redact(end.detail)))
            raise
        self.stages.append(Stage(name, True, round((time.monotonic() - started) * 1000)))

    def refuse(self, proxy: BadProxy) -> None:
        detail = f"{proxy.key} is no proxy address that can be used: its {proxy.reason} is wrong"
        self.stages.append(Stage("proxy_dns", False, 0, proxy.reason, detail))

    def walk(self, proxy: Proxy | None, expected: Expected | None, stack: ExitStack) -> None:
        if self.secure or (proxy and proxy.scheme == "https"):
            self.context = self._tls_context()
        stream = self._to(proxy, stack)
        if self.secure:
            stream = self._tls(stream, lambda: self._again(proxy, stack))
        if expected is None:
            return
        with self.stage("http", self.patience.http) as until:
            through = proxy if proxy and not self.secure and _forwards(proxy) else None
            self.head = asked(stream, self.url, through, expected, until)
            self._note_the_time(self.head)
            if through is not None and self.head.status == 407:
                raise wants_login(through)
            judge(self.head, self.url, expected)

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return self.way.trust()
        except ConfigError as error:
            self.stages.append(Stage("tls", False, 0, "no_ca", redact(error.message.en)))
            raise Ended("no_ca", error.message.en) from error

    def _to(self, proxy: Proxy | None, stack: ExitStack) -> Stream:
        """Open to the host, or to the proxy that a plain http request is handed to."""
        if proxy is None:
            return self._dial("dns", "tcp", self.host, self.port, stack)
        stream = self._dial("proxy_dns", "proxy_tcp", proxy.host, proxy.port, stack)
        tunnels = self.secure or not _forwards(proxy)
        if not tunnels and proxy.scheme == "http":
            return stream
        with self.stage("connect", self.patience.connect) as until:
            if proxy.scheme == "https":
                stream = enter(stream, proxy, self.context, until)
            if tunnels:
                open_tunnel(stream, proxy, self.host, self.port, until)
        return stream

    def _dial(
        self, look: StageName, connect: StageName, host: str, port: int, stack: ExitStack
    ) -> Stream:
        with self.stage(look, self.patience.dns) as until:
            addresses = look_up(host, port, self.way.family, self.resolve, until)
        if look == "dns":
            self.addresses = addresses
        with self.stage(connect, self.patience.tcp) as until:
            dialled = dial(addresses, port, until)
            stream = Plain(dialled.sock)
            stack.callback(stream.close)
        self.dialled = self.dialled or dialled
        return stream

    def _tls(self, below: Stream, again: Callable[[], Stream]) -> Stream:
        with self.stage("tls", self.patience.tls) as until:
            try:
                tls = secured(below, self.context, self.host, until)
            except Ended as end:
                if end.kind in OF_CERTIFICATES:
                    self._look_unverified(again, end.kind in OF_DATES)
                raise
            self.issuer = certificate.issuer(tls.certificate())
        return tls

    def _again(self, proxy: Proxy | None, stack: ExitStack) -> Stream:
        """A second connection over the same road; its stages are not told twice."""
        told = list(self.stages)
        try:
            return self._to(proxy, stack)
        finally:
            self.stages = told

    def _look_unverified(self, again: Callable[[], Stream], by_date: bool) -> None:
        """Whose certificate it is; where its dates do not fit, also what time they have there."""
        with suppress(OSError, Ended):
            stream = again()
            granted = max(0.05, min(1.5, self.end - time.monotonic()))
            until = Deadline(time.monotonic() + granted, granted)
            tls = unverified(stream, self.host, until)
            self.issuer = certificate.issuer(tls.certificate())
            if by_date:
                self._note_the_time(asked(tls, self.url, None, "hub", until))

    def _note_the_time(self, head: Head) -> None:
        connecting = [stage.took_ms for stage in self.stages if stage.name.endswith("tcp")]
        self.clock_off_s = ahead(head.headers, sum(connecting) / 1000)


def _forwards(proxy: Proxy) -> bool:
    """Does it take a plain http request as a whole URL, instead of opening a tunnel?"""
    return not proxy.scheme.startswith("socks")


def _blocked(road: _Road) -> list[Stage]:
    """A name that leads to 0.0.0.0 or to this machine is a name look-up gone wrong, if nothing is there.

    Something may be: tools that speed up access answer for such a host on this machine themselves.
    """
    failed = next((stage for stage in road.stages if not stage.ok), None)
    if (
        failed is None
        or failed.name not in ("tcp", "tls")
        or is_local_name(road.host)
        or not road.addresses  # nothing was looked up: the CA file could not be loaded
        or not all(is_sinkhole(address) for address in road.addresses)
    ):
        return road.stages
    told = f"{road.host} is said to be at {', '.join(road.addresses[:3])}"
    took_ms = sum(stage.took_ms for stage in road.stages)
    return [Stage("dns", False, took_ms, "blocked", told)]
