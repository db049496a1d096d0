"""The rules about hubs, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState, RateLimit
from qtune.core.origin import Origin
from qtune.core.text import Text
from qtune.doctor.facts import (
    Facts,
    Gate,
    Known,
    ProxyFact,
    Reach,
    Sample,
    SourceFact,
    Speed,
    Stage,
    TokenFact,
    Tokens,
)
from qtune.doctor.finding import Applicability, Finding, Severity
from qtune.doctor.rules.hub import (
    RULES,
    hub200,
    hub201,
    hub203,
    hub204,
    hub205,
    hub207,
    hub208,
    hub221,
)
from qtune.doctor.rules.net import net105, net106
from qtune.doctor.scope import scoped
from tests.doctor.build import (
    HF,
    MS,
    env_line,
    environ,
    granted,
    healthy,
    refused,
    road,
    speed,
    with_setting,
)
from tests.doctor.rules.judging import (
    MASKED,
    findings,
    hf_first,
    only,
    token,
    with_gate,
    with_model,
)
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.roads import PROXIED, at, broken, ending, missing, told

LLAMA = "meta-llama/Llama-2-7b-hf"
TO_MODELSCOPE = EnvPatch({"USE_MODELSCOPE": "True"})
TO_HUGGING_FACE = EnvPatch({"USE_MODELSCOPE": "False"})


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(next(rule for rule in RULES if rule.code == code)) == []


def test_a_healthy_machine_has_no_finding() -> None:
    for rule in RULES:
        assert findings(rule, healthy()) == []
        assert findings(rule, hf_first(healthy())) == []


def test_hubs_that_nobody_looked_at_are_not_judged() -> None:
    unseen = healthy(reach={}, gate={}, listing={}, storage={}, speed={}, tokens={})
    for rule in RULES:
        assert findings(rule, unseen) == []


# --- HUB200 ---------------------------------------------------------------------------------------


def test_a_silent_hub_is_told_with_the_wait_and_left_for_the_measured_other() -> None:
    finding = only(hub200.RULE, hf_first(ending("http", "timeout", took_ms=5000)))
    assert "5 s" in finding.message.en and "5 秒" in finding.message.zh
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == TO_MODELSCOPE
    assert "9.0 MB/s" in finding.fix.title.en, "the reason is a measurement"


def test_a_silent_modelscope_is_left_for_hugging_face() -> None:
    fix = only(hub200.RULE, ending("http", "timeout", "modelscope")).fix
    assert fix is not None and fix.patch == TO_HUGGING_FACE


def test_a_fault_of_the_hub_shows_its_status() -> None:
    finding = only(hub200.RULE, ending("http", "status", status=503))
    assert "503" in finding.message.en and "503" in finding.message.zh
    assert finding.fix is not None and finding.fix.url == "https://status.huggingface.co"


def test_a_page_of_a_firewall_is_not_called_the_hubs_fault() -> None:
    assert "on the way" in only(hub200.RULE, ending("http", "status", status=403)).message.en


def test_a_refusal_without_a_reason_is_quoted() -> None:
    facts = with_gate(healthy(), AccessState.UNCLEAR, 418)
    finding = only(hub200.RULE, facts)
    assert "418" in finding.message.en and "the server's own words" in told(finding)


@pytest.mark.parametrize("kind", ["portal", "not_a_hub"])
def test_somebody_else_answering_is_not_the_hubs_fault(kind: str) -> None:
    assert findings(hub200.RULE, ending("http", kind)) == []


# --- HUB201 ---------------------------------------------------------------------------------------


def stored_at(reach: Reach, facts: Facts | None = None) -> Facts:
    """Hugging Face's large files come from there."""
    facts = facts or hf_first(healthy())
    return replace(facts, storage={**facts.storage, "huggingface": Known(reach)})


def test_a_closed_storage_host_is_named_beside_the_open_hub() -> None:
    finding = only(hub201.RULE, stored_at(broken("us.aws.cdn.hf.co", "tls", "reset", 120)))
    assert "us.aws.cdn.hf.co" in finding.message.en and "us.aws.cdn.hf.co" in finding.message.zh
    assert "Hugging Face" in finding.message.en and "120 ms" in finding.message.en
    assert finding.because is None
    assert finding.fix is not None and finding.fix.patch == TO_MODELSCOPE


