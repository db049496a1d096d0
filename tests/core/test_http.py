"""Requests end in time whatever the other side does, and carry a token only where it may go."""

from __future__ import annotations

import contextlib
import gc
import gzip
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from qtune.core.credentials import credential
from qtune.core.envfile import parse
from qtune.core.errors import ConfigError, HubError, Nonsense, Unreachable
from qtune.core.http import Reply, ask, authorization, mapped, open_client, tls_context
from qtune.core.settings import resolve
from tests.hub import Fault, Hub, Proxy, worlds
from tests.hub.server import Connection, Listener


@contextlib.contextmanager
def serving(serve: Callable[[Connection], None], host: str = "127.0.0.1") -> Iterator[str]:
    listener = Listener(host, serve)
    try:
        yield f"http://{host}:{listener.port}/"
    finally:
        listener.close()


def head_of(connection: Connection) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.sock.recv(65536)


def get(url: str, environ: Mapping[str, str] | None = None, **options: float) -> Reply:
    limit = int(options.get("limit", 1 << 20))
    with open_client(resolve(environ=environ or {})) as client:
        return ask(client, "GET", url, deadline_s=options.get("deadline_s", 5.0), limit=limit)


def failing(url: str, environ: Mapping[str, str] | None = None, **options: float) -> HubError:
    with pytest.raises(HubError) as raised:
        get(url, environ, **options)
    return raised.value


def test_an_answer_is_read_whole_with_lower_case_header_names(hub: Hub) -> None:
    reply = get(f"{hub.hf_url}/api/models/{worlds.QWEN}")
    assert reply.status == 200
    assert b'"id"' in reply.body
    assert all(name == name.lower() for name in reply.headers)
    assert reply.took_s >= 0
    (request,) = hub.seen("hf", "/api/models/*")
    assert request.headers["user-agent"].startswith("qtune/")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_status_of_any_kind_is_an_answer(hub: Hub, status: int) -> None:
    hub.fault(Fault("status", "hf", status=status))
    assert get(hub.hf_url).status == status


def test_a_cookie_is_not_kept_neither_for_its_host_nor_for_another_port(hub: Hub) -> None:
    hub.fault(Fault("headers", "hf", headers={"Set-Cookie": "session=kept-no-more; Path=/"}))
    with open_client(resolve()) as client:
        for url in (hub.hf_url, hub.hf_url, hub.ms_url):
            assert ask(client, "GET", f"{url}/").status == 200
    assert hub.carrying("kept-no-more") == set()


def test_a_redirect_is_an_answer_and_is_not_followed(hub: Hub) -> None:
    hub.fault(Fault("redirect", "hf", location=f"{hub.ms_url}/elsewhere"))
    reply = get(hub.hf_url)
    assert (reply.status, reply.headers["location"]) == (302, f"{hub.ms_url}/elsewhere")
    assert not hub.seen("ms")


def silent(connection: Connection) -> None:
    connection.hush()


def drip_head(connection: Connection) -> None:
    head_of(connection)
    connection.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        connection.send(b"a")
        connection.pause(0.05)


def drip_body(connection: Connection) -> None:
    head_of(connection)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.send(b"a")
        connection.pause(0.05)


def drip_gzip(connection: Connection) -> None:
    """Bytes arrive, but nothing ever comes out of them: not one chunk is seen."""
    head_of(connection)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n")
    for byte in itertools.islice(itertools.chain(b"\x1f\x8b\x08\x08", itertools.repeat(97)), 100):
        connection.send(bytes([byte]))
        connection.pause(0.05)


def stall(connection: Connection) -> None:
    head_of(connection)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
    connection.hush()


@pytest.mark.parametrize("serve", [silent, drip_head, drip_body, drip_gzip, stall])
def test_whoever_answers_too_slowly_is_given_up_at_the_deadline(
    serve: Callable[[Connection], None],
) -> None:
    with serving(serve) as url:
        started = time.monotonic()
        error = failing(url, deadline_s=0.4)
        took = time.monotonic() - started
    assert isinstance(error, Unreachable)
    assert (error.code, error.stage) == ("HUB200", "timeout")
    assert 0.35 <= took < 1.5
    assert "127.0.0.1" in error.message.en and "127.0.0.1" in error.message.zh
    assert error.fix is not None


