"""The proxy that a request takes is the one that the other clients would take, wherever those agree."""

from __future__ import annotations

import os
import ssl
import urllib.request
from pathlib import Path

import httpx
import pytest
import requests.utils

from qtune.core.envfile import parse as parse_env
from qtune.core.origin import Level, Origin
from qtune.core.proxy import SYSTEM, BadProxy, Proxy, bypassed, parse, proxy_for
from qtune.core.secret import redact
from qtune.core.settings import resolve

HERE = Origin(Level.ENVIRON, "HTTPS_PROXY")


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "user", "password"),
    [
        ("http://proxy.corp:8080", "http", "proxy.corp", 8080, "", None),
        ("proxy.corp:8080", "http", "proxy.corp", 8080, "", None),
        ("127.0.0.1", "http", "127.0.0.1", 80, "", None),
        ("https://proxy.corp", "https", "proxy.corp", 443, "", None),
        ("socks5://127.0.0.1", "socks5", "127.0.0.1", 1080, "", None),
        ("socks5h://[::1]:1081/", "socks5h", "::1", 1081, "", None),
        ("http://me:p%40ss%3A@proxy.corp:1", "http", "proxy.corp", 1, "me", "p@ss:"),
        ("http://me:p@ss@proxy.corp:1", "http", "proxy.corp", 1, "me", "p@ss"),
        ("me:secret@proxy.corp:1", "http", "proxy.corp", 1, "me", "secret"),
        ("http://me@proxy.corp:1", "http", "proxy.corp", 1, "me", None),
        ("http://:secret@proxy.corp:1", "http", "proxy.corp", 1, "", "secret"),
        ("HTTP://PROXY.corp:1", "http", "proxy.corp", 1, "", None),
    ],
)
def test_a_proxys_address_is_taken_apart(
    text: str, scheme: str, host: str, port: int, user: str, password: str | None
) -> None:
    proxy = parse(text, "HTTPS_PROXY", HERE)
    assert isinstance(proxy, Proxy)
    assert (proxy.scheme, proxy.host, proxy.port, proxy.user) == (scheme, host, port, user)
    assert (proxy.password.reveal() if proxy.password else None) == password
    assert "@" not in proxy.url
    assert password is None or (password not in proxy.url and password not in repr(proxy))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("socks://127.0.0.1:1", "scheme"),
        ("ftp://127.0.0.1:1", "scheme"),
        ("http://proxy:port", "port"),
        ("http://proxy:99999", "port"),
        ("http://", "host"),
        ("http://:8080", "host"),
        ("http://proxy.corpDB_SECRET=abcdef", "host"),  # the next line, without its newline
        ("http://[::1", "port"),
        ("http://me:p/w@proxy:1", "port"),
    ],
)
def test_an_address_that_no_client_can_use_says_which_part_is_wrong(text: str, reason: str) -> None:
    assert parse(text, "HTTPS_PROXY", HERE) == BadProxy("HTTPS_PROXY", HERE, reason)