def test_a_storage_host_of_a_hub_that_nobody_uses_is_not_the_users_problem() -> None:
    facts = stored_at(broken("us.aws.cdn.hf.co", "tcp", "timeout"), facts=healthy())
    assert scoped(findings(hub201.RULE, facts), facts) == []


def test_a_mirror_that_relays_small_files_only_is_told_as_such() -> None:
    facts = at("https://hf-mirror.com", env_line("HF_ENDPOINT", 2))
    facts = replace(facts, sources=facts.sources[:1])
    facts = stored_at(broken("cas-bridge.xethub.hf.co", "tcp", "timeout"), facts=facts)
    finding = only(hub205.RULE, facts)
    assert finding.message.en.startswith("Hugging Face (hf-mirror.com) relays only the small files")
    assert "cas-bridge.xethub.hf.co" in finding.message.zh
    assert finding.fix is not None and finding.fix.patch is not None
    assert findings(hub201.RULE, facts) == []


def test_storage_behind_a_dead_proxy_follows_from_the_proxy() -> None:
    proxy = ProxyFact("http://127.0.0.1:7890", "HTTPS_PROXY", env_line("HTTPS_PROXY", 4))
    dead = broken("us.aws.cdn.hf.co", "proxy_tcp", "refused", proxy=proxy)
    facts = stored_at(dead)
    assert only(hub201.RULE, facts).because == "NET106"
    assert only(net106.RULE, facts).source == "huggingface"


def test_storage_that_a_working_proxy_refuses_is_a_cause_of_its_own() -> None:
    proxy = ProxyFact("http://10.0.0.9:3128", "HTTPS_PROXY", environ("HTTPS_PROXY"))
    facts = hf_first(healthy())
    through = road(
        "huggingface.co", proxy=proxy, stages=tuple(Stage(name, True, 5) for name in PROXIED)
    )
    facts = replace(facts, reach={**facts.reach, "huggingface": Known(through)})
    facts = replace(facts, sources=(HF,))
    finding = only(
        hub201.RULE,
        stored_at(broken("us.aws.cdn.hf.co", "connect", "denied", proxy=proxy), facts=facts),
    )
    assert finding.because is None
    assert finding.fix is not None and "us.aws.cdn.hf.co" in finding.fix.title.en


def test_a_host_that_fails_as_a_hub_too_is_the_cause() -> None:
    facts = ending("tcp", "timeout", "modelscope", facts=hf_first(healthy()))
    facts = stored_at(broken("modelscope.cn", "tcp", "timeout"), facts=facts)
    assert only(hub201.RULE, facts).because == "NET102"


def test_a_hub_that_cannot_be_reached_itself_has_no_storage_to_speak_of() -> None:
    facts = stored_at(broken("us.aws.cdn.hf.co", "tcp", "timeout"))
    assert findings(hub201.RULE, ending("tcp", "timeout", facts=facts)) == []


# --- HUB203 ---------------------------------------------------------------------------------------

NOT_A_URL = Text("it has no https:// in front", "前面缺少 https://")


def endpoint(value: str, origin: Origin | None = None, key: str = "HF_ENDPOINT") -> Facts:
    return with_setting(healthy(), key, value, origin or env_line(key, 7), problem=NOT_A_URL)


@pytest.mark.parametrize(
    "value",
    ["hf-mirror.com", '"https://hf-mirror.com"', "“https://hf-mirror.com”", " hf-mirror.com/ "],
)
def test_what_was_meant_is_written(value: str) -> None:
    finding = only(hub203.RULE, endpoint(value))
    assert "HF_ENDPOINT (.env line 7)" in finding.message.en and "第 7 行" in finding.message.zh
    assert finding.span is not None and finding.span.line == 7
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == EnvPatch({"HF_ENDPOINT": "https://hf-mirror.com"})


def test_a_port_without_a_scheme_may_be_a_server_without_tls() -> None:
    fix = only(hub203.RULE, endpoint("hub.corp.example:8080")).fix
    assert fix is not None and fix.applicability is Applicability.UNSAFE
    assert fix.patch == EnvPatch({"HF_ENDPOINT": "https://hub.corp.example:8080"})