def test_the_deadline_of_one_request_does_not_shorten_the_next(hub: Hub) -> None:
    with open_client(resolve()) as client:
        hub.fault(Fault("silent", "hf", times=1))
        with pytest.raises(Unreachable):
            ask(client, "GET", hub.hf_url, deadline_s=0.2)
        hub.fault(Fault("latency", "hf", seconds=0.4))
        assert ask(client, "GET", hub.hf_url, deadline_s=5).status == 200
        assert client.get(hub.hf_url).status_code == 200, "no deadline outside of ask"


def test_a_handshake_that_hangs_ends_at_the_deadline() -> None:
    with Hub(tls=True) as hub:
        hub.fault(Fault("deaf", "hf"))
        started = time.monotonic()
        error = failing(hub.hf_url, {"SSL_CERT_FILE": str(hub.ca_file)}, deadline_s=0.4)
        assert time.monotonic() - started < 1.5
    assert isinstance(error, Unreachable) and error.code in ("NET102", "HUB200")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_the_limit_is_not_read_to_its_end(declared: bool) -> None:
    sent = []

    def serve(connection: Connection) -> None:
        head_of(connection)
        length = b"Content-Length: 100000000\r\n" if declared else b""
        connection.send(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        for _ in range(1000):
            connection.send(b"x" * 100_000)
            sent.append(100_000)

    with serving(serve) as url:
        error = failing(url, limit=1_000_000)
    assert isinstance(error, Nonsense) and error.code == "HUB223"
    assert sum(sent) < 50_000_000


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=9)
    assert len(bomb) < 300_000

    def serve(connection: Connection) -> None:
        head_of(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        connection.send(head.encode() + bomb)

    with serving(serve) as url:
        error = failing(url, limit=1_000_000)
    assert (type(error), error.code) == (Nonsense, "HUB223")


def test_a_compressed_answer_is_unpacked_and_a_broken_one_is_nonsense(hub: Hub) -> None:
    fault = hub.fault(Fault("gzip", "hf"))
    assert b'"id"' in get(f"{hub.hf_url}/api/models/{worlds.QWEN}").body
    hub.lift(fault)
    hub.fault(Fault("status", "hf", status=200, headers={"Content-Encoding": "gzip"}, body=b"no"))
    error = failing(hub.hf_url)
    assert (type(error), error.code) == (Nonsense, "HUB223")


@pytest.mark.parametrize("kind", ["reset", "cut", "cut-reset", "wrong-length"])
def test_a_connection_that_breaks_is_no_answer(hub: Hub, kind: str) -> None:
    hub.fault(Fault(kind, "hf"))
    error = failing(f"{hub.hf_url}/api/models/{worlds.QWEN}")
    assert isinstance(error, Unreachable)
    assert (error.code, error.stage) == ("HUB200", "http")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"\0" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
    ],
)
def test_what_is_not_http_is_no_answer(answer: bytes) -> None:
    def serve(connection: Connection) -> None:
        head_of(connection)
        connection.send(answer)

    with serving(serve) as url:
        assert failing(url).code == "HUB200"


def test_a_closed_port_is_told_as_a_connection_that_cannot_be_made(hub: Hub) -> None:
    hub.fault(Fault("refused", "hf"))
    error = failing(hub.hf_url)
    assert isinstance(error, Unreachable) and (error.code, error.stage) == ("NET102", "tcp")


def test_a_name_that_nobody_knows_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failing("https://nowhere.example/")
    assert isinstance(error, Unreachable) and (error.code, error.stage) == ("NET101", "dns")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "127.0.0.1/x",
        "https://",
        "https://[::1/",
        "http://127.0.0.1:99999/",
        "http://a\x00b/",
        "http://" + "a" * 70 + ".example/",
        "http://127.0.0.1/" + "a" * 70_000,
    ],
)
def test_an_address_that_cannot_be_used_is_told_and_never_a_crash(url: str) -> None:
    error = failing(url)
    assert isinstance(error, Unreachable)
    assert error.code in ("HUB203", "NET101", "NET102")


# --- TLS ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flaw", ["self-signed", "expired", "wrong-host", "not-yet-valid"])
def test_a_certificate_that_cannot_be_trusted_ends_the_road_at_tls(flaw: str) -> None:
    with Hub(tls=flaw) as hub:  # type: ignore[arg-type]
        error = failing(hub.hf_url, {"SSL_CERT_FILE": str(hub.ca_file)})
        assert isinstance(error, Unreachable) and (error.code, error.stage) == ("NET103", "tls")
        assert not hub.requests