@pytest.mark.parametrize(
    ("environ", "url", "expected"),
    [
        ({"HTTPS_PROXY": "http://s:1"}, "https://h/", ("s", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "http://s:1"}, "http://h/", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://h/", ("p", "HTTP_PROXY")),
        ({"HTTP_PROXY": "http://p:1"}, "https://h/", None),
        ({"ALL_PROXY": "http://a:1"}, "https://h/", ("a", "ALL_PROXY")),
        ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://s:1"}, "https://h/", ("s", "HTTPS_PROXY")),
        ({"https_proxy": "http://l:1", "HTTPS_PROXY": "http://u:1"}, "https://h/", ("l", "https_proxy")),
        ({"HTTPS_PROXY": "http://s:1", "NO_PROXY": "h"}, "https://h/", None),
        ({"HTTPS_PROXY": "http://s:1", "no_proxy": "*"}, "https://h/", None),
        ({"HTTPS_PROXY": "http://s:1", "NO_PROXY": "h:444"}, "https://h/", ("s", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "http://s:1", "NO_PROXY": "h:443"}, "https://h/", ("s", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "http://s:1", "NO_PROXY": "h:8443"}, "https://h:8443/", None),
        ({}, "https://h/", None),
    ],
)  # fmt: skip
def test_which_proxy_stands_before_an_address(
    environ: dict[str, str], url: str, expected: tuple[str, str] | None
) -> None:
    proxy = proxy_for(url, resolve(environ=environ))
    assert not isinstance(proxy, BadProxy)
    assert (proxy and (proxy.host, proxy.key)) == expected


def test_a_proxy_knows_the_line_that_named_it() -> None:
    project = parse_env("\n\nHTTPS_PROXY=http://s:1\n", Path("/p/.env"))
    proxy = proxy_for("https://h/", resolve(project=project))
    assert isinstance(proxy, Proxy)
    assert (proxy.origin.path, proxy.origin.line) == (Path("/p/.env"), 3)


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # making one for every client takes long
HOSTS = [
    "corp.com",
    "a.corp.com",
    "notcorp.com",
    "corp.com.evil",
    "localhost",
    "127.0.0.1",
    "10.1.2.3",
]
ENTRIES = [
    "corp.com", "a.corp.com", ".corp.com", "com", "localhost", "127.0.0.1", "corp.com:80",
    "corp.com:443", "corp.com:8443", "other.example", "", "Corp.COM",
]  # fmt: skip


def httpx_goes_direct(url: str, entry: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", entry)
    with httpx.Client(verify=CONTEXT) as client:
        direct: bool = client._transport_for_url(httpx.URL(url)) is client._transport
    return direct


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("port", [443, 8443])
def test_no_proxy_is_read_as_httpx_and_requests_read_it_where_they_agree(
    host: str, entry: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://{host}/" if port == 443 else f"https://{host}:{port}/"
    ours = bypassed(host, (entry,) if entry else (), None if port == 443 else port)
    by_httpx = httpx_goes_direct(url, entry, monkeypatch)
    monkeypatch.setenv("no_proxy", entry)
    by_requests = requests.utils.should_bypass_proxies(url, None)
    if by_httpx == by_requests:
        assert ours == by_httpx
    elif entry == ".corp.com":  # requests, curl and we take it for corp.com too
        assert (ours, by_requests) == (True, True)
    else:  # for requests the end of a word is enough: notcorp.com is a corp.com
        assert (ours, by_requests) == (by_httpx, True)


@pytest.mark.parametrize(
    ("host", "entry", "direct"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),  # as requests; httpx never matches a network
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fe80::1", "fe80::/10", True),
        ("corp.com", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3/99", False),
        ("127.0.0.1", "0.1", False),  # the end of a number is no domain
        ("127.0.0.1", "1", False),
        ("::1", "[::1]", True),
        ("::1", "::1", True),
        ("::1", "[::1]:8443", True),
        ("::1", "[::1]:80", False),
        ("corp.com", "https://corp.com", True),
        ("corp.com", "https://corp.com:8443", True),
        ("corp.com", "*", True),
        ("a.corp.com", "*.corp.com", False),
        ("corp.com", ".", False),
    ],
)
def test_no_proxy_where_the_clients_do_not_agree(host: str, entry: str, direct: bool) -> None:
    assert bypassed(host, (entry,), 8443) is direct


def test_the_systems_own_proxy_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' registry, as urllib reads it there."""
    monkeypatch.setattr(
        urllib.request,
        "getproxies_registry",
        lambda: {"https": "http://me:hunter22@corp-proxy:8080"},
        raising=False,
    )
    monkeypatch.setattr(urllib.request, "proxy_bypass", lambda host: host == "intranet")
    proxy = proxy_for("https://huggingface.co/", resolve())
    assert isinstance(proxy, Proxy)
    assert (proxy.host, proxy.port, proxy.key) == ("corp-proxy", 8080, SYSTEM)
    assert proxy.origin.describe().en == "the system's settings"
    assert proxy_for("https://intranet/", resolve()) is None
    assert proxy_for("http://huggingface.co/", resolve()) is None
    own = proxy_for("https://huggingface.co/", resolve(environ={"HTTPS_PROXY": "http://mine:1"}))
    assert isinstance(own, Proxy) and own.host == "mine"


def test_the_password_is_known_as_a_secret_and_the_host_is_not() -> None:
    parse("http://someone:Sesam%2Doeffne@proxy.corp:8080", "HTTPS_PROXY", HERE)
    assert redact("Sesam-oeffne at proxy.corp:8080") == "… at proxy.corp:8080"


def test_the_environment_itself_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert os.environ["HTTPS_PROXY"]
    assert proxy_for("https://huggingface.co/", resolve()) is None


@pytest.mark.parametrize("url", ["ftp://h/", "h/x", "https://h:99999/", "https://[::1", ""])
def test_what_is_no_http_address_has_no_proxy(url: str) -> None:
    assert proxy_for(url, resolve(environ={"ALL_PROXY": "http://p:1"})) is None
