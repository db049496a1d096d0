"""The official host names, led to the local origins by a proxy.

with (
    Hub(repos, users, tls=True, public_urls=official.URLS) as hub,
    Proxy(routes=official.routes(hub)) as proxy,
):
    ...  # a client with HTTPS_PROXY=proxy.url and hub.ca_file speaks to huggingface.co
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.hub.hub import Hub

HOSTS: Mapping[str, str] = {
    "hf": "huggingface.co",
    "cdn": "us.aws.cdn.hf.co",
    "cas": "cas-server.xethub.hf.co",
    "ms": "modelscope.cn",
    "ms-cdn": "cdn-lfs-cn-1.modelscope.cn",
}
URLS: Mapping[str, str] = {name: f"https://{host}" for name, host in HOSTS.items()}


def routes(hub: Hub) -> dict[str, str]:
    """For `Proxy(routes=...)`."""
    return {HOSTS[name]: f"127.0.0.1:{urlsplit(url).port}" for name, url in hub.urls.items()}