@pytest.mark.parametrize("value", ["ftp://hf-mirror.com", "yes", "https://"])
def test_what_cannot_be_guessed_is_taken_out_only_when_asked(value: str) -> None:
    fix = only(hub203.RULE, endpoint(value)).fix
    assert fix is not None and fix.applicability is Applicability.UNSAFE
    assert fix.patch == EnvPatch({}, frozenset({"HF_ENDPOINT"}))


def test_modelscopes_address_is_judged_alike() -> None:
    finding = only(hub203.RULE, endpoint("www.modelscope.ai", key="MODELSCOPE_ENDPOINT"))
    assert finding.fix is not None
    assert finding.fix.patch == EnvPatch({"MODELSCOPE_ENDPOINT": "https://www.modelscope.ai"})


def with_token(
    facts: Facts, *found: TokenFact, may_go: bool, disabled: bool = False, hub: str = "huggingface"
) -> Facts:
    return replace(facts, tokens={**facts.tokens, hub: Known(Tokens(found, may_go, disabled))})


def test_plain_http_to_the_official_hub_with_a_token_is_mended() -> None:
    facts = at("http://huggingface.co", env_line("HF_ENDPOINT", 2), official=True)
    finding = only(hub203.RULE, with_token(facts, token(), may_go=False))
    assert finding.severity is Severity.ERROR
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == EnvPatch({"HF_ENDPOINT": "https://huggingface.co"})


def test_plain_http_to_a_trusted_host_is_a_warning() -> None:
    facts = at("http://hub.corp.example", environ("HF_ENDPOINT"))
    finding = only(hub203.RULE, with_token(facts, token(), may_go=True))
    assert finding.severity is Severity.WARNING
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:9", "https://h.example"]
)
def test_loopback_and_https_are_fine(address: str) -> None:
    facts = at(address, environ("HF_ENDPOINT"))
    assert findings(hub203.RULE, with_token(facts, token(), may_go=True)) == []


def test_plain_http_without_a_token_is_fine() -> None:
    facts = at("http://hub.corp.example", environ("HF_ENDPOINT"))
    assert findings(hub203.RULE, facts) == []


def test_an_address_of_ones_own_where_no_hub_answers_is_told() -> None:
    facts = ending("http", "not_a_hub", facts=at("https://example.org", env_line("HF_ENDPOINT", 2)))
    finding = only(hub203.RULE, facts)
    assert "https://example.org" in finding.message.en and ".env line 2" in finding.message.en
    assert finding.fix is not None
    assert finding.fix.patch == EnvPatch({}, frozenset({"HF_ENDPOINT"}))
    assert findings(net105.RULE, facts) == []


# --- HUB204 ---------------------------------------------------------------------------------------


def leaking(address: str = "https://hf-mirror.com", held: Origin | None = None) -> Facts:
    facts = at(address, env_line("HF_ENDPOINT", 3))
    return with_token(facts, token(held or environ("HF_TOKEN")), may_go=False)


def test_a_foreign_host_with_a_token_at_hand_is_an_error() -> None:
    finding = only(hub204.RULE, leaking())
    assert finding.severity is Severity.ERROR
    for word in ("hf-mirror.com", MASKED, "HF_ENDPOINT (.env line 3)", "variable HF_TOKEN"):
        assert word in finding.message.en
    assert "hf-mirror.com" in finding.message.zh
    assert "qtune itself sends no token" in told(finding)


def test_the_leak_is_told_whichever_hub_serves() -> None:
    facts = replace(leaking(), sources=(MS, leaking().sources[0]))
    assert only(hub204.RULE, facts).source == ""
    assert len(scoped(findings(hub204.RULE, facts), facts)) == 1


