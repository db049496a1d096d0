"""The road to a hub, from real sockets, proxies and clients to what is said of it."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.doctor.examine import before
from qtune.doctor.facts import Facts, Known, Reach
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.probes import reach
from qtune.doctor.rules.net import net109
from tests.doctor.examining import MACHINE, Machine, at_loopback, codes, only
from tests.doctor.probes.looking import NOTHING, at, looking, source
from tests.doctor.probes.sockets import closed_ports, full_queue, socks5
from tests.hub import Fault, Hub, Kind, Proxy, sdk, worlds

HF_FIRST = "USE_MODELSCOPE=False"
ALONE = "QTUNE_FALLBACK=False"
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741
BUT_PACKAGES = tuple(name for name in MACHINE if name != "packages")


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path) as machine:
        yield machine


def dated(**off: float) -> Mapping[str, str]:
    return {"Date": format_datetime(datetime.now(UTC) + timedelta(**off), usegmt=True)}


# --- NET104: the clock --------------------------------------------------------------------------------


@pytest.mark.triggers("NET104")
@pytest.mark.parametrize(("off", "words"), [(600.0, "10 min behind"), (-7200.0, "2 h ahead")])
def test_a_clock_that_is_off_is_net104_and_a_warning_while_all_works(
    local: Machine, off: float, words: str
) -> None:
    local.env(HF_FIRST, ALONE)
    local.hub.fault(Fault(Kind.HEADERS, headers=dated(seconds=off)))
    report = local.examine()
    assert codes(report) == ["NET104"]
    finding = report.findings[0]
    assert (finding.severity, words in finding.message.en) == (W, True)


@pytest.mark.spares("NET104")
def test_a_few_minutes_and_an_answer_out_of_a_cache_are_no_wrong_clock(local: Machine) -> None:
    local.env(HF_FIRST, ALONE)
    local.hub.fault(Fault(Kind.HEADERS, headers=dated(minutes=-4)))
    assert codes(local.examine()) == []
    local.hub.heal()
    local.hub.fault(Fault(Kind.HEADERS, headers={**dated(hours=-3), "Age": str(3 * 3600)}))
    assert codes(local.examine()) == []
    local.hub.heal()
    for bad in ("yesterday", "Mon, 99 Foo 2026 00:00:00 GMT", "Thu, 01 Jan 9999999 00:00:00 GMT"):
        local.hub.fault(Fault(Kind.HEADERS, headers={"Date": bad}))
        assert codes(local.examine()) == []
        local.hub.heal()


@pytest.mark.triggers("NET104")
def test_a_certificate_that_is_not_valid_yet_follows_from_the_clock(tmp_path: Path) -> None:
    with at_loopback(tmp_path, "not-yet-valid") as machine:
        machine.env(HF_FIRST, ALONE)
        machine.environ["SSL_CERT_FILE"] = str(machine.hub.ca_file)
        machine.hub.fault(Fault(Kind.HEADERS, headers=dated(days=12)))
        report = machine.examine(HF_TOKEN=worlds.GOOD)
        assert machine.hub.carrying(worlds.GOOD) == set()
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("NET104", E, None),
        ("NET103", E, "NET104"),
    ]


@pytest.mark.spares("NET104")
def test_a_certificate_that_really_expired_is_the_hubs_own_fault(tmp_path: Path) -> None:
    with at_loopback(tmp_path, "expired") as machine:
        machine.env(HF_FIRST, ALONE)
        machine.environ["SSL_CERT_FILE"] = str(machine.hub.ca_file)
        machine.hub.fault(Fault(Kind.HEADERS, headers=dated()))
        assert codes(machine.examine()) == ["NET103"]


# --- NET107: SOCKS ------------------------------------------------------------------------------------


def without(*missing: str) -> Callable[[str], str]:
    """As where these packages are not installed; the others are as they are."""

    def version(name: str) -> str:
        if name in missing:
            return ""
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "1.0"  # those that the machine of the tests happens to lack

    return version


@pytest.mark.triggers("NET107")
def test_a_socks_proxy_without_socksio_is_net107_and_nothing_crashes(local: Machine) -> None:
    local.env(HF_FIRST)
    with (
        socks5() as port,
        patch("qtune.doctor.probes.packages.version", without("socksio")),
        patch("qtune.core.http.find_spec", lambda name: None),
    ):
        report = local.examine(skip=BUT_PACKAGES, ALL_PROXY=f"socks5h://127.0.0.1:{port}")
    finding = only(report, "NET107")
    assert (finding.severity, finding.source) == (E, "")
    assert finding.fix is not None and finding.fix.command == 'pip install "httpx[socks]"'
    (row,) = (check for check in report.checks if check.check == "listing.huggingface")
    assert (row.state, "socksio" in row.reason) == ("unknown", True)


@pytest.mark.triggers("NET107")
def test_modelscopes_own_client_behind_socks_is_told_where_modelscope_serves(
    local: Machine,
) -> None:
    with socks5() as port, patch("qtune.doctor.probes.packages.version", without("pysocks")):
        through = f"socks5h://127.0.0.1:{port}"
        local.env(ALONE)
        finding = only(local.examine(skip=BUT_PACKAGES, ALL_PROXY=through), "NET107")
        assert (finding.severity, finding.source) == (I, "modelscope")
        assert "PySocks" in finding.message.en
        local.env(HF_FIRST, ALONE)
        assert "NET107" not in codes(local.examine(skip=BUT_PACKAGES, ALL_PROXY=through))


@pytest.mark.spares("NET107")
def test_an_http_proxy_and_a_dead_socks_proxy_are_not_net107(local: Machine) -> None:
    local.env(HF_FIRST, ALONE)
    with Proxy() as proxy, patch("qtune.doctor.probes.packages.version", without("socksio")):
        found = codes(local.examine(skip=BUT_PACKAGES, HTTP_PROXY=proxy.url))
        assert "NET107" not in found and "NET106" not in found
        dead = local.examine(skip=BUT_PACKAGES, HTTP_PROXY="socks5h://127.0.0.1:9")
        assert "NET106" in codes(dead) and "NET107" not in codes(dead)


@pytest.mark.parametrize(
    ("package", "code", "error"),
    [
        ("socksio", "import httpx; httpx.Client()", "socksio"),
        ("socks", "import requests; requests.get('http://127.0.0.1:9/')", "SOCKS support"),
    ],
)
@pytest.mark.triggers("NET107")
def test_the_clients_themselves_fail_as_told(
    package: str, code: str, error: str, tmp_path: Path
) -> None:
    if find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with socks5() as port:
        outcome = sdk.python(
            code + "\ndone(1)", {"ALL_PROXY": f"socks5h://127.0.0.1:{port}"}, tmp_path
        )
    assert error in " ".join(outcome.causes)


# --- NET108: NO_PROXY ---------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Machine]:
    """A network that lets out through its proxy only: directly the hubs' ports are closed."""
    with at_loopback(tmp_path) as machine, closed_ports(2) as (hf, ms):
        hubs = [urlsplit(url).netloc for url in (machine.hub.hf_url, machine.hub.ms_url)]
        routes = {f"127.0.0.1:{hf}": hubs[0], f"127.0.0.1:{ms}": hubs[1]}
        with Proxy(routes=routes) as proxy:
            machine.environ |= {
                "HF_ENDPOINT": f"http://127.0.0.1:{hf}",
                "MODELSCOPE_ENDPOINT": f"http://127.0.0.1:{ms}",
                "HTTP_PROXY": proxy.url,
            }
            yield replace(machine, proxy=proxy)


