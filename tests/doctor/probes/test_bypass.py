"""NO_PROXY means to us what it means to the libraries themselves, asked here as the oracle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest.mock import patch

import httpx
import httpx2
import pytest
import requests.utils
from httpx._utils import URLPattern as OldPattern
from httpx._utils import get_environment_proxies as old_proxies
from httpx2._utils import URLPattern as NewPattern
from httpx2._utils import get_environment_proxies as new_proxies

from qtune.doctor.probes.bypass import as_httpx, as_httpx2, as_requests

TEXTS = (
    "corp.com", ".corp.com", "*.corp.com", "*", "a.com,*", "a.com, corp.com", "a.com corp.com",
    "corp.com:443", "corp.com:8080", "CORP.com", "hub.corp.com", "10.0.0.0/8", "10.1.2.3", "::1",
    "localhost", "127.0.0.1", "rp.com", "", " ", "corp.com/", "corp.com;a.com",
    "https://corp.com", "http://corp.com",
)  # fmt: skip
HOSTS = (
    ("corp.com", None), ("hub.corp.com", None), ("mycorp.com", None), ("corp.com", 8080),
    ("10.1.2.3", None), ("10.1.2.3", 8080), ("::1", None), ("fd00::7", None), ("localhost", 8080),
    ("127.0.0.1", None),
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_other_proxies() -> Iterator[None]:
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    with patch.dict(os.environ, kept, clear=True):
        yield


def url(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"https://{name}:{port}/" if port else f"https://{name}/"


@pytest.mark.parametrize("text", TEXTS)
def test_as_requests_reads_it(text: str) -> None:
    for host, port in HOSTS:
        with patch.dict(os.environ, {"no_proxy": text, "https_proxy": "http://p:1"}):
            real = requests.utils.should_bypass_proxies(url(host, port), no_proxy=None)
        assert as_requests(text, host, port) == real, (text, host, port)


@pytest.mark.parametrize("text", TEXTS)
def test_as_httpx_reads_it(text: str) -> None:
    for host, port in HOSTS:
        with patch.dict(os.environ, {"no_proxy": text, "https_proxy": "http://p:1"}):
            mounts = old_proxies()
        patterns = sorted((OldPattern(key), value) for key, value in mounts.items())
        target = httpx.URL(url(host, port))
        real = next((value for pattern, value in patterns if pattern.matches(target)), None)
        assert as_httpx(text, host, port) == (real is None), (text, host, port)


@pytest.mark.parametrize("text", [*TEXTS, "fd00::/8", "[::1]", "[fd00::]/8"])
def test_as_httpx2_reads_it(text: str) -> None:
    for host, port in HOSTS:
        with patch.dict(os.environ, {"no_proxy": text, "https_proxy": "http://p:1"}):
            mounts = new_proxies()
        patterns = sorted((NewPattern(key), value) for key, value in mounts.items())
        target = httpx2.URL(url(host, port))
        real = next((value for pattern, value in patterns if pattern.matches(target)), None)
        assert as_httpx2(text, host, port) == (real is None), (text, host, port)


@pytest.mark.triggers("NET108")
def test_an_address_in_brackets_kills_httpx_of_huggingface_hub_1() -> None:
    with (
        patch.dict(os.environ, {"NO_PROXY": "[::1]", "HTTPS_PROXY": "http://p:1"}),
        pytest.raises(httpx.InvalidURL),
    ):
        httpx.Client()
