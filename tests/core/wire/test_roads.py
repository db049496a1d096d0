"""Every road of the settings leads there, and where it ends the error says at which stage."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from qtune.core.errors import ConfigError, Unreachable
from qtune.core.http import tls_context
from qtune.core.settings import Settings
from qtune.core.wire import dialling
from qtune.core.wire.lookup import Resolver
from qtune.core.wire.road import Road
from tests.core.wire.wiring import (
    LONG,
    REPO,
    answered,
    fetched,
    listing,
    opened,
    road,
    saying,
    serving,
)
from tests.doctor.probes.sockets import closed_ports, full_queue, socks5, tls_front
from tests.hub import Fault, Hub, Proxy
from tests.hub.tls import Flaw, make_identity

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@contextmanager
def secure_hub() -> Iterator[tuple[Hub, dict[str, str]]]:
    with Hub([REPO], tls=True) as hub:
        yield hub, {"SSL_CERT_FILE": str(hub.ca_file)}


def fails(url: str, way: Road, connect_s: float = LONG) -> Unreachable:
    with pytest.raises(Unreachable) as raised:
        connection = way.open(url, connect_s, "somewhere")
        with closing(connection):
            connection.get(url, {}, LONG)
    assert raised.value.source == "somewhere"
    return raised.value


def names(*addresses: str, asked: list[str] | None = None) -> Resolver:
    def resolve(host: str, port: int, family: int) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        return addresses

    return resolve


# --- certificates ----------------------------------------------------------------------------------


def test_tls_with_the_companys_own_ca() -> None:
    with secure_hub() as (hub, ca):
        status, body = fetched(listing(hub), road(**ca))
        assert status == 200 and b'"id"' in body


@pytest.mark.parametrize("flaw", ["expired", "not-yet-valid", "wrong-host", "self-signed"])
def test_a_certificate_that_must_not_be_trusted(flaw: Flaw) -> None:
    with Hub([REPO], tls=flaw) as hub:
        error = fails(listing(hub), road(SSL_CERT_FILE=str(hub.ca_file)))
        assert (error.code, error.stage) == ("NET103", "tls")
        assert not hub.requests


def test_an_authority_that_the_system_does_not_know() -> None:
    with secure_hub() as (hub, _):
        error = fails(listing(hub), road())
        assert (error.code, error.stage) == ("NET103", "tls")
        assert not hub.requests


def test_the_name_is_checked_not_only_the_authority(tmp_path: Path) -> None:
    identity = make_identity(tmp_path)
    with serving(saying(OK), identity.context) as url:
        way = road(names("127.0.0.1"), SSL_CERT_FILE=str(identity.ca_file))
        assert fails(url.replace("127.0.0.1", "elsewhere.test"), way).code == "NET103"
        with opened(url.replace("127.0.0.1", "localhost"), way) as connection:
            assert connection.get(url.replace("127.0.0.1", "localhost"), {}, LONG).status == 200


def test_a_ca_file_that_cannot_be_read_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        road(SSL_CERT_FILE=str(tmp_path / "none")).open("https://127.0.0.1:1/", LONG)
    assert raised.value.code == "NET110"


def test_the_context_is_made_once_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Settings] = []

    def noted(settings: Settings) -> ssl.SSLContext:
        made.append(settings)
        return tls_context(settings)

    monkeypatch.setattr("qtune.core.wire.road.tls_context", noted)
    with secure_hub() as (hub, ca):
        way = road(**ca)
        threads = [threading.Thread(target=fetched, args=(listing(hub), way)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(hub.requests) == 8
    assert len(made) == 1


def test_handshakes_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """One that hangs must not hold up those of other threads, as truststore's context alone would let it."""
    identity = make_identity(tmp_path)
    came = threading.Event()

    def deaf(connection: object) -> None:
        came.set()
        done.wait(LONG)

    done = threading.Event()
    with serving(deaf) as silent, serving(saying(OK), identity.context) as url:
        way = road(SSL_CERT_FILE=str(identity.ca_file))
        hanging = threading.Thread(target=lambda: fails(silent.replace("http:", "https:"), way))
        hanging.start()
        assert came.wait(LONG)
        with opened(url, way) as connection:
            assert connection.get(url, {}, LONG).status == 200
            assert hanging.is_alive()
        done.set()
        hanging.join()