def test_the_ca_file_of_the_settings_is_the_one_that_counts() -> None:
    with Hub(tls=True) as hub:
        assert failing(hub.hf_url).code == "NET103"
        assert get(hub.hf_url, {"SSL_CERT_FILE": str(hub.ca_file)}).status == 200


def test_a_plain_answer_on_a_tls_port_ends_the_road_at_tls() -> None:
    def serve(connection: Connection) -> None:
        connection.sock.recv(65536)
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving(serve) as url:
        error = failing(url.replace("http:", "https:"))
    assert isinstance(error, Unreachable) and (error.code, error.stage) == ("NET103", "tls")


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAA\n"]
)
def test_a_ca_file_that_holds_no_certificate_is_told_with_the_line_that_named_it(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    settings = resolve(project=parse(f"\nSSL_CERT_FILE={path}\n", tmp_path / ".env"))
    for attempt in (lambda: tls_context(settings), lambda: open_client(settings).__enter__()):
        with pytest.raises(ConfigError) as raised:
            attempt()
        assert (raised.value.code, raised.value.exit_code) == ("NET110", 2)
        assert "SSL_CERT_FILE (.env line 2)" in raised.value.message.en


# --- proxies ----------------------------------------------------------------------------------------


def test_the_proxy_of_the_settings_is_taken_with_its_password(hub: Hub) -> None:
    with Proxy(login=("me", "p@ss:wörd")) as proxy:
        address = f"http://me:p%40ss%3Aw%C3%B6rd@{proxy.address}"
        assert get(hub.hf_url, {"HTTP_PROXY": address}).status == 200
        (seen,) = proxy.requests
        assert seen.target.startswith(hub.hf_url)
        assert get(hub.hf_url, {"HTTP_PROXY": address, "NO_PROXY": "127.0.0.1"}).status == 200
        assert len(proxy.requests) == 1, "NO_PROXY was obeyed"


def test_each_variable_logs_in_at_one_proxy_under_its_own_name() -> None:
    route = {"hub.example": "127.0.0.1"}
    with Hub() as hub, Proxy(login=("me", "mine"), routes=route) as proxy:
        environ = {
            "HTTP_PROXY": f"http://somebody:else@{proxy.address}",
            "HTTPS_PROXY": f"http://me:mine@{proxy.address}",
        }
        with open_client(resolve(environ=environ)) as client:
            with pytest.raises(Unreachable) as raised:
                ask(client, "GET", hub.hf_url)
            assert "407" in raised.value.message.en
            with pytest.raises(Unreachable) as raised:
                ask(client, "GET", "https://127.0.0.1:9/")
            assert "407" not in raised.value.message.en


def test_a_password_without_a_user_reaches_the_proxy(hub: Hub) -> None:
    with Proxy(login=("", "secret-word")) as proxy:
        address = f"http://:secret-word@{proxy.address}"
        assert get(hub.hf_url, {"HTTP_PROXY": address}).status == 200


@pytest.mark.parametrize("login", ["", "me:wrong-word@"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_proxy_that_wants_a_password_is_not_taken_for_the_hub(login: str, tls: bool) -> None:
    with Hub(tls=tls) as hub, Proxy(login=("me", "right")) as proxy:
        environ = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), f"http://{login}{proxy.address}")
        if hub.ca_file:
            environ["SSL_CERT_FILE"] = str(hub.ca_file)
        error = failing(hub.hf_url, environ)
        assert not hub.requests
    assert isinstance(error, Unreachable) and (error.code, error.stage) == ("NET106", "proxy")
    assert "407" in error.message.en
    assert "wrong-word" not in error.message.en


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_not_taken_for_a_dead_hub(scheme: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        error = failing(f"{scheme}://huggingface.co/", {"ALL_PROXY": f"http://{address}"})
    assert isinstance(error, Unreachable) and (error.code, error.stage) == ("NET106", "proxy")
    assert address in error.message.en


def test_behind_a_proxy_a_bad_certificate_is_still_the_hubs(hub: Hub) -> None:
    with Hub(tls="self-signed") as bad, Proxy() as proxy:
        environ = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(bad.ca_file)}
        assert failing(bad.hf_url, environ).code == "NET103"


def test_behind_a_proxy_the_official_name_is_reached_over_tls() -> None:
    with Hub(worlds.demo().repos, tls=True) as hub:
        route = {"huggingface.co": hub.hf_url.removeprefix("https://")}
        with Proxy(routes=route) as proxy:
            environ = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(hub.ca_file)}
            assert get("https://huggingface.co/", environ).status == 200
            assert [request.target for request in proxy.requests] == ["huggingface.co:443"]


