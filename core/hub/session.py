"""One hub at one address: the client, the token that may go there, and what the hub last said of its limits."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from qtune.core.credentials import Credential
from qtune.core.http import Reply, authorization
from qtune.core.hub.answers import rate_limit
from qtune.core.hub.follow import follow
from qtune.core.hub.interface import Identity, RateLimit, RepoType
from qtune.core.hub.refusals import Asked
from qtune.core.settings import Settings
from qtune.core.sources import Source


class Session:
    """`token` None: every request is anonymous. `cookie` names one that carries the token beside the header."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        client: httpx.Client,
        token: Credential | None,
        cookie: str = "",
    ) -> None:
        self.source = source
        self.client = client
        self.brief_s = float(settings.number("HF_HUB_ETAG_TIMEOUT"))
        self.rate_limit: RateLimit | None = None
        self._settings = settings
        self._token = token
        self._cookie = cookie
        self._identity: Identity | None = None
        self._identity_lock = threading.Lock()

    def headers(self, url: str) -> dict[str, str]:
        """Those that carry the token, or none where it may not go."""
        headers = authorization(self._token, url, self._settings)
        if headers and self._cookie and self._token is not None:
            headers["Cookie"] = f"{self._cookie}={self._token.secret.reveal()}"
        return headers

    def sent(self, url: str) -> bool:
        return bool(self.headers(url))

    def follow(self, method: str, url: str, deadline_s: float | None = None) -> Reply:
        """Raises as core.hub.follow does; `deadline_s` None: what a brief question may take."""
        seconds = self.brief_s if deadline_s is None else deadline_s
        reply = follow(self.client, method, url, self.headers, seconds, self.source)
        self.rate_limit = rate_limit(reply.headers) or self.rate_limit
        return reply

    def asked(self, repo_id: str, repo_type: RepoType, what: str = "") -> Asked:
        """What a refusal's message has to name."""
        sent = self.sent(self.source.endpoint)
        return Asked(self.source, repo_id, self._token, sent, what, repo_type)

    def identity(self, url: str, whoami: Callable[[str], Identity]) -> Identity | None:
        """None where no token may go; otherwise asked for once, because hubs limit that question strictly."""
        if not self.sent(url):
            return None
        with self._identity_lock:
            if self._identity is None:
                self._identity = whoami(url)
            return self._identity