@pytest.mark.triggers("NET108")
@pytest.mark.parametrize("entry", ["127.0.0.1", "*", "127.0.0.0/8"])
def test_a_hub_that_no_proxy_sends_past_the_proxy_is_net108(office: Machine, entry: str) -> None:
    office.env(HF_FIRST, ALONE, f"NO_PROXY=intranet,{entry}")
    report = office.examine()
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("NET108", E, None),
        ("NET102", E, "NET108"),
    ]
    fix = report.findings[0].fix
    assert fix is not None and fix.patch == EnvPatch({"NO_PROXY": "intranet"})
    assert report.findings[0].span is not None and report.findings[0].span.line == 3


@pytest.mark.spares("NET108")
@pytest.mark.parametrize("text", ["intranet,10.0.0.0/8,.corp.com,::1", "", "[::1]"])
def test_entries_for_other_hosts_are_nobodys_business(office: Machine, text: str) -> None:
    office.env(HF_FIRST, ALONE, f"NO_PROXY={text}")
    assert "NET108" not in codes(office.examine())


@pytest.mark.triggers("NET108")
@pytest.mark.parametrize("entry", ["localhost 127.0.0.1", "http://127.0.0.1/", "a.com;127.0.0.1"])
def test_a_host_written_as_no_client_reads_it_is_net108(local: Machine, entry: str) -> None:
    local.env(HF_FIRST, ALONE, f'NO_PROXY="{entry},intranet"')
    with Proxy() as proxy:
        report = local.examine(HTTP_PROXY=proxy.url)
        finding = only(report, "NET108")
        assert (finding.severity, finding.source) == (W, "huggingface")
        assert finding.fix is not None and finding.fix.patch is not None
        written = finding.fix.patch.set["NO_PROXY"]

        def seen() -> int:
            return sum("//127.0.0.1:" in request.target for request in proxy.requests)

        before_it = seen()
        local.env(HF_FIRST, ALONE, f"NO_PROXY={written}")
        assert "NET108" not in codes(local.examine(HTTP_PROXY=proxy.url))
        assert 0 < before_it == seen(), "now it goes directly"