def test_an_open_model_loses_nothing_when_no_token_is_sent() -> None:
    fix = only(hub204.RULE, leaking()).fix
    assert fix is not None and fix.applicability is Applicability.SAFE
    assert fix.patch == EnvPatch({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"})
    assert "QTUNE_TRUSTED_HOSTS" in fix.title.en


def test_the_fix_mends_it() -> None:
    facts = with_token(leaking(), token(), may_go=False, disabled=True)
    assert findings(hub204.RULE, facts) == []


def test_a_gated_model_is_sent_to_the_official_hub_instead() -> None:
    facts = with_gate(leaking(), AccessState.GATED_NO_TOKEN, 401, sent_token=False)
    fix = only(hub204.RULE, facts).fix
    assert fix is not None and fix.applicability is Applicability.UNSAFE
    assert fix.patch == EnvPatch({}, frozenset({"HF_ENDPOINT"}))


def test_nothing_is_changed_where_the_gate_was_not_seen() -> None:
    fix = only(hub204.RULE, replace(leaking(), gate={})).fix
    assert fix is not None and fix.applicability is Applicability.MANUAL and fix.patch is None


def test_a_token_that_is_needed_to_push_is_not_switched_off() -> None:
    facts = leaking()
    fix = only(hub204.RULE, replace(facts, goal=replace(facts.goal, kind="push"))).fix
    assert fix is not None and fix.patch is None


def test_a_project_cannot_vouch_for_a_host() -> None:
    facts = with_setting(
        leaking(), "QTUNE_TRUSTED_HOSTS", "hf-mirror.com", env_line("QTUNE_TRUSTED_HOSTS", 4)
    )
    finding = only(hub204.RULE, facts)
    assert ".env line 4" in told(finding) and "trusted less" in told(finding)
    assert finding.fix is not None and finding.fix.patch is None
    assert finding.fix.command == "export QTUNE_TRUSTED_HOSTS=hf-mirror.com"


def test_plain_http_is_mentioned() -> None:
    assert "plain http" in told(only(hub204.RULE, leaking("http://hf-mirror.com")))


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "https://hub.corp.example"])
def test_a_host_that_may_have_the_token_is_fine(address: str) -> None:
    facts = with_token(at(address, environ("HF_ENDPOINT")), token(), may_go=True)
    assert findings(hub204.RULE, facts) == []


def test_a_loopback_host_that_nobody_called_trusted_is_foreign_too() -> None:
    assert "127.0.0.1:8000" in only(hub204.RULE, leaking("http://127.0.0.1:8000")).message.en


def test_a_mirror_without_a_token_is_fine() -> None:
    assert findings(hub204.RULE, at("https://hf-mirror.com", env_line("HF_ENDPOINT"))) == []


def test_a_mirror_of_the_list_never_gets_one() -> None:
    mirror = SourceFact("https://hf-mirror.com", "mirror", "https://hf-mirror.com", False)
    facts = replace(healthy(), sources=(HF, mirror))
    facts = with_token(facts, token(), may_go=True)
    assert findings(hub204.RULE, facts) == []


def test_modelscopes_token_leaks_the_same_way() -> None:
    facts = with_setting(
        healthy(), "MODELSCOPE_ENDPOINT", "https://ms.example.org", env_line("MODELSCOPE_ENDPOINT")
    )
    facts = replace(
        facts, sources=(SourceFact("modelscope", "modelscope", "https://ms.example.org", False),)
    )
    held = token(env_line("MODELSCOPE_API_TOKEN", 5), masked="ms-…3456")
    finding = only(hub204.RULE, with_token(facts, held, may_go=False, hub="modelscope"))
    assert "ms.example.org" in finding.message.en and "MODELSCOPE_ENDPOINT" in finding.message.en
    assert finding.fix is not None and finding.fix.patch is None


# --- HUB207 ---------------------------------------------------------------------------------------


def measured(hugging_face: Speed | None = None, modelscope: Speed | None = None) -> Facts:
    """ModelScope first, 8 GB to download."""
    rows = {"huggingface": hugging_face, "modelscope": modelscope}
    return healthy(speed={name: Known(row) for name, row in rows.items() if row is not None})


def test_the_slower_first_hub_is_compared_and_switched() -> None:
    facts = measured(speed("cdn.hf.co", 8.0), speed("cdn.modelscope.cn", 0.4))
    finding = only(hub207.RULE, facts)
    assert finding.severity is Severity.WARNING and finding.source == "modelscope"
    for word in ("400.0 kB/s", "8.0 MB/s", "8.0 GB", "5 h 33 min", "17 min"):
        assert word in finding.message.en
    assert "5 小时 33 分钟" in finding.message.zh
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    assert finding.fix.patch == TO_HUGGING_FACE
    assert scoped([finding], facts) == [finding]


