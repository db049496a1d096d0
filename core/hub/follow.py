"""One request to a hub along the hub's own redirects, with the token's question asked at every hop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from qtune.core.credentials import HubName
from qtune.core.http import Reply, ask
from qtune.core.hub.answers import MOST_HOPS, host_of, nonsense, redirect_target, same_origin
from qtune.core.sources import Source
from qtune.core.trust import is_official


def follow(
    client: httpx.Client,
    method: str,
    url: str,
    headers_for: Callable[[str], Mapping[str, str]],
    deadline_s: float,
    source: Source,
) -> Reply:
    """The answer; a redirect that leads away from the hub is itself the answer.

    `headers_for` says which headers may go to an address. Raises Unreachable, and Nonsense HUB223 for
    a circle of redirects.
    """
    for _ in range(MOST_HOPS):
        headers = dict(headers_for(url))
        if method == "HEAD":
            headers["Accept-Encoding"] = "identity"
        reply = ask(client, method, url, headers=headers, deadline_s=deadline_s, source=source.name)
        target = redirect_target(reply.status, reply.headers, url)
        if target is None or not is_own(url, target, source):
            return reply
        url = target
    raise nonsense(source, "redirects in a circle", "重定向陷入循环")


def is_own(url: str, target: str, source: Source) -> bool:
    """Is the target still this hub? http to https of the same host, and the hub's other names, are."""
    if same_origin(url, target):
        return True
    upgraded = url.startswith("http://") and target.startswith("https://")
    if upgraded and host_of(url).partition(":")[0] == host_of(target).partition(":")[0]:
        return True
    hub: HubName = "modelscope" if source.kind == "modelscope" else "huggingface"
    return is_official(hub, url) and is_official(hub, target)
