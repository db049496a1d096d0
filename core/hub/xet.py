"""What Hugging Face says of Xet: the store's address, and a token for it that ends within the hour.

The user's own token goes to the hub alone. Whoever fetches gets the short-lived one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from qtune.core.credentials import credential
from qtune.core.http import Reply, authorization
from qtune.core.hub.follow import follow
from qtune.core.hub.interface import RepoType
from qtune.core.hub.names import in_api
from qtune.core.secret import Secret
from qtune.core.settings import Settings
from qtune.core.sources import Source


@dataclass(frozen=True)
class XetAccess:
    """`cas` is the store's address as the hub gave it; `expires` counts in seconds since 1970."""

    cas: str
    token: Secret
    expires: int

    @property
    def origin(self) -> str:
        """The store's address without path, query and user info."""
        parts = urlsplit(self.cas)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"


def xet_access(
    client: httpx.Client,
    source: Source,
    settings: Settings,
    repo_id: str,
    commit: str,
    *,
    deadline_s: float,
    repo_type: RepoType = "model",
) -> XetAccess | None:
    """None where the hub gives none: its files lie elsewhere, or it is a mirror that does not know Xet.

    Raises Unreachable and Nonsense as core.hub.follow does, ValueError for an address that is none.
    """
    token = credential("huggingface", settings)
    path = (
        f"api/{in_api(quote(repo_id, safe='/'), repo_type)}/xet-read-token/{quote(commit, safe='')}"
    )
    reply = follow(
        client,
        "GET",
        f"{source.endpoint}/{path}",
        lambda url: authorization(token, url, settings),
        deadline_s,
        source,
    )
    return _access(reply)


def _access(reply: Reply) -> XetAccess | None:
    if reply.status != 200:
        return None
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    body: dict[str, Any] = said if isinstance(said, dict) else {}
    cas, token, expires = (body.get(key) for key in ("casUrl", "accessToken", "exp"))
    parts = urlsplit(cas) if isinstance(cas, str) else None
    if parts is None or not parts.hostname:
        return None
    assert isinstance(cas, str)
    return XetAccess(
        cas.rstrip("/"),
        Secret(token if isinstance(token, str) else ""),
        expires if isinstance(expires, int) else 0,
    )
