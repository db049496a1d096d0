"""The road to a hub is told stage by stage, up to the first that failed, and no token goes along."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qtune.core.settings import resolve
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.doctor.facts import Known, Reach, Unknown
from qtune.doctor.probes import reach
from qtune.doctor.probes.patience import Patience
from qtune.doctor.probes.road import walk
from tests.doctor.probes.looking import NOTHING, at, looking, source
from tests.doctor.probes.sockets import dripping, full_queue, listening, saying
from tests.hub import Fault, Hub, worlds
from tests.hub.server import Connection
from tests.hub.tls import Flaw

SHORT = Patience(dns=0.5, tcp=0.5, connect=0.5, tls=0.5, http=0.5, total=2.0)


def look(
    root: Path,
    environ: dict[str, str],
    name: str = "huggingface",
    resolve: Resolver = system_resolver,
    patience: Patience = SHORT,
) -> Reach:
    with looking(root, environ) as context:
        fact = reach.probe(context, source(context, name), NOTHING, resolve, patience)
    assert isinstance(fact, Known)
    return fact.value


def ended(fact: Reach) -> tuple[str, str]:
    assert fact.failed is not None, fact
    assert fact.stages[-1] is fact.failed
    assert all(stage.ok for stage in fact.stages[:-1])
    return fact.failed.name, fact.failed.kind


def answering(*addresses: str) -> Resolver:
    return lambda host, port, family: addresses


@pytest.fixture
def tls_hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    flaw: Flaw = getattr(request, "param", "none")
    world = worlds.demo()
    with Hub(world.repos, world.users, tls=flaw if flaw != "none" else True) as running:
        yield running


def test_a_healthy_hub_answers_and_is_sent_no_token(hub: Hub, tmp_path: Path) -> None:
    environ = at(hub, HF_TOKEN=worlds.GOOD, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    for name, origin in (("huggingface", "hf"), ("modelscope", "ms")):
        fact = look(tmp_path, environ, name)
        assert fact.ok
        assert [stage.name for stage in fact.stages] == ["dns", "tcp", "http"]
        assert fact.status == 200
        assert fact.first_byte_ms is not None
        assert fact.addresses == ("127.0.0.1",)
        assert (fact.host, fact.proxy) == ("127.0.0.1", None)
        (request,) = hub.seen(origin)
        assert request.authorization is None
    assert hub.carrying(worlds.GOOD) == set()
    assert hub.carrying(worlds.MODELSCOPE) == set()


def test_a_refusal_of_the_model_is_an_answer(hub: Hub, tmp_path: Path) -> None:
    for model in (worlds.PRIVATE, "nobody/nothing", "../../x y\r\nX: 1?#%"):
        with looking(tmp_path, at(hub), model=model) as context:
            fact = reach.probe(context, source(context), NOTHING)
        assert isinstance(fact, Known)
        assert fact.value.ok
        assert fact.value.status in (401, 404)


def test_a_silent_host_ends_at_http_and_the_time_is_named(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("silent", "hf"))
    started = time.monotonic()
    fact = look(tmp_path, at(hub), patience=Patience(http=1.0))
    assert ended(fact) == ("http", "timeout")
    assert fact.failed is not None
    assert fact.failed.detail == "no answer within 1 s"
    assert 900 <= fact.failed.took_ms < 2500
    assert time.monotonic() - started < 3


def test_every_wait_together_stays_below_the_deadline_of_the_check() -> None:
    from qtune.doctor.checks import FAMILIES

    assert Patience().total < FAMILIES["reach"].seconds
    assert Patience().http <= 5


def test_an_answer_that_drips_for_ever_ends_at_the_deadline(tmp_path: Path) -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nX: y\r\n", 0.02) as port:
        started = time.monotonic()
        fact = look(tmp_path, {"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert ended(fact) in (("http", "timeout"), ("http", "not_a_hub"))
    assert time.monotonic() - started < 2


def test_a_slow_host_is_reachable(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("latency", "hf", seconds=0.2))
    fact = look(tmp_path, at(hub))
    assert fact.ok
    assert fact.first_byte_ms is not None
    assert fact.first_byte_ms >= 190


@pytest.mark.parametrize(
    ("fault", "stage", "kind"),
    [
        (Fault("refused", "hf"), "tcp", "refused"),
        (Fault("reset", "hf"), "http", "reset"),
        (Fault("deaf", "hf"), "http", "timeout"),
        (Fault("html", "hf"), "http", "portal"),
        (Fault("html", "hf", status=511), "http", "portal"),
        (Fault("redirect", "hf", location="http://login.example/in"), "http", "portal"),
        (Fault("status", "hf", status=503), "http", "status"),
        (Fault("html", "hf", status=502), "http", "status"),
        (Fault("html", "hf", status=403), "http", "status"),
        (Fault("html", "hf", status=404), "http", "not_a_hub"),
        (Fault("status", "hf", status=200, body=b"It works!"), "http", "not_a_hub"),
    ],
    ids=lambda value: str(value.kind) + str(value.status or "") if isinstance(value, Fault) else "",
)
def test_how_it_ends(hub: Hub, tmp_path: Path, fault: Fault, stage: str, kind: str) -> None:
    hub.fault(fault)
    assert ended(look(tmp_path, at(hub))) == (stage, kind)
    hub.heal()
    assert look(tmp_path, at(hub)).ok


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_any_refusal_in_json_means_reachable(hub: Hub, tmp_path: Path, status: int) -> None:
    named = {"Content-Type": "application/json"}
    hub.fault(Fault("status", "hf", status=status, headers=named, body=b"{}"))
    fact = look(tmp_path, at(hub))
    assert fact.ok
    assert fact.status == status


def test_a_mirror_that_sends_on_to_the_hub_is_no_portal(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("redirect", "hf", location="https://huggingface.co/api/models/x", status=308))
    assert look(tmp_path, at(hub)).ok


@pytest.mark.parametrize(
    "banner", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\xff\x00", b"HTTP/2.0 200\r\n\r\n", b"H" * 70_000]
)
def test_something_that_does_not_speak_http_is_no_hub(tmp_path: Path, banner: bytes) -> None:
    with saying(banner) as port:
        fact = look(tmp_path, {"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert ended(fact) == ("http", "not_a_hub")


@pytest.mark.skipif(sys.platform != "linux", reason="a full queue refuses on other systems")
def test_an_address_that_swallows_packets_is_a_timeout_of_tcp(tmp_path: Path) -> None:
    with full_queue() as port:
        fact = look(tmp_path, {"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert ended(fact) == ("tcp", "timeout")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says so at once")
def test_an_address_without_a_route_is_unreachable(tmp_path: Path) -> None:
    environ = {"HF_ENDPOINT": "http://hub.example"}
    fact = look(tmp_path, environ, resolve=answering("255.255.255.255"))
    assert ended(fact) == ("tcp", "unreachable")


def test_the_next_address_is_tried_and_what_refused_outweighs_what_has_no_route(
    hub: Hub, tmp_path: Path
) -> None:
    port = urlsplit(hub.hf_url).port
    environ = at(hub) | {"HF_ENDPOINT": f"http://hub.example:{port}"}
    fact = look(tmp_path, environ, resolve=answering("255.255.255.255", "127.0.0.1"))
    assert fact.ok
    hub.fault(Fault("refused", "hf"))
    fact = look(tmp_path, environ, resolve=answering("255.255.255.255", "127.0.0.1"))
    assert ended(fact) == ("tcp", "refused")
    assert fact.failed is not None
    assert "127.0.0.1: connection refused" in fact.failed.detail


def _fails(number: int) -> Resolver:
    def resolve(host: str, port: int, family: int) -> Sequence[str]:
        raise socket.gaierror(number, "as the resolver says it")

    return resolve


def _hangs(host: str, port: int, family: int) -> Sequence[str]:
    time.sleep(2)
    return ()


@pytest.mark.parametrize(
    ("resolve", "kind"),
    [
        (_fails(socket.EAI_NONAME), "nxdomain"),
        (_fails(11001), "nxdomain"),
        (_fails(socket.EAI_AGAIN), "temporary"),
        (_hangs, "temporary"),
        (answering("0.0.0.0", "::"), "blocked"),
        (answering("127.0.0.1"), "blocked"),
    ],
)
def test_how_a_look_up_ends(tmp_path: Path, resolve: Resolver, kind: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
        port = unused.getsockname()[1]
        fact = look(tmp_path, {"HF_ENDPOINT": f"https://hub.example:{port}"}, resolve=resolve)
    assert ended(fact) == ("dns", kind)
    assert len(fact.stages) == 1


def test_a_name_without_an_address_of_the_wanted_family_exists_all_the_same(
    tmp_path: Path,
) -> None:
    def only_ipv4(host: str, port: int, family: int) -> Sequence[str]:
        if family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ("192.0.2.1",)

    environ = {"HF_ENDPOINT": "https://hub.example", "QTUNE_IP_FAMILY": "6"}
    fact = look(tmp_path, environ, resolve=only_ipv4)
    assert ended(fact) == ("dns", "no_family")
    assert fact.stages[0].detail == "hub.example has no IPv6 address, only 192.0.2.1"


def test_the_system_says_so_when_a_name_does_not_exist(tmp_path: Path) -> None:
    fact = look(tmp_path, {"HF_ENDPOINT": "https://no-such-host.invalid"})
    assert fact.failed is not None
    assert fact.failed.name == "dns"


def test_a_name_that_cannot_be_encoded_does_not_exist(tmp_path: Path) -> None:
    fact = look(tmp_path, {"HF_ENDPOINT": f"https://{'ü' * 80}.example"})
    assert ended(fact) == ("dns", "nxdomain")


def test_a_tool_on_this_machine_may_stand_in_for_a_host(hub: Hub, tmp_path: Path) -> None:
    """Accelerators answer for a hub on 127.0.0.1, fake-IP proxies in 198.18.0.0/15: no fault in that."""
    port = urlsplit(hub.hf_url).port
    environ = at(hub) | {"HF_ENDPOINT": f"http://hub.example:{port}"}
    assert look(tmp_path, environ, resolve=answering("127.0.0.1")).ok


def test_the_address_family_of_the_settings_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    asked: list[int] = []

    def resolve(host: str, port: int, family: int) -> Sequence[str]:
        asked.append(family)
        return ("127.0.0.1",)

    for chosen in ("4", "6", "auto"):
        look(tmp_path, at(hub, QTUNE_IP_FAMILY=chosen), resolve=resolve)
    assert asked == [socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC]


def test_an_address_that_is_none_is_not_walked(tmp_path: Path) -> None:
    with looking(tmp_path, {"MODELSCOPE_ENDPOINT": "https://[half"}) as context:
        fact = reach.probe(context, source(context, "modelscope"), NOTHING)
    # Unusable text falls back to the default in the settings, and what remains is said here.
    assert isinstance(fact, Known | Unknown)


def test_tls_with_the_ca_of_the_settings(tls_hub: Hub, tmp_path: Path) -> None:
    fact = look(tmp_path, at(tls_hub, SSL_CERT_FILE=str(tls_hub.ca_file)))
    assert fact.ok
    assert [stage.name for stage in fact.stages] == ["dns", "tcp", "tls", "http"]
    assert fact.issuer == "qtune test authority"
    assert fact.status == 200


def test_tls_nobody_vouches_for_names_who_signed(tls_hub: Hub, tmp_path: Path) -> None:
    fact = look(tmp_path, at(tls_hub, HF_TOKEN=worlds.GOOD))
    assert ended(fact) == ("tls", "untrusted")
    assert fact.issuer == "qtune test authority"
    assert tls_hub.requests == []


@pytest.mark.parametrize(
    ("tls_hub", "kind"),
    [
        ("expired", "expired"),
        ("not-yet-valid", "not_yet"),
        ("wrong-host", "hostname"),
        ("self-signed", "self_signed"),
    ],
    indirect=["tls_hub"],
)
def test_how_a_certificate_fails(tls_hub: Hub, tmp_path: Path, kind: str) -> None:
    fact = look(tmp_path, at(tls_hub, SSL_CERT_FILE=str(tls_hub.ca_file)))
    assert ended(fact) == ("tls", kind)
    issuer = "qtune test hub" if kind == "self_signed" else "qtune test authority"
    assert fact.issuer == issuer


def test_a_handshake_that_nobody_answers(tls_hub: Hub, tmp_path: Path) -> None:
    tls_hub.fault(Fault("deaf", "hf"))
    fact = look(tmp_path, at(tls_hub, SSL_CERT_FILE=str(tls_hub.ca_file)))
    assert ended(fact) == ("tls", "timeout")


@pytest.mark.parametrize("with_reset", [True, False])
def test_a_filter_that_reads_the_name_and_cuts_the_connection(
    tmp_path: Path, with_reset: bool
) -> None:
    def serve(connection: Connection) -> None:
        connection.sock.recv(65536)
        if with_reset:
            connection.reset()

    with listening(serve) as port:
        fact = look(tmp_path, {"HF_ENDPOINT": f"https://127.0.0.1:{port}"})
    assert ended(fact) == ("tls", "reset")


def test_plain_text_where_tls_is_expected(tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        fact = look(tmp_path, {"HF_ENDPOINT": f"https://127.0.0.1:{port}"})
    assert ended(fact) == ("tls", "plaintext")


def test_a_ca_file_that_cannot_be_read_ends_before_anything_is_dialled(
    tls_hub: Hub, tmp_path: Path
) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("")
    environ = at(tls_hub, SSL_CERT_FILE=str(tls_hub.ca_file))
    with looking(tmp_path, environ) as context:
        object.__setattr__(  # as when the file is emptied after the client was made
            context.settings.values["SSL_CERT_FILE"], "text", str(empty)
        )
        fact = reach.probe(context, source(context), NOTHING)
    assert isinstance(fact, Known)
    assert ended(fact.value) == ("tls", "no_ca")
    assert len(fact.value.stages) == 1
    assert "SSL_CERT_FILE" in fact.value.stages[0].detail


def test_a_password_in_the_address_is_refused_and_not_told(hub: Hub) -> None:
    secret = "canary-in-the-endpoint"
    address = hub.hf_url.replace("http://", f"http://me:{secret}@")
    resolved = resolve(environ={"HF_ENDPOINT": address})
    assert resolved["HF_ENDPOINT"].problem is not None
    fact = walk(address, resolved, "hub")
    assert secret not in repr(fact)
    assert hub.carrying(secret) == set()
