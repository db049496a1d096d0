"""The rules about access to a repository, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.core.hub.interface import AccessState, Identity
from qtune.doctor.facts import Facts, Known, SourceFact, Tokens, TokenShape
from qtune.doctor.finding import Applicability, Severity, Span
from qtune.doctor.rule import Rule
from qtune.doctor.rules.gate import (
    RULES,
    gate400,
    gate401,
    gate402,
    gate403,
    gate404,
    gate405,
    gate406,
    gate407,
    gate408,
)
from qtune.doctor.scope import scoped
from tests.doctor.build import ENV, env_line, healthy, with_setting
from tests.doctor.rules.judging import (
    MASKED,
    findings,
    hf_first,
    only,
    token,
    with_gate,
    with_identity,
    with_model,
    with_tokens,
)
from tests.doctor.rules.pages import complaints

LLAMA = "meta-llama/Llama-2-7b-hf"
MIRROR = SourceFact("https://hf-mirror.com", "mirror", "https://hf-mirror.com", False)


def gated(state: AccessState, status: int = 403, sent_token: bool = True) -> Facts:
    """Hugging Face first; the gate of LLaMA is in `state`."""
    facts = with_model(hf_first(healthy()), LLAMA)
    if sent_token:
        facts = with_tokens(facts, token())
    return with_gate(facts, state, status, sent_token)


def test_a_healthy_machine_has_no_finding() -> None:
    for rule in RULES:
        assert findings(rule, healthy()) == []


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(next(rule for rule in RULES if rule.code == code)) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AccessState.MISSING_OR_PRIVATE, gate400.RULE),
        (AccessState.GATED_NO_TOKEN, gate401.RULE),
        (AccessState.NOT_ACCEPTED, gate402.RULE),
        (AccessState.PENDING, gate403.RULE),
        (AccessState.REJECTED, gate404.RULE),
        (AccessState.TOKEN_CANNOT_SEE_GATED, gate405.RULE),
        (AccessState.REGION, gate406.RULE),
        (AccessState.DISABLED, gate407.RULE),
        (AccessState.NO_REVISION, gate408.RULE),
    ],
)
def test_each_refusal_is_told_by_exactly_one_rule(state: AccessState, expected: Rule) -> None:
    facts = gated(state)
    told = [rule.code for rule in RULES if findings(rule, facts)]
    assert told == [expected.code]
    finding = only(expected, facts)
    assert (finding.severity, finding.source) == (Severity.ERROR, "huggingface")
    assert finding.url == f"https://huggingface.co/{LLAMA}"
    assert LLAMA in finding.message.en and LLAMA in finding.message.zh
    assert "the server's own words" in finding.evidence[0].en
    assert finding.evidence[1].en == f"asked with the token {MASKED} from .env line 3"
    assert finding.evidence[1].zh == f"请求使用了来自 .env 第 3 行的 Token {MASKED}"
    assert finding.fix is not None


@pytest.mark.parametrize(
    "state", [AccessState.BAD_TOKEN, AccessState.RATE_LIMITED, AccessState.UNCLEAR]
)
def test_what_is_no_gate_is_left_to_other_rules(state: AccessState) -> None:
    assert [rule.code for rule in RULES if findings(rule, gated(state))] == []


def test_the_gate_of_a_model_that_only_hugging_face_has_is_told_although_modelscope_comes_first() -> (
    None
):
    facts = with_model(healthy(), LLAMA)
    facts = with_gate(facts, AccessState.MISSING_OR_PRIVATE, 404, False, "modelscope")
    facts = with_gate(facts, AccessState.GATED_NO_TOKEN, 401, False)
    kept = scoped(findings(gate401.RULE, facts), facts)
    assert [(f.code, f.severity) for f in kept] == [("GATE401", Severity.ERROR)]


def test_a_gate_on_a_hub_that_is_not_needed_is_dropped() -> None:
    facts = with_gate(healthy(), AccessState.REGION)
    assert scoped(findings(gate406.RULE, facts), facts) == []


# --- GATE400


def test_missing_or_private_is_said_as_one_because_the_hub_does_not_tell() -> None:
    finding = only(gate400.RULE, gated(AccessState.MISSING_OR_PRIVATE, 401, sent_token=False))
    assert "missing or private" in finding.message.en
    assert "不会说明是哪一种" in finding.message.zh
    assert finding.fix is not None
    assert finding.fix.url == f"https://huggingface.co/{LLAMA}"


def test_with_a_token_its_place_is_named() -> None:
    finding = only(gate400.RULE, gated(AccessState.MISSING_OR_PRIVATE, 404))
    assert "missing or private" in finding.message.en
    assert "the token from .env line 3 may not see it" in finding.message.en


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Qwen/Qwen3-4b", "Qwen/Qwen3-4B"),
        ("Qwen3-4B", "Qwen/Qwen3-4B"),
        ("Qwen/Qwen-3-4B", "Qwen/Qwen3-4B"),
        ('"Qwen/Qwen3-0.6B"', "Qwen/Qwen3-0.6B"),
        ("meta-llama/Llama-2-7b", "meta-llama/Llama-2-7b-hf"),
    ],
)
def test_a_name_close_to_a_known_model_gets_a_guess(written: str, meant: str) -> None:
    facts = with_model(gated(AccessState.MISSING_OR_PRIVATE, 404), written)
    finding = only(gate400.RULE, facts)
    assert finding.fix is not None
    assert finding.fix.title.en == f"Did you mean {meant}?"
    assert finding.fix.command == f"qtune doctor {meant}"
    assert finding.fix.applicability is Applicability.MANUAL


@pytest.mark.parametrize("written", ["someone/something-else", "Qwen/Qwen3-4B"])
def test_a_name_like_no_other_or_already_right_gets_no_guess(written: str) -> None:
    facts = with_model(gated(AccessState.MISSING_OR_PRIVATE, 404), written)
    finding = only(gate400.RULE, facts)
    assert finding.fix is not None and "Did you mean" not in finding.fix.title.en


def test_a_misspelt_default_model_is_named_by_its_line_and_can_be_patched() -> None:
    facts = with_model(gated(AccessState.MISSING_OR_PRIVATE, 404), "Qwen/Qwen3-4b")
    facts = with_setting(facts, "DEFAULT_MODEL", "Qwen/Qwen3-4b", env_line("DEFAULT_MODEL", 2))
    finding = only(gate400.RULE, facts)
    assert "DEFAULT_MODEL, .env line 2" in finding.message.en
    assert finding.span == Span(str(ENV), 2, 1, 2, 1)
    assert finding.fix is not None and finding.fix.patch is not None
    assert dict(finding.fix.patch.set) == {"DEFAULT_MODEL": "Qwen/Qwen3-4B"}
    assert finding.fix.applicability is Applicability.UNSAFE


def test_a_path_that_leads_nowhere_is_not_only_called_a_repository() -> None:
    facts = with_model(gated(AccessState.MISSING_OR_PRIVATE, 404), "./models/qwen")
    assert any("if a folder was meant" in text.en for text in only(gate400.RULE, facts).evidence)


def test_a_model_missing_on_modelscope_is_not_this_rules_business() -> None:
    facts = with_gate(
        healthy(), AccessState.MISSING_OR_PRIVATE, 404, sent_token=False, source="modelscope"
    )
    assert findings(gate400.RULE, facts) == []


# --- GATE401


def test_without_a_token_the_way_to_one_is_told() -> None:
    finding = only(gate401.RULE, gated(AccessState.GATED_NO_TOKEN, 401, sent_token=False))
    assert finding.because is None
    assert finding.fix is not None
    for text in (finding.fix.title.en, finding.fix.title.zh):
        assert f"https://huggingface.co/{LLAMA}" in text
        assert "https://huggingface.co/settings/tokens" in text
        assert "HF_TOKEN=hf_…" in text


def held(
    shape: TokenShape = "ok", disabled: bool = False, endpoint: str = "https://huggingface.co"
) -> Facts:
    """A gated model, and a token that was not sent."""
    facts = gated(AccessState.GATED_NO_TOKEN, 401, sent_token=False)
    official = endpoint == "https://huggingface.co"
    hub = SourceFact("huggingface", "huggingface", endpoint, official)
    tokens = Tokens((token(shape=shape),), False, disabled)
    return replace(facts, sources=(hub,), tokens={"huggingface": Known(tokens)})


def test_a_token_that_may_not_be_sent_unasked_is_let_go() -> None:
    finding = only(gate401.RULE, held(disabled=True))
    assert "HF_HUB_DISABLE_IMPLICIT_TOKEN is on" in finding.message.en
    assert ".env 第 3 行中有一个" in finding.message.zh
    assert finding.fix is not None and finding.fix.patch is not None
    assert dict(finding.fix.patch.set) == {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "False"}
    assert finding.fix.applicability is Applicability.UNSAFE


@pytest.mark.parametrize(("shape", "cause"), [("invisible", "TOK302"), ("placeholder", "TOK301")])
def test_a_token_that_cannot_be_sent_is_the_cause(shape: TokenShape, cause: str) -> None:
    assert only(gate401.RULE, held(shape)).because == cause


def test_behind_a_foreign_endpoint_the_token_is_held_back_and_the_endpoint_is_to_go() -> None:
    facts = held(endpoint="https://hf-mirror.com")
    facts = with_setting(facts, "HF_ENDPOINT", "https://hf-mirror.com", env_line("HF_ENDPOINT", 1))
    finding = only(gate401.RULE, facts)
    assert finding.because == "HUB204"
    assert finding.url == f"https://huggingface.co/{LLAMA}"
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.unset == {"HF_ENDPOINT"}
    assert finding.fix.applicability is Applicability.UNSAFE


def test_a_companys_own_hub_that_is_trusted_has_its_own_pages() -> None:
    facts = gated(AccessState.GATED_NO_TOKEN, 401, sent_token=False)
    hub = SourceFact("huggingface", "huggingface", "https://hub.corp.example:8443", False)
    facts = with_setting(
        replace(facts, sources=(hub,)),
        "QTUNE_TRUSTED_HOSTS",
        "other.example, hub.corp.example:8443",
        env_line("QTUNE_TRUSTED_HOSTS"),
    )
    finding = only(gate401.RULE, facts)
    assert finding.url == f"https://hub.corp.example:8443/{LLAMA}"
    assert finding.fix is not None
    assert "https://hub.corp.example:8443/settings/tokens" in finding.fix.title.en


def test_a_mirror_cannot_serve_a_gated_model() -> None:
    facts = with_model(healthy(sources=(MIRROR,)), LLAMA)
    facts = with_gate(facts, AccessState.GATED_NO_TOKEN, 401, False, MIRROR.name)
    finding = only(gate401.RULE, facts)
    assert finding.fix is not None
    assert "https://hf-mirror.com gets no token" in finding.fix.title.en
    assert finding.fix.applicability is Applicability.MANUAL


# --- the others


def test_the_account_that_has_not_accepted_is_named() -> None:
    facts = with_identity(gated(AccessState.NOT_ACCEPTED), Identity(True, "someone", "read"))
    finding = only(gate402.RULE, facts)
    assert "the account someone has no access" in finding.message.en
    assert "账号 someone 没有" in finding.message.zh
    assert finding.fix is not None
    assert finding.fix.url == f"https://huggingface.co/{LLAMA}"
    assert finding.fix.applicability is Applicability.MANUAL


@pytest.mark.parametrize(("narrow", "cause"), [(False, "TOK306"), (True, None), (None, None)])
def test_a_token_that_cannot_see_gated_models_follows_from_its_permissions(
    narrow: bool | None, cause: str | None
) -> None:
    facts = with_identity(
        gated(AccessState.TOKEN_CANNOT_SEE_GATED),
        Identity(True, "someone", "fineGrained", can_read_gated=narrow),
    )
    finding = only(gate405.RULE, facts)
    assert finding.because == cause
    assert finding.span == Span(str(ENV), 3, 1, 3, 1)


def test_another_region_is_left_by_another_hub_only_for_the_same_owner() -> None:
    qwen = only(gate406.RULE, with_model(gated(AccessState.REGION), "Qwen/Qwen3-4B"))
    assert qwen.fix is not None and qwen.fix.patch is not None
    assert dict(qwen.fix.patch.set) == {"USE_MODELSCOPE": "True"}
    llama = only(gate406.RULE, gated(AccessState.REGION))
    assert llama.fix is not None and llama.fix.patch is None


@pytest.mark.parametrize(
    ("source", "revision", "branch"),
    [("modelscope", "main", "master"), ("huggingface", "master", "main")],
)
def test_the_other_hubs_branch_is_to_be_left_out(source: str, revision: str, branch: str) -> None:
    facts = with_gate(healthy(), AccessState.NO_REVISION, 404, False, source)
    facts = replace(facts, goal=replace(facts.goal, revision=revision))
    finding = only(gate408.RULE, facts)
    assert f"no revision '{revision}'" in finding.message.en
    assert finding.fix is not None
    assert finding.fix.title.en.endswith(f"calls its default branch {branch}")


def test_a_missing_file_is_named_where_no_revision_was_asked_for() -> None:
    assert "no file config.json" in only(gate408.RULE, gated(AccessState.NO_REVISION)).message.en


def test_pending_and_rejected_differ_in_what_can_still_be_done() -> None:
    pending = only(gate403.RULE, gated(AccessState.PENDING))
    rejected = only(gate404.RULE, gated(AccessState.REJECTED))
    assert pending.fix is not None and pending.fix.title.en.startswith("Wait for the authors")
    assert rejected.fix is not None and rejected.fix.title.en.startswith("Use another model")


def test_a_disabled_repository_cannot_be_had_by_anybody() -> None:
    finding = only(gate407.RULE, gated(AccessState.DISABLED))
    assert "has disabled" in finding.message.en and "停用" in finding.message.zh
