"""Through a proxy the road is the proxy's: its name, its port, its consent, and then the hub's TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.doctor.probes.looking import at
from tests.doctor.probes.sockets import saying, socks5, tls_front
from tests.doctor.probes.test_reach import answering, ended, look
from tests.hub import Fault, Hub, Proxy, worlds
from tests.hub.tls import make_identity

PASSWORD = "canary-of-the-proxy"


@pytest.fixture
def secure() -> Iterator[Hub]:
    world = worlds.demo()
    with Hub(world.repos, world.users, tls=True) as running:
        yield running


def official(hub: Hub, proxy: str) -> dict[str, str]:
    """huggingface.co itself, which only the proxy knows how to find."""
    return {"SSL_CERT_FILE": str(hub.ca_file), "HTTPS_PROXY": proxy, "HF_TOKEN": worlds.GOOD}


def routed(hub: Hub, login: tuple[str, str] | None = None) -> Proxy:
    return Proxy(login, routes={"huggingface.co": f"127.0.0.1:{urlsplit(hub.hf_url).port}"})


def test_a_tunnel_to_the_hub(secure: Hub, tmp_path: Path) -> None:
    with routed(secure) as proxy:
        fact = look(tmp_path, official(secure, proxy.url))
        assert fact.ok
        names = [stage.name for stage in fact.stages]
        assert names == ["proxy_dns", "proxy_tcp", "connect", "tls", "http"]
        assert fact.addresses == ()  # the proxy looks the name up
        assert fact.proxy is not None
        assert (fact.proxy.url, fact.proxy.key) == (proxy.url, "HTTPS_PROXY")
        assert [r.target for r in proxy.requests] == ["huggingface.co:443"]
        assert not any(r.carries(worlds.GOOD) for r in proxy.requests)
    assert secure.carrying(worlds.GOOD) == set()


def test_the_password_goes_to_the_proxy_and_nowhere_else(secure: Hub, tmp_path: Path) -> None:
    with routed(secure, ("me", PASSWORD)) as proxy:
        fact = look(tmp_path, official(secure, proxy.url_with_login))
        assert fact.ok
        assert proxy.requests[0].carries(PASSWORD)
        assert PASSWORD not in repr(fact)
        assert "me:" not in repr(fact)
    assert secure.carrying(PASSWORD) == set()


def test_a_proxy_that_wants_another_password(secure: Hub, tmp_path: Path) -> None:
    with routed(secure, ("me", PASSWORD)) as proxy:
        for url in (proxy.url, proxy.url.replace("//", "//me:wrong-canary@")):
            fact = look(tmp_path, official(secure, url))
            assert ended(fact) == ("connect", "auth")
            assert "wrong-canary" not in repr(fact)


@pytest.mark.parametrize(
    ("fault", "stage", "kind"),
    [
        (Fault("refused", "proxy"), "proxy_tcp", "refused"),
        (Fault("status", "proxy", status=403), "connect", "denied"),
        (Fault("status", "proxy", status=502), "connect", "denied"),
        (Fault("silent", "proxy"), "connect", "timeout"),
        (Fault("deaf", "proxy"), "connect", "timeout"),
        (Fault("reset", "proxy"), "connect", "reset"),
    ],
    ids=lambda value: str(value.kind) + str(value.status or "") if isinstance(value, Fault) else "",
)
def test_how_a_proxy_fails(
    secure: Hub, tmp_path: Path, fault: Fault, stage: str, kind: str
) -> None:
    with routed(secure) as proxy:
        proxy.fault(fault)
        assert ended(look(tmp_path, official(secure, proxy.url))) == (stage, kind)


def test_a_proxy_whose_name_does_not_exist(secure: Hub, tmp_path: Path) -> None:
    fact = look(tmp_path, official(secure, "http://no-such-proxy.invalid:3128"))
    assert fact.failed is not None
    assert fact.failed.name == "proxy_dns"


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x05\xff", b"<html>"])
def test_what_is_no_proxy(secure: Hub, tmp_path: Path, banner: bytes) -> None:
    with saying(banner) as port:
        fact = look(tmp_path, official(secure, f"http://127.0.0.1:{port}"))
    assert ended(fact) == ("connect", "not_a_proxy")


def test_a_web_server_is_no_proxy(secure: Hub, hub: Hub, tmp_path: Path) -> None:
    assert ended(look(tmp_path, official(secure, hub.hf_url))) == ("connect", "not_a_proxy")


def test_a_plain_proxy_written_as_https(secure: Hub, tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        fact = look(tmp_path, official(secure, f"https://127.0.0.1:{port}"))
    assert ended(fact) == ("connect", "not_a_proxy")
    assert fact.failed is not None
    assert "should begin with http://" in fact.failed.detail


def test_a_proxy_that_is_spoken_to_in_tls(secure: Hub, tmp_path: Path) -> None:
    identity = make_identity(tmp_path)
    both = tmp_path / "both.pem"
    assert secure.ca_file is not None
    both.write_bytes(identity.ca_file.read_bytes() + secure.ca_file.read_bytes())
    with routed(secure) as proxy:
        port = urlsplit(proxy.url).port or 0
        with tls_front(identity.context, port) as front:
            url = f"https://127.0.0.1:{front}"
            trusting = official(secure, url) | {"SSL_CERT_FILE": str(both)}
            assert look(tmp_path, trusting).ok
            distrusting = official(secure, url)
            assert ended(look(tmp_path, distrusting)) == ("connect", "not_a_proxy")


def test_a_certificate_behind_a_proxy_names_its_issuer(secure: Hub, tmp_path: Path) -> None:
    with routed(secure) as proxy:
        environ = official(secure, proxy.url)
        del environ["SSL_CERT_FILE"]
        fact = look(tmp_path, environ)
    assert ended(fact) == ("tls", "untrusted")
    assert fact.issuer == "qtune test authority"


def test_plain_http_is_handed_to_the_proxy_as_a_whole_address(hub: Hub, tmp_path: Path) -> None:
    with Proxy(("me", PASSWORD)) as proxy:
        environ = at(hub, HTTP_PROXY=proxy.url)
        fact = look(tmp_path, environ)
        assert ended(fact) == ("connect", "auth")
        fact = look(tmp_path, at(hub, HTTP_PROXY=proxy.url_with_login))
        assert fact.ok
        assert [stage.name for stage in fact.stages] == ["proxy_dns", "proxy_tcp", "http"]
        assert proxy.requests[-1].target.startswith(f"{hub.hf_url}/api/models/")
        assert PASSWORD not in repr(fact)
    assert hub.carrying(PASSWORD) == set()
    with saying(b"\x05\xff") as port:
        fact = look(tmp_path, at(hub, HTTP_PROXY=f"http://127.0.0.1:{port}"))
    assert ended(fact) == ("connect", "not_a_proxy")


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_through_socks(secure: Hub, hub: Hub, tmp_path: Path, scheme: str) -> None:
    port = urlsplit(secure.hf_url).port
    environ = {"SSL_CERT_FILE": str(secure.ca_file), "HF_ENDPOINT": f"https://localhost:{port}"}
    with socks5() as proxy:
        fact = look(tmp_path, environ | {"ALL_PROXY": f"{scheme}://127.0.0.1:{proxy}"})
        assert fact.ok
        names = [stage.name for stage in fact.stages]
        assert names == ["proxy_dns", "proxy_tcp", "connect", "tls", "http"]
        plain = at(hub, ALL_PROXY=f"{scheme}://127.0.0.1:{proxy}")
        fact = look(tmp_path, plain)
        assert fact.ok
        assert [stage.name for stage in fact.stages][-2:] == ["connect", "http"]


def test_how_socks_fails(hub: Hub, tmp_path: Path) -> None:
    with socks5(("me", PASSWORD)) as port:
        right, wrong = f"socks5://me:{PASSWORD}@", "socks5://me:wrong@"
        assert look(tmp_path, at(hub, ALL_PROXY=f"{right}127.0.0.1:{port}")).ok
        for url in (wrong, "socks5://"):
            fact = look(tmp_path, at(hub, ALL_PROXY=f"{url}127.0.0.1:{port}"))
            assert ended(fact) == ("connect", "auth")
    with socks5(refuse=5) as port:
        fact = look(tmp_path, at(hub, ALL_PROXY=f"socks5h://127.0.0.1:{port}"))
        assert ended(fact) == ("connect", "denied")
        assert fact.failed is not None
        assert "connection refused" in fact.failed.detail
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        fact = look(tmp_path, at(hub, ALL_PROXY=f"socks5://127.0.0.1:{port}"))
        assert ended(fact) == ("connect", "not_a_proxy")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("socks://127.0.0.1:1080", "scheme"), ("http://host:port", "port"), ("http://", "host")],
)
def test_a_proxy_variable_that_no_client_can_use(
    hub: Hub, tmp_path: Path, text: str, reason: str
) -> None:
    fact = look(tmp_path, at(hub, HTTP_PROXY=text))
    assert fact.proxy is not None
    assert (fact.proxy.bad, fact.proxy.key) == (reason, "HTTP_PROXY")
    assert fact.failed is not None
    assert hub.requests == []


def test_no_proxy_goes_straight(hub: Hub, tmp_path: Path) -> None:
    environ = at(hub, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.1")
    fact = look(tmp_path, environ, resolve=answering("127.0.0.1"))
    assert fact.ok
    assert fact.proxy is None