# --- where a road ends -------------------------------------------------------------------------------


def test_a_port_that_is_closed() -> None:
    with closed_ports(1) as [port]:
        error = fails(f"http://127.0.0.1:{port}/", road())
    assert (error.code, error.stage) == ("NET102", "tcp")
    assert "127.0.0.1: connection refused" in str(error)


def test_a_port_that_answers_nothing() -> None:
    with full_queue() as port:
        error = fails(f"http://127.0.0.1:{port}/", road(), connect_s=0.3)
    assert (error.code, error.stage) == ("NET102", "tcp")


@pytest.mark.parametrize("then", ["hush", "close"])
def test_a_handshake_that_nobody_answers(then: str) -> None:
    def serve(connection: object) -> None:
        if then == "hush":
            done.wait(LONG)

    done = threading.Event()
    with serving(serve) as url:
        error = fails(url.replace("http:", "https:"), road(), connect_s=0.5)
        assert error.code in ("NET102", "NET103")
        done.set()


def test_what_speaks_no_tls() -> None:
    with serving(lambda connection: connection.send(OK)) as url:
        assert fails(url.replace("http:", "https:"), road()).stage == "tls"


def test_a_name_that_does_not_exist() -> None:
    def resolve(host: str, port: int, family: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    error = fails("http://no.such.test/", road(resolve))
    assert (error.code, error.stage) == ("NET101", "dns")


def test_a_name_server_that_says_nothing() -> None:
    done = threading.Event()

    def resolve(host: str, port: int, family: int) -> Sequence[str]:
        done.wait(LONG)
        return ()

    assert fails("http://slow.test/", road(resolve), connect_s=0.2).code == "NET101"
    done.set()


@pytest.mark.parametrize("url", ["ftp://h/", "http://", "//h/", "http://h:99999/", "http://h\n/"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Unreachable) as raised:
        road(names("127.0.0.1")).open(url, LONG)
    assert (raised.value.code, raised.value.stage) == ("HUB203", "url")


def test_an_error_shows_no_secret() -> None:
    with closed_ports(1) as [port]:
        error = fails(f"http://me:hunter2x@127.0.0.1:{port}/?X-Amz-Signature=0123456789", road())
    for text in (str(error), error.message.zh, repr(error)):
        assert "hunter2x" not in text and "0123456789" not in text


# --- which address -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "reached"), [("auto", True), ("4", True), ("6", False)])
def test_the_address_family_of_the_settings(hub: Hub, family: str, reached: bool) -> None:
    url = listing(hub)
    if reached:
        assert fetched(url, road(QTUNE_IP_FAMILY=family))[0] == 200
    else:
        assert fails(url, road(QTUNE_IP_FAMILY=family)).code == "NET102"


def test_a_dead_address_gives_way_to_one_that_answers() -> None:
    """As IPv6 that is a black hole to IPv4: the first address swallows everything."""
    with full_queue("127.0.0.2") as port, closing(socket.create_server(("127.0.0.1", port))):
        way = road(names("127.0.0.2", "127.0.0.1"))
        with closing(way.open(f"http://two.test:{port}/", LONG)) as connection:
            assert connection.origin == ("http", "two.test", port)


def test_ipv6_that_is_a_black_hole_gives_way_to_ipv4_and_is_asked_last_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []
    begin = dialling._Race._begin

    def noted(race: dialling._Race, address: str) -> bool:
        begun.append(address)
        return begin(race, address)

    monkeypatch.setattr(dialling._Race, "_begin", noted)
    with full_queue("::1") as port, closing(socket.create_server(("127.0.0.1", port))):
        way = road(names("::1", "127.0.0.1"))
        for _ in range(2):
            way.open(f"http://six.test:{port}/", LONG).close()
    assert begun == ["::1", "127.0.0.1", "127.0.0.1"]


def test_an_address_that_refuses_costs_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtune.core.wire.dialling.HEAD_START", 3 * LONG)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        way = road(names("::1", "127.0.0.3", "127.0.0.1"))
        way.open(f"http://three.test:{port}/", LONG).close()


def test_many_connections_ask_the_name_server_once() -> None:
    asked: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        way = road(names("127.0.0.1", asked=asked))
        url = f"http://once.test:{server.getsockname()[1]}/"
        threads = [threading.Thread(target=lambda: way.open(url, LONG).close()) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert asked == ["once.test"]


def test_addresses_that_all_fail_are_looked_up_again() -> None:
    asked: list[str] = []
    with closed_ports(1) as [port]:
        way = road(names("127.0.0.1", "127.0.0.2", asked=asked))
        for _ in range(2):
            error = fails(f"http://dead.test:{port}/", way)
            assert "127.0.0.1" in str(error) and "127.0.0.2" in str(error)
    assert asked == ["dead.test"] * 2


def test_no_socket_is_left_of_a_race() -> None:
    """Sockets that nobody closed are warnings, and warnings are errors here."""
    with full_queue("127.0.0.2") as port, closing(socket.create_server(("127.0.0.1", port))):
        way = road(names("127.0.0.2", "127.0.0.2", "127.0.0.1"))
        way.open(f"http://race.test:{port}/", LONG).close()


# --- proxies -----------------------------------------------------------------------------------------


def test_a_plain_address_is_handed_to_the_proxy_whole() -> None:
    with Hub([REPO]) as hub, Proxy(login=("me", "p@ss w")) as proxy:
        address = proxy.url_with_login.replace("p@ss w", "p%40ss%20w")
        status, body = fetched(listing(hub), road(HTTP_PROXY=address))
        assert status == 200 and b'"id"' in body
        assert [request.target for request in proxy.requests] == [listing(hub)]
        assert len(hub.requests) == 1
        assert "proxy-authorization" not in hub.requests[0].headers


def test_a_tls_address_goes_through_a_tunnel() -> None:
    with secure_hub() as (hub, ca), Proxy(login=("me", "let-me-in")) as proxy:
        status, body = fetched(listing(hub), road(HTTPS_PROXY=proxy.url_with_login, **ca))
        assert status == 200 and b'"id"' in body
        (request,) = proxy.requests
        assert (request.method, request.target) == ("CONNECT", hub.hf_url.removeprefix("https://"))


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_that_is_spoken_to_in_tls(tmp_path: Path, secure: bool) -> None:
    """TLS in TLS, where the hub is too."""
    with Hub([REPO], tls=secure) as hub, Proxy() as proxy:
        identity = make_identity(tmp_path)
        both = tmp_path / "both.pem"
        both.write_bytes(
            identity.ca_file.read_bytes() + (hub.ca_file.read_bytes() if hub.ca_file else b"")
        )
        with tls_front(identity.context, int(proxy.address.rpartition(":")[2])) as port:
            way = road(ALL_PROXY=f"https://127.0.0.1:{port}", SSL_CERT_FILE=str(both))
            status, body = fetched(listing(hub), way)
        assert status == 200 and b'"id"' in body
        assert len(proxy.requests) == 1


def test_a_reader_behind_tls_in_tls_is_woken(tmp_path: Path) -> None:
    identity = make_identity(tmp_path)
    headed = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    with (
        Proxy() as proxy,
        serving(saying(headed), identity.context) as url,
        tls_front(identity.context, int(proxy.address.rpartition(":")[2])) as port,
    ):
        way = road(ALL_PROXY=f"https://127.0.0.1:{port}", SSL_CERT_FILE=str(identity.ca_file))
        with opened(url, way) as connection:
            connection.get(url, {}, LONG)
            errors: list[Unreachable] = []

            def reading() -> None:
                with pytest.raises(Unreachable) as raised:
                    connection.readinto(memoryview(bytearray(9)), LONG)
                errors.append(raised.value)

            reader = threading.Thread(target=reading)
            reader.start()
            connection.abort()
            reader.join(LONG)
            assert len(errors) == 1


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("login", [None, ("me", "let-me-in")])
def test_a_socks_proxy_looks_the_name_up_itself(scheme: str, login: tuple[str, str] | None) -> None:
    def nobody(host: str, port: int, family: int) -> Sequence[str]:
        assert host == "127.0.0.1", "the name must not be looked up here"
        return ("127.0.0.1",)

    with secure_hub() as (hub, ca), socks5(login) as port:
        user = f"{login[0]}:{login[1]}@" if login else ""
        way = road(nobody, ALL_PROXY=f"{scheme}://{user}127.0.0.1:{port}", **ca)
        url = listing(hub).replace("127.0.0.1", "localhost")
        assert fetched(url, way)[0] == 200
    with Hub([REPO]) as hub, socks5() as port:
        way = road(nobody, HTTP_PROXY=f"{scheme}://127.0.0.1:{port}")
        assert fetched(listing(hub), way)[0] == 200


def test_no_proxy_lets_hosts_through(hub: Hub) -> None:
    with Proxy() as proxy:
        way = road(HTTP_PROXY=proxy.url, NO_PROXY="127.0.0.1")
        assert fetched(listing(hub), way)[0] == 200
        assert not proxy.requests


def proxy_errors(url: str, proxy: str, **environ: str) -> str:
    error = fails(url, road(ALL_PROXY=proxy, **environ))
    assert (error.code, error.stage) == ("NET106", "proxy")
    return str(error)


def test_how_a_proxy_fails(hub: Hub) -> None:
    plain = f"{hub.hf_url}/api/models"
    tls = plain.replace("http:", "https:")
    with closed_ports(1) as [port]:
        assert "refused" in proxy_errors(plain, f"http://127.0.0.1:{port}")
    with Proxy(login=("me", "let-me-in")) as proxy:
        for url in (plain, tls):
            assert "407" in proxy_errors(url, proxy.url)
            wrong = proxy_errors(url, proxy.url.replace("//", "//me:wrong-one@"))
            assert "407" in wrong and "wrong-one" not in wrong
        proxy.fault(Fault("status", "proxy", status=403, method="CONNECT"))
    with Proxy() as proxy:
        proxy.fault(Fault("status", "proxy", status=403))
        assert "403" in proxy_errors(tls, proxy.url)
    with socks5(("me", "let-me-in")) as port:
        assert "password" in proxy_errors(plain, f"socks5://127.0.0.1:{port}")
    with socks5(refuse=5) as port:
        assert "refused" in proxy_errors(plain, f"socks5h://127.0.0.1:{port}")
    assert not hub.requests


def test_an_https_proxy_that_nobody_vouches_for(hub: Hub, tmp_path: Path) -> None:
    identity = make_identity(tmp_path)
    with (
        Proxy() as proxy,
        tls_front(identity.context, int(proxy.address.rpartition(":")[2])) as port,
    ):
        said = proxy_errors(f"{hub.hf_url}/", f"https://127.0.0.1:{port}")
    assert "certificate" in said
    assert not hub.requests


def test_behind_a_proxy_a_bad_certificate_is_still_the_hubs() -> None:
    with Hub([REPO], tls="self-signed") as bad, Proxy() as proxy:
        way = road(HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(bad.ca_file))
        assert fails(listing(bad), way).code == "NET103"


@pytest.mark.parametrize("address", ["socks://127.0.0.1:1", "http://proxy:99999", "http://"])
def test_a_proxy_variable_that_no_client_can_use_is_named(hub: Hub, address: str) -> None:
    with pytest.raises(ConfigError) as raised:
        road(ALL_PROXY=address).open(hub.hf_url, LONG)
    assert raised.value.code == "NET106"
    assert "ALL_PROXY" in raised.value.message.en


def test_options_of_the_socket() -> None:
    with answered(OK) as (connection, _):
        sock = connection._pipe._sock  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