@pytest.mark.parametrize("address", ["socks://127.0.0.1:1", "http://proxy:99999", "http://"])
def test_a_proxy_variable_that_no_client_can_use_is_named(hub: Hub, address: str) -> None:
    with pytest.raises(ConfigError) as raised:
        get(hub.hf_url, {"ALL_PROXY": address})
    assert raised.value.code == "NET106"
    assert "ALL_PROXY (the environment variable ALL_PROXY)" in raised.value.message.en
    assert re.search("(协议|端口|主机)部分有误", raised.value.message.zh)
    assert not hub.requests


def test_the_environments_proxy_is_not_used_behind_the_settings_back(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    assert get(hub.hf_url).status == 200


# --- which addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "reached"), [("auto", True), ("4", True), ("6", False)])
def test_the_address_family_of_the_settings(hub: Hub, family: str, reached: bool) -> None:
    environ = {"QTUNE_IP_FAMILY": family}
    if reached:
        assert get(hub.hf_url, environ).status == 200
    else:
        assert failing(hub.hf_url, environ).code == "NET102"


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_is_sent_only_where_it_may_go(hub: Hub) -> None:
    host = hub.hf_url.removeprefix("http://")
    trusted = resolve(environ={"HF_TOKEN": worlds.GOOD, "QTUNE_TRUSTED_HOSTS": host})
    stranger = resolve(environ={"HF_TOKEN": worlds.GOOD})
    for settings, goes in ((trusted, True), (stranger, False)):
        hub.forget()
        with open_client(settings) as client:
            held = credential("huggingface", settings)
            headers = authorization(held, hub.hf_url, settings)
            assert ask(client, "GET", hub.hf_url, headers=headers).status == 200
        assert hub.carrying(worlds.GOOD) == ({"hf"} if goes else set())
        assert authorization(held, hub.ms_url, settings) == {}
        assert authorization(None, hub.hf_url, settings) == {}


def test_an_error_shows_no_secret(hub: Hub) -> None:
    hub.fault(Fault("refused", "hf"))
    address = hub.hf_url.removeprefix("http://")
    error = failing(f"http://me:hunter2x@{address}/?X-Amz-Signature=0123456789")
    for text in (str(error), error.message.zh, repr(error)):
        assert "hunter2x" not in text and "0123456789" not in text


# --- order in the house ----------------------------------------------------------------------------


def test_no_socket_and_no_thread_is_left_behind(hub: Hub) -> None:
    def sockets() -> int:
        gc.collect()
        return sum(
            issubclass(type(thing), socket.socket) and thing.fileno() >= 0
            for thing in gc.get_objects()  # isinstance would ask torch's objects, which answer with warnings
        )

    with serving(silent) as dead, serving(stall) as half:
        before, threads = sockets(), threading.active_count()
        with open_client(resolve()) as client:
            for url, fine in ((hub.hf_url, True), (dead, False), (half, False)):
                with contextlib.nullcontext() if fine else pytest.raises(Unreachable):
                    ask(client, "GET", url, deadline_s=0.2)
        deadline = time.monotonic() + 5
        while (sockets(), threading.active_count()) > (before, threads):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_one_client_serves_many_threads(hub: Hub) -> None:
    results: list[int] = []
    with open_client(resolve()) as client:

        def work() -> None:
            for _ in range(5):
                results.append(ask(client, "GET", hub.hf_url).status)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [200] * 40


def test_what_is_no_error_of_httpx_passes_unchanged() -> None:
    with pytest.raises(KeyError), mapped("http://h/"):
        raise KeyError("x")
    with pytest.raises(Unreachable), mapped("http://h/"):
        raise httpx.ReadError("")


@pytest.mark.parametrize("key", ["HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"])
def test_the_timeouts_of_the_settings_are_the_clients(key: str) -> None:
    with open_client(resolve(environ={key: "7"})) as client:
        found = {
            "HF_HUB_ETAG_TIMEOUT": client.timeout.connect,
            "HF_HUB_DOWNLOAD_TIMEOUT": client.timeout.read,
        }
        assert found.pop(key) == 7.0
        assert list(found.values()) == [10.0]
