"""The proxy tunnels, forwards, asks for its password, can be sick, and tells what it saw."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.hub import Fault, Hub, Proxy, official, sdk, worlds
from tests.hub.fetch import fetch
from tests.hub.worlds import QWEN


def through(proxy: Proxy, url: str, **headers: str) -> tuple[int, bytes]:
    """An absolute-form GET."""
    connection = http.client.HTTPConnection(proxy.address, timeout=5)
    try:
        connection.request("GET", url, headers=headers)
        with connection.getresponse() as response:
            return response.status, response.read()
    finally:
        connection.close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_plain_http_is_forwarded_and_seen(hub: Hub) -> None:
    with Proxy() as proxy:
        status, body = through(proxy, f"{hub.hf_url}/api/models/{QWEN}?blobs=true")
        assert status == 200
        assert body.startswith(b"{")
        assert [request.target for request in proxy.requests] == [
            f"{hub.hf_url}/api/models/{QWEN}?blobs=true"
        ]
        assert hub.seen("hf")[0].query == {"blobs": "true"}
        assert through(proxy, "http://127.0.0.1:9/")[0] == 502


def test_a_password_is_asked_for_and_not_passed_on(hub: Hub) -> None:
    with Proxy(login=("me", "s3cret")) as proxy:
        connection = http.client.HTTPConnection(proxy.address, timeout=5)
        connection.request("GET", f"{hub.hf_url}/")
        with connection.getresponse() as response:
            assert response.status == 407
            assert response.headers["Proxy-Authenticate"].startswith("Basic")
        connection.close()
        wrong = {"Proxy-Authorization": basic("me", "wrong")}
        assert through(proxy, f"{hub.hf_url}/", **wrong)[0] == 407
        right = {"Proxy-Authorization": basic("me", "s3cret")}
        assert through(proxy, f"{hub.hf_url}/", **right)[0] == 200
        assert proxy.requests[-1].carries("s3cret")
        assert hub.carrying("s3cret") == set()
        assert len(hub.requests) == 1


def test_a_tunnel_hides_what_goes_through_and_can_lead_elsewhere() -> None:
    world = worlds.demo()
    with Hub(world.repos, world.users, tls=True) as hub:
        port = urlsplit(hub.hf_url).port
        with Proxy(routes={"huggingface.co": f"127.0.0.1:{port}"}) as proxy:
            context = ssl.create_default_context(cafile=hub.ca_file)
            host, _, proxy_port = proxy.address.partition(":")
            connection = http.client.HTTPSConnection(
                host, int(proxy_port), timeout=5, context=context
            )
            connection.set_tunnel("huggingface.co", 443)
            secret = {"Authorization": f"Bearer {worlds.GOOD}"}
            connection.request("GET", "/api/whoami-v2", headers=secret)
            with connection.getresponse() as response:
                assert b"alice" in response.read()
            connection.close()
            assert [(r.method, r.target) for r in proxy.requests] == [
                ("CONNECT", "huggingface.co:443")
            ]
            assert not proxy.requests[0].carries(worlds.GOOD)
            assert hub.carrying(worlds.GOOD) == {"hf"}


def test_a_refused_tunnel_says_why(hub: Hub) -> None:
    with Proxy() as proxy:
        proxy.fault(Fault("status", path="huggingface.co:443", status=403))
        host, _, port = proxy.address.partition(":")
        for target, status in (("huggingface.co", "403"), ("127.0.0.1", "502")):
            connection = http.client.HTTPSConnection(host, int(port), timeout=5)
            connection.set_tunnel(target, 443 if status == "403" else 9)
            with pytest.raises(OSError, match=status):
                connection.request("GET", "/")
            connection.close()


@pytest.mark.parametrize("kind", ["silent", "deaf"])
def test_a_proxy_can_hang(hub: Hub, kind: str) -> None:
    before = threading.active_count()
    with Proxy() as proxy:
        proxy.fault(Fault(kind))
        connection = http.client.HTTPConnection(proxy.address, timeout=0.3)
        connection.request("GET", f"{hub.hf_url}/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        assert hub.requests == []
    assert threading.active_count() == before


def test_a_proxy_can_be_dead_and_come_back(hub: Hub) -> None:
    with Proxy() as proxy:
        proxy.fault(Fault("refused"))
        with pytest.raises(ConnectionRefusedError):
            through(proxy, f"{hub.hf_url}/")
        proxy.heal()
        assert through(proxy, f"{hub.hf_url}/")[0] == 200
        proxy.fault(Fault("reset", times=1))
        with pytest.raises(ConnectionResetError):
            through(proxy, f"{hub.hf_url}/")


def test_an_open_tunnel_ends_with_the_block(hub: Hub) -> None:
    before = threading.active_count()
    with Proxy() as proxy:
        connection = http.client.HTTPConnection(proxy.address, timeout=5)
        connection.set_tunnel("127.0.0.1", urlsplit(hub.hf_url).port)
        connection.request("GET", "/")
        connection.getresponse().read()
    assert threading.active_count() <= before + 1  # the hub's own thread sees the end a bit later
    connection.close()


def test_the_hf_client_goes_through_the_proxy_with_its_password(hub: Hub, tmp_path: Path) -> None:
    with Proxy(login=("me", "s3cret")) as proxy:
        outcome = sdk.hf_snapshot(hub, tmp_path, QWEN, HTTP_PROXY=proxy.url_with_login)
        assert sdk.contents(Path(outcome.value)) == dict(hub.world.repos[0].files)
        assert len(proxy.requests) >= len(hub.requests)
        refused = sdk.hf_snapshot(hub, tmp_path, worlds.SMALL, HTTP_PROXY=proxy.url)
        assert refused.error is not None
        assert "407" in "\n".join(refused.causes)


def test_the_modelscope_client_goes_through_the_proxy(hub: Hub, tmp_path: Path) -> None:
    with Proxy() as proxy:
        outcome = sdk.ms_snapshot(hub, tmp_path, QWEN, HTTP_PROXY=proxy.url)
        assert sdk.contents(Path(outcome.value)) == dict(hub.world.repos[0].files)
        assert len(proxy.requests) == len(hub.requests)


def test_the_official_names_can_be_led_to_the_local_hubs(tmp_path: Path) -> None:
    world = worlds.demo()
    with (
        Hub(world.repos, world.users, tls=True, public_urls=official.URLS) as hub,
        Proxy(routes=official.routes(hub)) as proxy,
    ):
        files = dict(world.repos[0].files)
        hf = sdk.hf_snapshot(
            hub, tmp_path, QWEN, HF_ENDPOINT=None, HTTPS_PROXY=proxy.url, HF_TOKEN=worlds.GOOD
        )
        assert sdk.contents(Path(hf.value)) == files
        assert {r.target for r in proxy.requests} == {"huggingface.co:443", "us.aws.cdn.hf.co:443"}
        assert hub.carrying(worlds.GOOD) == {"hf"}
        ms = sdk.ms_snapshot(hub, tmp_path, QWEN, MODELSCOPE_ENDPOINT=None, HTTPS_PROXY=proxy.url)
        assert sdk.contents(Path(ms.value)) == files
        assert "modelscope.cn:443" in {request.target for request in proxy.requests}


def test_the_proxy_serves_only_inside_its_block() -> None:
    with Proxy() as proxy:
        url = proxy.url
    with pytest.raises(ConnectionRefusedError):
        fetch(url)
    with pytest.raises(RuntimeError, match="with block"):
        _ = Proxy().url
