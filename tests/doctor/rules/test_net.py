"""The rules about the road to a host, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level, Origin
from qtune.doctor.facts import Facts, Known, ProxyFact, StageName
from qtune.doctor.finding import Applicability, Severity, Span
from qtune.doctor.rules.hub import hub200, hub201
from qtune.doctor.rules.net import RULES, net101, net102, net103, net105, net106, net110
from qtune.doctor.scope import scoped
from tests.doctor.build import ENV, env_line, environ, healthy, with_setting
from tests.doctor.rules.judging import findings, hf_first, only
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.roads import at, broken, ending, through, told

CLASH = ProxyFact("http://127.0.0.1:7890", "HTTPS_PROXY", env_line("HTTPS_PROXY", 4))
TO_MODELSCOPE = EnvPatch({"USE_MODELSCOPE": "True"})


def proxied(stage: StageName, kind: str, proxy: ProxyFact = CLASH) -> Facts:
    """Both hubs behind one proxy, at which both roads end."""
    facts = with_setting(healthy(), "HTTPS_PROXY", proxy.url, proxy.origin)
    return ending(stage, kind, "huggingface", "modelscope", facts=facts, proxy=proxy)


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(next(rule for rule in RULES if rule.code == code)) == []


def test_a_healthy_machine_has_no_finding() -> None:
    for rule in RULES:
        assert findings(rule, healthy()) == []


def test_roads_that_nobody_looked_at_are_not_judged() -> None:
    for rule in RULES:
        assert findings(rule, healthy(reach={}, storage={})) == []


def test_fake_addresses_of_a_local_proxy_program_are_fine_while_the_connection_works() -> None:
    facts = healthy()
    reach = facts.reach["huggingface"]
    assert isinstance(reach, Known)
    fake = Known(replace(reach.value, addresses=("198.18.0.12",), issuer="Corp Root CA"))
    for rule in RULES:
        assert findings(rule, replace(facts, reach={**facts.reach, "huggingface": fake})) == []


# --- NET101 ---------------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve_is_named_with_the_time_it_took() -> None:
    finding = only(net101.RULE, hf_first(ending("dns", "nxdomain", took_ms=42)))
    assert finding.severity is Severity.ERROR and finding.source == "huggingface"
    assert "huggingface.co" in finding.message.en and "huggingface.co" in finding.message.zh
    assert "DNS failed after 42 ms" in told(finding)


def test_the_first_hubs_trouble_is_mended_by_the_measured_other_hub() -> None:
    fix = only(net101.RULE, hf_first(ending("dns", "nxdomain"))).fix
    assert fix is not None and fix.applicability is Applicability.SAFE
    assert fix.patch == TO_MODELSCOPE
    assert "9.0 MB/s" in fix.title.en


def test_no_switch_is_offered_away_from_a_hub_that_does_not_come_first() -> None:
    fix = only(net101.RULE, ending("dns", "temporary")).fix
    assert fix is not None and fix.patch is None
    assert fix.command == "nslookup huggingface.co"


def test_a_blocked_name_shows_the_address_that_leads_nowhere() -> None:
    finding = only(net101.RULE, ending("dns", "blocked", addresses=("0.0.0.0",)))
    assert "0.0.0.0" in finding.message.en and "0.0.0.0" in finding.message.zh
    assert finding.fix is not None and "hosts file" in finding.fix.title.en


def test_no_name_at_all_is_one_finding_about_the_machine() -> None:
    finding = only(net101.RULE, ending("dns", "temporary", "huggingface", "modelscope"))
    assert finding.source == ""
    for host in ("huggingface.co", "modelscope.cn"):
        assert host in finding.message.en and host in finding.message.zh
    assert finding.fix is not None and finding.fix.patch is None


def test_a_mirror_whose_name_does_not_exist_is_shown_at_its_line() -> None:
    facts = at("https://hf-mirorr.com", env_line("HF_ENDPOINT", 6))
    facts = ending("dns", "nxdomain", "huggingface", "modelscope", facts=facts)
    facts = replace(facts, sources=facts.sources[:1])
    finding = only(net101.RULE, facts)
    assert finding.span is not None and (finding.span.path, finding.span.line) == (str(ENV), 6)
    assert "HF_ENDPOINT=https://hf-mirorr.com (.env line 6)" in told(finding)
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.patch == EnvPatch({}, frozenset({"HF_ENDPOINT"}))


# --- NET102 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("refused", "refuses"),
        ("timeout", "within 3 s"),
        ("reset", "cut"),
        ("unreachable", "no route"),
        ("something new", "no connection"),
    ],
)
def test_each_way_not_to_connect_has_its_own_words(kind: str, word: str) -> None:
    finding = only(net102.RULE, ending("tcp", kind))
    assert word in finding.message.en
    assert "203.0.113.7" in told(finding) and "TCP failed after 3000 ms" in told(finding)


def test_a_closed_road_switches_to_the_open_one() -> None:
    fix = only(net102.RULE, hf_first(ending("tcp", "timeout"))).fix
    assert fix is not None and fix.patch == TO_MODELSCOPE


def test_a_fake_address_is_worth_a_word_once_the_connection_fails() -> None:
    finding = only(net102.RULE, ending("tcp", "timeout", addresses=("198.18.0.12", "198.18.0.13")))
    assert "198.18.0.0/15" in told(finding)
    assert finding.fix is not None and "proxy program" in finding.fix.title.en


def test_a_name_that_fails_is_not_also_a_connection_that_fails() -> None:
    for rule in (net102, net103, net105):
        assert findings(rule.RULE, ending("dns", "nxdomain")) == []


# --- NET103 ---------------------------------------------------------------------------------------


def test_an_untrusted_certificate_names_its_issuer() -> None:
    finding = only(net103.RULE, ending("tls", "untrusted", issuer="ACME Web Filter CA"))
    assert "ACME Web Filter CA" in finding.message.en and "ACME Web Filter CA" in finding.message.zh
    assert finding.fix is not None and finding.fix.patch is None
    assert "SSL_CERT_FILE" in finding.fix.title.en and "huggingface.co:443" in finding.fix.command


def test_a_ca_known_to_requests_only_is_offered_to_the_others() -> None:
    facts = with_setting(
        ending("tls", "untrusted"),
        "REQUESTS_CA_BUNDLE",
        "/etc/corp.pem",
        env_line("REQUESTS_CA_BUNDLE"),
    )
    fix = only(net103.RULE, facts).fix
    assert fix is not None and fix.patch == EnvPatch({"SSL_CERT_FILE": "/etc/corp.pem"})
    assert fix.applicability is Applicability.UNSAFE, "whom to trust is the user's to say"


def test_a_ca_file_that_replaces_the_systems_is_named_as_the_cause() -> None:
    facts = with_setting(
        ending("tls", "untrusted"), "SSL_CERT_FILE", "/etc/corp.pem", environ("SSL_CERT_FILE")
    )
    fix = only(net103.RULE, facts).fix
    assert fix is not None and "/etc/corp.pem" in fix.title.en
    assert fix.patch == EnvPatch({}, frozenset({"SSL_CERT_FILE"}))


@pytest.mark.parametrize("kind", ["expired", "not_yet"])
def test_a_date_that_does_not_fit_points_at_the_clock(kind: str) -> None:
    finding = only(net103.RULE, ending("tls", kind))
    assert "clock" in finding.message.en and "时钟" in finding.message.zh
    assert finding.fix is not None and finding.fix.command == "date -u"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("self_signed", "self-signed"),
        ("hostname", "another host"),
        ("plaintext", "plain text"),
        ("reset", "filtered"),
        ("timeout", "handshake"),
        ("other", "handshake"),
    ],
)
def test_each_way_to_fail_at_tls_has_its_own_words(kind: str, word: str) -> None:
    assert word in only(net103.RULE, ending("tls", kind)).message.en


def test_a_proxy_written_with_https_is_rewritten() -> None:
    proxy = replace(CLASH, url="https://127.0.0.1:7890")
    facts = with_setting(healthy(), "HTTPS_PROXY", proxy.url, proxy.origin)
    fix = only(net103.RULE, ending("tls", "plaintext", facts=facts, proxy=proxy)).fix
    assert fix is not None and fix.patch == EnvPatch({"HTTPS_PROXY": "http://127.0.0.1:7890"})


# --- NET105 ---------------------------------------------------------------------------------------


def test_a_page_to_sign_in_at_is_told_with_the_address_to_open() -> None:
    facts = ending(
        "http", "portal", "huggingface", "modelscope", detail="it answered 200 with a web page"
    )
    finding = only(net105.RULE, facts)
    assert "it answered 200 with a web page" in told(finding)
    assert finding.fix is not None and finding.fix.url == "https://modelscope.cn/"


def test_what_answers_for_the_official_host_and_is_no_hub_stands_in_between() -> None:
    assert only(net105.RULE, ending("http", "not_a_hub")).source == "huggingface"


def test_an_address_of_ones_own_that_is_no_hub_is_not_a_portal() -> None:
    facts = ending("http", "not_a_hub", facts=at("https://example.org", env_line("HF_ENDPOINT", 2)))
    assert findings(net105.RULE, facts) == []


def test_a_hub_with_a_fault_of_its_own_is_not_a_portal() -> None:
    assert findings(net105.RULE, ending("http", "status", status=503)) == []


# --- NET106 ---------------------------------------------------------------------------------------


def test_a_dead_proxy_before_both_hubs_is_one_finding_at_its_line() -> None:
    finding = only(net106.RULE, proxied("proxy_tcp", "refused"))
    assert finding.source == "" and finding.severity is Severity.ERROR
    assert "HTTPS_PROXY (.env line 4)" in finding.message.en
    assert "127.0.0.1:7890" in finding.message.en and "127.0.0.1:7890" in finding.message.zh
    assert "Hugging Face" in finding.message.en and "ModelScope" in finding.message.en
    assert finding.span == Span(str(ENV), 4, 1, 4, 1)
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.patch == EnvPatch({}, frozenset({"HTTPS_PROXY"}))


def test_nothing_else_is_said_of_hubs_behind_a_dead_proxy() -> None:
    facts = proxied("proxy_tcp", "refused")
    for rule in (net101, net102, net103, net105, hub200, hub201):
        assert findings(rule.RULE, facts) == []


def test_a_proxy_of_the_environment_is_unset_by_its_own_name() -> None:
    proxy = ProxyFact("http://127.0.0.1:7890", "https_proxy", environ("https_proxy"))
    fix = only(net106.RULE, proxied("proxy_tcp", "refused", proxy)).fix
    assert fix is not None and fix.command == "unset https_proxy"
    assert fix.patch == EnvPatch({}, frozenset({"HTTPS_PROXY"}))


def test_a_lower_case_line_of_env_is_removed_by_the_name_it_has() -> None:
    proxy = replace(CLASH, key="https_proxy", origin=env_line("https_proxy", 4))
    fix = only(net106.RULE, proxied("proxy_tcp", "timeout", proxy)).fix
    assert fix is not None and fix.patch == EnvPatch({}, frozenset({"https_proxy"}))


@pytest.mark.parametrize(
    ("stage", "kind", "word"),
    [
        ("proxy_dns", "nxdomain", "name cannot be resolved"),
        ("proxy_tcp", "timeout", "did not answer"),
        ("connect", "auth", "407"),
        ("connect", "denied", "opens no connection"),
        ("connect", "timeout", "silent"),
        ("connect", "reset", "cut"),
        ("connect", "not_a_proxy", "not a proxy"),
    ],
)
def test_each_way_a_proxy_fails_has_its_own_words(stage: StageName, kind: str, word: str) -> None:
    assert word in only(net106.RULE, proxied(stage, kind)).message.en


def test_a_proxy_that_wants_a_password_is_not_mended_by_a_patch() -> None:
    fix = only(net106.RULE, proxied("connect", "auth")).fix
    assert fix is not None and fix.patch is None and "user" in fix.title.en


def test_what_is_no_http_proxy_may_be_a_socks_port() -> None:
    fix = only(net106.RULE, proxied("connect", "not_a_proxy")).fix
    assert fix is not None and fix.patch == EnvPatch({"HTTPS_PROXY": "socks5h://127.0.0.1:7890"})
    assert fix.applicability is Applicability.UNSAFE


def bad(value: str, reason: str) -> Facts:
    proxy = ProxyFact("", "ALL_PROXY", env_line("ALL_PROXY", 2), reason)
    facts = with_setting(healthy(), "ALL_PROXY", value, env_line("ALL_PROXY", 2))
    return ending("proxy_dns", reason, "huggingface", "modelscope", facts=facts, proxy=proxy)


def test_the_socks_of_desktop_programs_is_written_as_clients_know_it() -> None:
    finding = only(net106.RULE, bad("socks://127.0.0.1:1080/", "scheme"))
    assert "ALL_PROXY (.env line 2)" in finding.message.en
    assert "ALL_PROXY=socks://127.0.0.1:1080/" in told(finding)
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == EnvPatch({"ALL_PROXY": "socks5h://127.0.0.1:1080"})


def test_a_proxys_password_is_never_written_over() -> None:
    fix = only(net106.RULE, bad("socks://…@127.0.0.1:1080", "scheme")).fix
    assert fix is not None and fix.patch is None and fix.applicability is Applicability.MANUAL


@pytest.mark.parametrize("reason", ["port", "host"])
def test_an_address_that_is_none_is_told_by_what_is_wrong_with_it(reason: str) -> None:
    finding = only(net106.RULE, bad("http://:99999", reason))
    assert reason in finding.message.en
    assert finding.fix is not None and finding.fix.patch is None


def test_the_systems_proxy_is_mended_in_the_system() -> None:
    proxy = ProxyFact("http://10.0.0.9:3128", "SYSTEM", Origin(Level.USER, "SYSTEM"))
    finding = only(net106.RULE, proxied("proxy_tcp", "refused", proxy))
    assert "the system's proxy settings" in finding.message.en
    assert finding.fix is not None and finding.fix.patch is None


def test_a_proxy_that_refuses_one_hub_only_is_that_hubs_trouble() -> None:
    facts = through(CLASH, "modelscope")
    facts = ending("connect", "denied", facts=facts, proxy=CLASH)
    assert only(net106.RULE, facts).source == "huggingface"
    assert scoped(findings(net106.RULE, facts), facts) == [], "ModelScope serves, and comes first"


def test_a_proxy_that_lets_the_hub_through_and_not_its_storage_is_not_dead() -> None:
    facts = through(CLASH, "huggingface", "modelscope")
    cdn = Known(broken("us.aws.cdn.hf.co", "connect", "denied", proxy=CLASH))
    facts = replace(facts, storage={**facts.storage, "huggingface": cdn})
    assert findings(net106.RULE, facts) == []


def test_a_working_proxy_is_no_finding() -> None:
    assert findings(net106.RULE, through(CLASH, "huggingface", "modelscope")) == []


# --- NET110 ---------------------------------------------------------------------------------------


def test_a_ca_file_that_cannot_be_read_is_one_finding_for_all_hubs() -> None:
    facts = with_setting(
        healthy(), "SSL_CERT_FILE", "/missing/ca.pem", env_line("SSL_CERT_FILE", 9)
    )
    no_ca = {
        name: Known(replace(broken("x", "dns", ""), stages=(replace(stage, name="tls"),)))
        for name in ("huggingface", "modelscope")
        for stage in broken("x", "dns", "other", 0).stages
    }
    facts = replace(facts, reach=no_ca)
    finding = only(net110.RULE, facts)
    assert "/missing/ca.pem" in finding.message.en and ".env line 9" in finding.message.en
    assert finding.fix is not None
    assert finding.fix.patch == EnvPatch({}, frozenset({"SSL_CERT_FILE"}))
    assert findings(net103.RULE, facts) == [], "nobody's certificate was looked at"


def test_a_certificate_that_fails_is_not_a_ca_file_that_cannot_be_read() -> None:
    assert findings(net110.RULE, ending("tls", "other")) == []
