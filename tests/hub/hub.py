"""Both hubs at once on loopback: five origins, one record of requests, faults on a switch."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.hub import cas, huggingface, modelscope, storage
from tests.hub.faults import Fault, Faults
from tests.hub.http import Request, Response
from tests.hub.origin import Origin
from tests.hub.recording import Recorder
from tests.hub.site import Signer, Site
from tests.hub.tls import Flaw, make_identity
from tests.hub.world import Repo, User, World

# The large files live on another host name, not only on another port: cookies ignore ports.
HOSTS: Mapping[str, str] = {
    "hf": "127.0.0.1",
    "cdn": "localhost",
    "cas": "localhost",
    "ms": "127.0.0.1",
    "ms-cdn": "localhost",
}
ANSWERS: Mapping[str, Callable[[Site, Request], Response]] = {
    "hf": huggingface.answer,
    "cdn": storage.answer,
    "cas": cas.answer_cas,
    "ms": modelscope.answer,
    "ms-cdn": storage.answer,
}


class Hub:
    """`with Hub(repos=[...], users=[...]) as hub:` serves until the block ends.

    `tls` makes the origins in `tls_on` https; a flaw's name makes their certificate a bad one.
    `public_urls` replaces an origin's address in redirects and links, say by its official name.
    Signed addresses end after `url_lifetime` seconds or at `expire`; with `expiry_cuts` the bodies
    that are under way with them end too.
    """

    def __init__(
        self,
        repos: Iterable[Repo] = (),
        users: Iterable[User] = (),
        *,
        page_size: int = 1000,
        xet: bool = False,
        url_lifetime: float = 3600.0,
        expiry_cuts: bool = False,
        tls: bool | Flaw = False,
        tls_on: Collection[str] = tuple(HOSTS),
        public_urls: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        signer = Signer(secrets.token_bytes(16), url_lifetime, expiry_cuts)
        self.site = Site(World.of(repos, users), signer, page_size, xet)
        self.ca_file: Path | None = None
        self._tls: Flaw | None = "none" if tls is True else tls or None
        self._tls_on = tls_on
        self._public_urls = public_urls or {}
        self._ports = ports or {}
        self._recorder = Recorder()
        self._faults = Faults()
        self._origins: dict[str, Origin] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            context = None
            if self._tls is not None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-tls-"))
                identity = make_identity(Path(folder), self._tls)
                context, self.ca_file = identity.context, identity.ca_file
            for name, host in HOSTS.items():
                origin = Origin(
                    name,
                    host,
                    self._answer(name),
                    self._recorder,
                    self._faults,
                    context if name in self._tls_on else None,
                    self._ports.get(name, 0),
                )
                stack.callback(origin.close)
                self._origins[name] = origin
            self.site.urls = {name: origin.url for name, origin in self._origins.items()} | {
                name: url.rstrip("/") for name, url in self._public_urls.items()
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _answer(self, name: str) -> Callable[[Request], Response]:
        answer = ANSWERS[name]
        return lambda request: answer(self.site, request)

    @property
    def urls(self) -> dict[str, str]:
        return {name: origin.url for name, origin in self._origins.items()}

    @property
    def hf_url(self) -> str:
        return self._origins["hf"].url

    @property
    def cdn_url(self) -> str:
        return self._origins["cdn"].url

    @property
    def cas_url(self) -> str:
        return self._origins["cas"].url

    @property
    def ms_url(self) -> str:
        return self._origins["ms"].url

    @property
    def ms_cdn_url(self) -> str:
        return self._origins["ms-cdn"].url

    @property
    def world(self) -> World:
        return self.site.world

    def change(
        self, repos: Iterable[Repo] | None = None, users: Iterable[User] | None = None
    ) -> None:
        """Another world from the next request on: a licence accepted, a commit pushed."""
        old = self.site.world
        self.site.world = World.of(
            old.repos if repos is None else repos, old.users if users is None else users
        )

    @property
    def requests(self) -> list[Request]:
        return self._recorder.all()

    def seen(self, origin: str = "*", path: str = "*", method: str = "*") -> list[Request]:
        """The requests whose origin, decoded path and method match these shell patterns."""
        return self._recorder.matching(origin, path, method)

    def carrying(self, secret: str) -> set[str]:
        """The origins that were sent this secret, in whatever form."""
        return {request.origin for request in self.requests if request.carries(secret)}

    @property
    def signatures(self) -> list[str]:
        """All that were ever given out: secrets of the storage origins."""
        return list(self.site.signer.issued)

    def expire(self) -> None:
        """No signed address given out so far opens anything from now on."""
        self.site.signer.expire()

    def wait_for(self, ready: Callable[[list[Request]], bool], timeout: float = 10.0) -> bool:
        """Whether `ready` became true of the requests so far within `timeout` seconds."""
        return self._recorder.wait_for(ready, timeout)

    def forget(self) -> None:
        """Drop the requests recorded so far."""
        self._recorder.clear()

    def fault(self, fault: Fault) -> Fault:
        """Switch a fault on, from the next connection or request on."""
        self._faults.add(fault)
        self._settle()
        return fault

    def lift(self, fault: Fault) -> None:
        self._faults.lift(fault)
        self._settle()

    def heal(self) -> None:
        """Lift every fault."""
        self._faults.clear()
        self._settle()

    def _settle(self) -> None:
        for origin in self._origins.values():
            origin.settle()
