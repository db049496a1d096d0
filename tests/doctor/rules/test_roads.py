"""What is wrong with the machine, its settings or another client, and which finding follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.doctor.examine import ordered
from qtune.doctor.facts import (
    ClientRoad,
    Facts,
    Known,
    Network,
    ProxyFact,
    Reach,
    Sample,
    Speed,
    StageName,
    Xet,
)
from qtune.doctor.finding import Applicability, Finding, Severity
from qtune.doctor.rules.hub import hub201, hub202, hub207, hub209
from qtune.doctor.rules.net import (
    net100,
    net101,
    net102,
    net103,
    net104,
    net106,
    net107,
    net108,
    net109,
    net111,
    net113,
)
from tests.doctor.build import HF, env_line, environ, healthy, road, with_setting
from tests.doctor.rules.judging import findings, hf_first, only
from tests.doctor.rules.roads import broken, ending, through, told

NOWHERE = Known(Network(False, False, ("10.0.0.1",)))
CLASH = ProxyFact("http://127.0.0.1:7890", "HTTPS_PROXY", env_line("HTTPS_PROXY", 4))
SOCKS = replace(CLASH, url="socks5h://127.0.0.1:7891")


def offline(facts: Facts) -> Facts:
    return replace(facts, network=NOWHERE)


def both(stage: StageName, kind: str, **changes: Any) -> Facts:
    return ending(stage, kind, "huggingface", "modelscope", **changes)


# --- NET100 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "kind", "rule"),
    [("dns", "temporary", net101), ("dns", "nxdomain", net101), ("tcp", "unreachable", net102)],
)
def test_without_a_route_what_fails_follows_from_it(
    stage: StageName, kind: str, rule: object
) -> None:
    facts = offline(both(stage, kind))
    finding = only(net100.RULE, facts)
    assert (finding.severity, finding.source) == (Severity.ERROR, "")
    (after,) = findings(rule.RULE, facts)  # type: ignore[attr-defined]
    assert (after.because, after.fix) == ("NET100", None)


def test_a_proxy_program_here_has_no_way_out_either() -> None:
    facts = with_setting(healthy(), "HTTPS_PROXY", CLASH.url, CLASH.origin)
    facts = offline(both("connect", "denied", facts=facts, proxy=CLASH))
    assert only(net100.RULE, facts)
    assert only(net106.RULE, facts).because == "NET100"
    dead = offline(both("proxy_tcp", "refused", facts=facts, proxy=CLASH))
    assert findings(net100.RULE, dead) == []


@pytest.mark.spares("NET100")
def test_a_closed_network_in_which_a_hub_works_is_no_missing_network() -> None:
    assert findings(net100.RULE, offline(healthy())) == []
    assert findings(net100.RULE, offline(ending("dns", "temporary"))) == []  # ModelScope is there
    here = {name: Known(broken("127.0.0.1", "tcp", "refused")) for name in healthy().reach}
    assert findings(net100.RULE, offline(healthy(reach=here))) == []
    assert findings(net100.RULE, both("dns", "temporary")) == []


def test_no_name_server_is_another_sentence() -> None:
    facts = replace(both("dns", "temporary"), network=Known(Network(True, True, ())))
    assert "resolv.conf" in only(net100.RULE, facts).message.en
    silent = replace(facts, network=Known(Network(True, True, None)))
    assert findings(net100.RULE, silent) == [], "elsewhere no file names them"


# --- NET104 -------------------------------------------------------------------------------------------


def at_time(seconds: float, **kinds: str) -> Facts:
    facts = healthy()
    roads = {
        name: Known(
            replace(
                broken(name, "tls", kinds[name]) if name in kinds else road(name),
                clock_off_s=seconds,
            )
        )
        for name in ("huggingface", "modelscope")
    }
    return replace(facts, reach=roads)


def test_an_expired_certificate_follows_from_a_clock_that_is_ahead_only() -> None:
    facts = at_time(-9e6, huggingface="expired")
    assert only(net104.RULE, facts).severity is Severity.ERROR
    assert only(net103.RULE, facts).because == "NET104"
    behind = at_time(9e6, huggingface="expired")
    assert only(net104.RULE, behind).severity is Severity.WARNING
    assert only(net103.RULE, behind).because is None


@pytest.mark.spares("NET104")
def test_one_server_whose_clock_is_wrong_is_not_this_machines() -> None:
    facts = at_time(9e6)
    right = Known(replace(road("modelscope.cn"), clock_off_s=1.5))
    facts = replace(facts, reach={**facts.reach, "modelscope": right})
    assert findings(net104.RULE, facts) == []


# --- NET107 -------------------------------------------------------------------------------------------


def installed(facts: Facts, **versions: str) -> Facts:
    assert isinstance(facts.packages, Known)
    old = facts.packages.value
    return replace(facts, packages=Known(replace(old, versions={**old.versions, **versions})))


def test_socks_without_its_packages() -> None:
    facts = through(SOCKS, "huggingface", "modelscope")
    assert findings(net107.RULE, facts) == [], "an older file of facts does not speak of them"
    error = only(net107.RULE, installed(facts, socksio="", pysocks=""))
    assert (error.severity, error.source) == (Severity.ERROR, "")
    info = only(net107.RULE, installed(facts, socksio="1", pysocks="", modelscope="1.40"))
    assert (info.severity, info.source) == (Severity.INFO, "modelscope")
    assert findings(net107.RULE, installed(facts, socksio="1", pysocks="", modelscope="")) == []


# --- NET108 -------------------------------------------------------------------------------------------


def test_an_address_in_brackets_is_told_to_whoever_has_huggingface_hub_1() -> None:
    facts = with_setting(healthy(), "NO_PROXY", "[::1],intranet", env_line("NO_PROXY", 5))
    assert findings(net108.RULE, facts) == []
    old = Known(ClientRoad("huggingface_hub", "1.14.0", "certifi"))
    finding = only(net108.RULE, replace(facts, clients={"huggingface": old}))
    assert finding.fix is not None and finding.fix.patch == EnvPatch({"NO_PROXY": "::1,intranet"})


def test_a_hub_past_its_proxy_is_the_cause_and_without_a_route_still() -> None:
    facts = with_setting(healthy(), "HTTPS_PROXY", CLASH.url, environ("HTTPS_PROXY"))
    facts = with_setting(facts, "NO_PROXY", "huggingface.co", environ("NO_PROXY"))
    facts = offline(ending("dns", "temporary", facts=facts))
    assert only(net108.RULE, facts).fix is not None
    assert only(net101.RULE, facts).because == "NET108"
    assert findings(net100.RULE, facts) == []


def test_the_large_files_host_past_the_proxy_follows_too() -> None:
    facts = with_setting(healthy(), "HTTPS_PROXY", CLASH.url, environ("HTTPS_PROXY"))
    facts = with_setting(facts, "NO_PROXY", "hf.co", environ("NO_PROXY"))
    cdn = Known(broken("us.aws.cdn.hf.co", "tcp", "timeout"))
    facts = replace(facts, storage={**facts.storage, "huggingface": cdn})
    assert only(hub201.RULE, facts).because == "NET108"


# --- NET109 and NET111 --------------------------------------------------------------------------------


def test_a_dead_ipv6_before_both_hubs_is_one_finding() -> None:
    silent = {
        name: Known(replace(road(f"{name}.example"), silent=("2001:db8::1",)))
        for name in ("huggingface", "modelscope")
    }
    finding = only(net109.RULE, healthy(reach=silent))
    assert finding.source == "" and "10 s" in finding.message.en
    assert len(finding.evidence) == 2
    four = with_setting(healthy(reach=silent), "QTUNE_IP_FAMILY", "4", env_line("QTUNE_IP_FAMILY"))
    assert findings(net109.RULE, four) == []
    old = {"modelscope": Known(replace(road("m.example"), silent=("203.0.113.9",)))}
    assert findings(net109.RULE, healthy(reach=old)) == [], "a dead IPv4 address is another thing"


def stalled(single: int, quiet_s: float) -> Speed:
    sample = Sample(1, single, 3.0, 50, quiet_s=quiet_s)
    return Speed("model.safetensors", "cdn.hf.co", sample, None)


@pytest.mark.parametrize(
    ("single", "quiet_s", "told_of"),
    [(14_600, 2.9, True), (14_600, 0.4, False), (9 << 20, 2.5, False)],
)
def test_a_stall_is_little_data_and_long_silence(
    single: int, quiet_s: float, told_of: bool
) -> None:
    facts = hf_first(healthy())
    facts = replace(facts, speed={"huggingface": Known(stalled(single, quiet_s))}, sources=(HF,))
    found = findings(net111.RULE, facts)
    assert bool(found) == told_of
    slow = [finding.because for finding in findings(hub207.RULE, facts)]
    assert set(slow) <= {"NET111"} if told_of else "NET111" not in slow


# --- NET113 -------------------------------------------------------------------------------------------


def client(name: str, version: str, trusts: str, road: Reach, **changes: Any) -> Facts:
    source = "modelscope" if name == "modelscope" else "huggingface"
    row = ClientRoad(name, version, trusts, reach=road, **changes)  # type: ignore[arg-type]
    return healthy(clients={source: Known(row)})


UNTRUSTED = broken("modelscope.cn", "tls", "untrusted", issuer="Corp CA")


@pytest.mark.parametrize(
    ("name", "version", "trusts", "key"),
    [
        ("modelscope", "1.40.2", "certifi", "REQUESTS_CA_BUNDLE"),
        ("huggingface_hub", "1.14.0", "certifi", "SSL_CERT_FILE"),
        ("huggingface_hub", "0.36.0", "certifi", "REQUESTS_CA_BUNDLE"),
    ],
)
def test_each_client_is_mended_by_its_own_variable(
    name: str, version: str, trusts: str, key: str
) -> None:
    facts = client(name, version, trusts, UNTRUSTED, bundle="/etc/ssl/certs/ca-certificates.crt")
    finding = only(net113.RULE, facts)
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == EnvPatch({key: "/etc/ssl/certs/ca-certificates.crt"})
    assert "Corp CA" in told(finding)


def test_a_variable_that_is_set_is_replaced_by_the_user_only() -> None:
    facts = client("modelscope", "1.40.2", "REQUESTS_CA_BUNDLE", UNTRUSTED, bundle="/ca.pem")
    facts = with_setting(facts, "REQUESTS_CA_BUNDLE", "/old.pem", env_line("REQUESTS_CA_BUNDLE", 7))
    finding = only(net113.RULE, facts)
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.span is not None and finding.span.line == 7


def test_a_client_that_reads_no_proxy_otherwise_is_given_the_bare_name() -> None:
    dead = broken("modelscope.cn", "connect", "denied", proxy=CLASH)
    facts = client("modelscope", "1.40.2", "certifi", dead, other_proxy=True)
    facts = with_setting(facts, "NO_PROXY", "*.modelscope.cn", env_line("NO_PROXY", 2))
    fix = only(net113.RULE, facts).fix
    assert fix is not None and fix.applicability is Applicability.UNSAFE
    assert fix.patch == EnvPatch({"NO_PROXY": "*.modelscope.cn,modelscope.cn"})


@pytest.mark.spares("NET113")
def test_where_qtune_itself_does_not_get_there_nothing_is_said_of_others() -> None:
    facts = client("modelscope", "1.40.2", "certifi", UNTRUSTED)
    broken_too = {**facts.reach, "modelscope": Known(UNTRUSTED)}
    assert findings(net113.RULE, replace(facts, reach=broken_too)) == []
    fine = client("modelscope", "1.40.2", "certifi", road("modelscope.cn"))
    assert findings(net113.RULE, fine) == []


# --- HUB202 and HUB209 --------------------------------------------------------------------------------


def test_a_closed_xet_host_is_information_for_a_download() -> None:
    cas = broken("cas-server.xethub.hf.co", "tcp", "timeout")
    facts = healthy(xet={"huggingface": Known(Xet("1.8.0", cas))})
    finding = only(hub202.RULE, facts)
    assert finding.severity is Severity.INFO and "qtune's own download" in finding.message.en
    assert findings(hub202.RULE, replace(facts, storage={})) == []
    faulty = broken("cas-server.xethub.hf.co", "http", "status", status=503)
    assert findings(hub202.RULE, healthy(xet={"huggingface": Known(Xet("1.8.0", faulty))})) == []


def test_a_late_storage_host_speaks_of_the_other_limit() -> None:
    late = Known(road("us.aws.cdn.hf.co", first_byte_ms=4200))
    facts = healthy(storage={"huggingface": late})
    assert findings(hub209.RULE, facts) == []
    facts = with_setting(facts, "HF_HUB_DOWNLOAD_TIMEOUT", "5", env_line("X", 3))
    finding = only(hub209.RULE, facts)
    assert finding.fix is not None
    assert finding.fix.patch == EnvPatch({"HF_HUB_DOWNLOAD_TIMEOUT": "60"})


def test_no_network_stands_before_what_follows_from_it() -> None:
    facts = offline(both("dns", "temporary"))
    found: list[Finding] = [*findings(net101.RULE, facts), *findings(net100.RULE, facts)]
    assert [finding.code for finding in ordered(found)] == ["NET100", "NET101"]