@pytest.mark.parametrize(("hugging_face", "modelscope"), [(11.0, 8.0), (0.4, 8.0), (9.0, 9.0)])
def test_nothing_is_said_without_a_clear_gain(hugging_face: float, modelscope: float) -> None:
    facts = measured(speed("cdn.hf.co", hugging_face), speed("cdn.modelscope.cn", modelscope))
    assert findings(hub207.RULE, facts) == []


def test_seconds_are_not_worth_a_switch() -> None:
    facts = measured(speed("cdn.hf.co", 80.0), speed("cdn.modelscope.cn", 8.0))
    assert findings(hub207.RULE, missing(facts, 20_000_000)) == []


def test_what_is_in_the_cache_already_is_not_slow() -> None:
    facts = measured(speed("cdn.hf.co", 8.0), speed("cdn.modelscope.cn", 0.1))
    assert findings(hub207.RULE, missing(facts, 0)) == []


def test_throttling_of_each_connection_is_told() -> None:
    facts = measured(modelscope=speed("cdn.modelscope.cn", 0.2, 0.8))
    finding = only(hub207.RULE, facts)
    assert "throttled" in told(finding) and "800.0 kB/s with 4" in told(finding)
    assert "2 h 47 min" in finding.message.en
    assert finding.fix is not None and finding.fix.command == "qtune download Qwen/Qwen3-4B"


def test_a_long_download_over_a_fast_line_is_not_slow() -> None:
    facts = missing(measured(modelscope=speed("cdn.modelscope.cn", 5.0)), 400_000_000_000)
    assert findings(hub207.RULE, facts) == []


def test_a_short_download_over_a_slow_line_is_not_slow() -> None:
    facts = missing(measured(modelscope=speed("cdn.modelscope.cn", 0.3)), 900_000_000)
    assert findings(hub207.RULE, facts) == []


def test_one_connection_by_choice_is_offered_to_be_undone() -> None:
    facts = measured(modelscope=speed("cdn.modelscope.cn", 0.3))
    facts = with_setting(facts, "QTUNE_CONNECTIONS", "1", env_line("QTUNE_CONNECTIONS"))
    fix = only(hub207.RULE, facts).fix
    assert fix is not None and fix.patch == EnvPatch({}, frozenset({"QTUNE_CONNECTIONS"}))


def test_the_other_hub_is_offered_where_it_was_forbidden() -> None:
    facts = measured(modelscope=speed("cdn.modelscope.cn", 0.3))
    facts = with_setting(facts, "QTUNE_FALLBACK", "False", env_line("QTUNE_FALLBACK"))
    fix = only(hub207.RULE, replace(facts, sources=(MS,))).fix
    assert fix is not None and fix.patch == EnvPatch({"QTUNE_FALLBACK": "True"})


def test_weights_that_do_not_come_at_all_are_an_error() -> None:
    stalled = Speed(
        "model.safetensors", "cdn.modelscope.cn", Sample(1, 0, 3.0, None, "no byte"), None
    )
    facts = replace(measured(modelscope=stalled), sources=(MS,))
    finding = only(hub207.RULE, facts)
    assert finding.severity is Severity.ERROR
    assert "cdn.modelscope.cn" in finding.message.en and "no byte" in told(finding)


def test_a_hub_whose_weights_do_not_come_is_left_for_one_whose_do() -> None:
    stalled = Speed(
        "model.safetensors", "cdn.modelscope.cn", Sample(1, 0, 3.0, None, "no byte"), None
    )
    facts = measured(speed("cdn.hf.co", 8.0), stalled)
    finding = only(hub207.RULE, facts)
    assert finding.source == "modelscope"
    assert finding.fix is not None and finding.fix.patch == TO_HUGGING_FACE


# --- HUB208 ---------------------------------------------------------------------------------------


def limited(gate: Gate, remaining: int, name: str = "huggingface") -> Facts:
    limit = RateLimit(remaining, 172, 3000)
    facts = hf_first(healthy())
    return replace(facts, gate={**facts.gate, name: Known(replace(gate, rate_limit=limit))})