# --- NET109: a dead IPv6 ------------------------------------------------------------------------------


def two_families(hub: Hub, root: Path, **environ: str) -> Facts:
    """The road to a host that is ::1 and 127.0.0.1, in this order."""
    port = urlsplit(hub.hf_url).port
    environ = {**at(hub), "HF_ENDPOINT": f"http://two.example:{port}", **environ}
    with looking(root, environ) as context:
        asked = source(context)
        known = reach.probe(context, asked, NOTHING, lambda h, p, f: ("::1", "127.0.0.1"))
        assert isinstance(known, Known)
    return replace(before(context), reach={asked.name: known})


def of(facts: Facts) -> Reach:
    (fact,) = facts.reach.values()
    assert isinstance(fact, Known)
    return fact.value


@pytest.mark.triggers("NET109")
def test_an_ipv6_address_that_swallows_everything_is_net109(hub: Hub, tmp_path: Path) -> None:
    with full_queue("::1", urlsplit(hub.hf_url).port or 0):
        facts = two_families(hub, tmp_path)
    assert of(facts).ok and of(facts).silent == ("::1",)
    (finding,) = net109.judge(facts)
    assert (finding.severity, finding.source) == (W, "huggingface")
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == EnvPatch({"QTUNE_IP_FAMILY": "4"})


@pytest.mark.spares("NET109")
def test_an_ipv6_that_refuses_costs_nothing(hub: Hub, tmp_path: Path) -> None:
    facts = two_families(hub, tmp_path)  # nothing listens at ::1
    assert of(facts).ok and [*net109.judge(facts)] == []