def test_too_many_requests_are_told_with_the_wait() -> None:
    finding = only(hub208.RULE, limited(refused(AccessState.RATE_LIMITED, 429, False), 0))
    assert finding.severity is Severity.ERROR
    assert "429" in finding.message.en and "3 min" in finding.message.en
    assert finding.fix is not None and finding.fix.patch == TO_MODELSCOPE


def test_without_another_hub_a_token_raises_the_limit() -> None:
    facts = limited(refused(AccessState.RATE_LIMITED, 429, False), 0)
    fix = only(hub208.RULE, replace(facts, sources=(HF,))).fix
    assert fix is not None and "HF_TOKEN" in fix.title.en and fix.patch is None


def test_a_token_that_is_limited_can_only_wait() -> None:
    facts = limited(refused(AccessState.RATE_LIMITED, 429, True), 0)
    finding = only(hub208.RULE, replace(facts, sources=(HF,)))
    assert "this token" in finding.message.en
    assert finding.fix is not None and "HF_TOKEN" not in finding.fix.title.en


def test_fewer_requests_than_files_is_a_warning() -> None:
    finding = only(hub208.RULE, limited(granted(), 10))
    assert finding.severity is Severity.WARNING
    assert "10/3000" in finding.message.en and "24" in finding.message.en


def test_enough_requests_or_a_token_is_fine() -> None:
    assert findings(hub208.RULE, limited(granted(), 2990)) == []
    assert findings(hub208.RULE, limited(granted(sent_token=True), 1)) == []


# --- HUB221 ---------------------------------------------------------------------------------------


ENV_LINE_2 = env_line("DEFAULT_MODEL", 2)


def absent(model: str = LLAMA) -> Facts:
    facts = with_model(healthy(), model)
    return with_gate(facts, AccessState.MISSING_OR_PRIVATE, 404, False, "modelscope")


def test_a_model_of_another_owner_there_is_hinted_at() -> None:
    finding = only(hub221.RULE, absent())
    assert LLAMA in finding.message.en and "private" in finding.message.en
    assert "LLM-Research/Llama-2-7b-hf" in told(finding)
    assert finding.fix is not None and finding.fix.patch == TO_HUGGING_FACE


def test_what_hugging_face_makes_up_for_is_a_warning() -> None:
    facts = absent("Qwen/Qwen3-4B")
    kept: list[Finding] = scoped(findings(hub221.RULE, facts), facts)
    assert [finding.severity for finding in kept] == [Severity.WARNING]


def test_without_hugging_face_the_other_name_is_a_place_to_look() -> None:
    fix = only(hub221.RULE, replace(absent(), sources=(MS,))).fix
    assert fix is not None and fix.patch is None
    assert fix.url == "https://modelscope.cn/models/LLM-Research/Llama-2-7b-hf"


def test_an_owner_that_nobody_knows_is_not_guessed() -> None:
    finding = only(hub221.RULE, replace(absent("someone/model"), sources=(MS,)))
    assert "LLM-Research" not in told(finding)
    assert finding.fix is not None and "spelling" in finding.fix.title.en


def test_a_name_close_to_a_known_model_gets_a_guess() -> None:
    fix = only(hub221.RULE, replace(absent("Qwen3-4B"), sources=(MS,))).fix
    assert fix is not None and fix.title.en == "Did you mean Qwen/Qwen3-4B?"
    facts = with_setting(absent("Qwen/Qwen3-4b"), "DEFAULT_MODEL", "Qwen/Qwen3-4b", ENV_LINE_2)
    fix = only(hub221.RULE, replace(facts, sources=(MS,))).fix
    assert fix is not None and fix.patch == EnvPatch({"DEFAULT_MODEL": "Qwen/Qwen3-4B"})
    assert fix.applicability is Applicability.UNSAFE


def test_a_name_without_an_owner_is_to_get_one() -> None:
    fix = only(hub221.RULE, replace(absent("somemodel"), sources=(MS,))).fix
    assert fix is not None and "with its owner" in fix.title.en
    assert fix.url == "https://modelscope.cn/models?name=somemodel"


def test_hugging_face_not_having_it_is_not_this_finding() -> None:
    facts = with_gate(healthy(), AccessState.MISSING_OR_PRIVATE, 404, False, "huggingface")
    assert findings(hub221.RULE, facts) == []