@pytest.mark.spares("NET109")
def test_an_ipv6_that_is_slow_but_works_is_healthy(hub: Hub, tmp_path: Path) -> None:
    """The queue is full for longer than the address' share of the time, and then it is not."""
    with socket.socket(socket.AF_INET6) as slow:
        slow.bind(("::1", urlsplit(hub.hf_url).port or 0))
        slow.listen(0)
        waiting = [socket.socket(socket.AF_INET6) for _ in range(8)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(slow.getsockname())

        def empty() -> None:
            for client in waiting:
                client.close()
            while True:
                try:
                    slow.accept()[0].close()
                except OSError:
                    return

        timer = threading.Timer(1.8, empty)
        timer.start()
        facts = two_families(hub, tmp_path)
        slow.shutdown(socket.SHUT_RDWR)
        timer.join()
    assert of(facts).ok and of(facts).silent == ()
    assert [*net109.judge(facts)] == []


# --- NET111: a large answer stops ---------------------------------------------------------------------


@pytest.mark.triggers("NET111")
@pytest.mark.slow
def test_large_answers_that_stop_after_some_packets_are_net111(tmp_path: Path) -> None:
    with at_loopback(tmp_path) as machine:
        machine.hub.change(repos=worlds.demo(1_500_000).repos)
        machine.env(HF_FIRST, ALONE, "QTUNE_CONNECTIONS=1")
        machine.hub.fault(Fault(Kind.STALL, origin="cdn", after=14_000))
        report = machine.examine(speed=True)
    assert codes(report)[0] == "NET111"
    assert {f.because for f in report.findings[1:]} <= {"NET111"}
    assert "stops after 14.0 kB" in report.findings[0].message.en


@pytest.mark.spares("NET111")
@pytest.mark.slow
def test_a_line_that_is_slow_but_keeps_giving_does_not_stall(tmp_path: Path) -> None:
    with at_loopback(tmp_path) as machine:
        machine.hub.change(repos=worlds.demo(1_500_000).repos)
        machine.env(HF_FIRST, ALONE, "QTUNE_CONNECTIONS=1")
        machine.hub.fault(Fault(Kind.SLOW, origin="cdn", bytes_per_second=20_000))
        assert "NET111" not in codes(machine.examine(speed=True))


# --- NET113: other clients ----------------------------------------------------------------------------


@pytest.mark.triggers("NET113")
@pytest.mark.slow
def test_a_ca_that_modelscopes_client_does_not_know_is_net113_and_the_fix_mends_it(
    tmp_path: Path,
) -> None:
    with at_loopback(tmp_path, True) as machine:
        hub, ca = machine.hub, str(machine.hub.ca_file)
        report = machine.examine(SSL_CERT_FILE=ca)
        finding = only(report, "NET113")
        assert (finding.severity, finding.source) == (I, "modelscope")
        assert "certifi" in finding.message.en and "modelscope" in finding.message.en
        assert report.patch == EnvPatch({"REQUESTS_CA_BUNDLE": ca})
        code = f"""
import os, time
time.sleep = lambda seconds: None  # between its tries, of which it makes several
from modelscope import snapshot_download
found = []
for bundle in ("", {ca!r}):
    os.environ["REQUESTS_CA_BUNDLE"] = bundle
    try:
        found.append(bool(snapshot_download({worlds.SMALL!r})))
    except Exception as error:
        found.append(str(error))
done(found)
"""
        first, then = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path).value
        assert "CERTIFICATE_VERIFY_FAILED" in first
        assert then is True
        # as the patch of the doctor has it
        assert codes(machine.examine(SSL_CERT_FILE=ca, REQUESTS_CA_BUNDLE=ca)) == []
        # and huggingface_hub goes as qtune does
        alone = sdk.hf_snapshot(hub, tmp_path, worlds.SMALL, REQUESTS_CA_BUNDLE=None)
        assert alone.error is None


@pytest.mark.triggers("NET103")
def test_a_ca_told_to_requests_alone_is_not_known_to_qtune_and_huggingface_hub(
    tmp_path: Path,
) -> None:
    with at_loopback(tmp_path, True) as machine:
        machine.env(HF_FIRST, ALONE)
        ca = str(machine.hub.ca_file)
        report = machine.examine(REQUESTS_CA_BUNDLE=ca)
        assert codes(report) == ["NET103"]
        fails = sdk.hf_snapshot(machine.hub, tmp_path, worlds.SMALL, SSL_CERT_FILE=None)
        assert fails.error is not None
        fix = report.findings[0].fix
        assert fix is not None and fix.patch == EnvPatch({"SSL_CERT_FILE": ca})


@pytest.mark.spares("NET113")
def test_clients_that_go_as_qtune_does_are_not_looked_at(local: Machine) -> None:
    local.examine()
    asked = len(local.hub.requests)
    local.hub.forget()
    local.examine(skip=(*MACHINE, "NET113", "NET108"))
    assert len(local.hub.requests) == asked


# --- HUB202: Xet --------------------------------------------------------------------------------------


@pytest.fixture
def xet(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path, xet=True) as machine:
        machine.env(HF_FIRST, ALONE)
        yield machine


@pytest.mark.triggers("HUB202")
def test_a_closed_xet_host_is_hub202_and_qtune_itself_is_not_touched(xet: Machine) -> None:
    xet.hub.fault(Fault(Kind.REFUSED, origin="cas"))
    report = xet.examine()
    assert codes(report) == ["HUB202"]
    assert report.findings[0].severity is I
    assert report.patch == EnvPatch({"HF_HUB_DISABLE_XET": "1"})
    assert codes(xet.examine(HF_HUB_DISABLE_XET="1")) == []
    assert only(xet.examine(kind="push"), "HUB202").severity is W


@pytest.mark.triggers("HUB202")
@pytest.mark.slow
def test_huggingface_hub_hangs_there_as_told_and_the_setting_mends_it(
    xet: Machine, tmp_path: Path
) -> None:
    xet.hub.fault(Fault(Kind.REFUSED, origin="cas"))
    with pytest.raises(subprocess.TimeoutExpired):
        sdk.hf_snapshot(xet.hub, tmp_path, worlds.QWEN, timeout=6)
    assert sdk.hf_snapshot(xet.hub, tmp_path, worlds.QWEN, HF_HUB_DISABLE_XET="1").error is None


@pytest.mark.spares("HUB202")
def test_any_answer_of_the_xet_host_is_an_answer_and_its_token_is_not_kept(xet: Machine) -> None:
    for status in (403, 404, 503):
        xet.hub.fault(Fault(Kind.STATUS, origin="cas", status=status))
        report = xet.examine(HF_TOKEN=worlds.GOOD)
        assert codes(report) == []
        xet.hub.heal()
    (repo,) = (repo for repo in xet.hub.world.repos if repo.id == worlds.QWEN)
    assert f"xet_{repo.commit}" not in repr(report)
    assert xet.hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.spares("HUB202")
def test_where_the_ordinary_host_is_closed_too_switching_xet_off_mends_nothing(
    xet: Machine,
) -> None:
    for origin in ("cas", "cdn"):
        xet.hub.fault(Fault(Kind.REFUSED, origin=origin))
    assert codes(xet.examine()) == ["HUB201"]


# --- HUB209: time limits ------------------------------------------------------------------------------


@pytest.mark.triggers("HUB209")
@pytest.mark.parametrize(("limit", "severity"), [("1", E), ("2", W)])
def test_a_hub_that_answers_later_than_the_settings_wait_is_hub209(
    local: Machine, limit: str, severity: Severity
) -> None:
    local.env(HF_FIRST, ALONE, f"HF_HUB_ETAG_TIMEOUT={limit}")
    local.hub.fault(Fault(Kind.LATENCY, origin="hf", path="/api/models/*", seconds=1.2))
    report = local.examine()
    finding = only(report, "HUB209")
    assert finding.severity is severity
    assert "1.2 s until the first byte" in finding.message.en
    assert report.patch == EnvPatch({"HF_HUB_ETAG_TIMEOUT": "60"})


@pytest.mark.spares("HUB209")
def test_the_same_hub_is_in_time_for_the_usual_limits(local: Machine) -> None:
    local.env(HF_FIRST, ALONE)
    local.hub.fault(Fault(Kind.LATENCY, origin="hf", path="/api/models/*", seconds=0.7))
    assert codes(local.examine()) == []
