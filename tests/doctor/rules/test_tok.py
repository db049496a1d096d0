"""The rules about tokens, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.hub.interface import AccessState, Identity
from qtune.core.origin import Level, Origin
from qtune.doctor.facts import EnvEntry, Facts, TokenShape, Unknown
from qtune.doctor.finding import Applicability, Finding, Severity, Span
from qtune.doctor.recommend import applicable
from qtune.doctor.rules.tok import RULES, tok300, tok301, tok302, tok303, tok304, tok306, tok312
from tests.doctor.build import ENV, env_line, environ, healthy, with_setting
from tests.doctor.rules.judging import (
    MASKED,
    entry,
    findings,
    hf_first,
    only,
    token,
    with_entries,
    with_gate,
    with_identity,
    with_model,
    with_tokens,
)
from tests.doctor.rules.pages import complaints

LLAMA = "meta-llama/Llama-2-7b-hf"
BAD = Identity(False, message="Invalid username or password.")
GOOD = Identity(True, "someone", "read")
FILE = Origin(Level.USER, path=Path("/home/someone/.cache/huggingface/token"))


def bad_token(shape: TokenShape = "ok", origin: Origin | None = None) -> Facts:
    """Hugging Face first; its token is refused, for the account and for the files."""
    facts = with_tokens(hf_first(healthy()), token(origin, shape))
    return with_gate(with_identity(facts, BAD), AccessState.BAD_TOKEN, 401)


def test_a_healthy_machine_without_any_token_has_no_finding() -> None:
    for one in RULES:
        assert findings(one, healthy()) == []


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    rule = next(rule for rule in RULES if rule.code == code)
    assert complaints(rule) == []


# --- TOK300


@pytest.mark.parametrize(
    ("state", "because"),
    [
        (AccessState.GATED_NO_TOKEN, "GATE401"),
        (AccessState.MISSING_OR_PRIVATE, "GATE400"),
    ],
)
def test_a_missing_token_is_a_note_under_the_gate_that_wants_one(
    state: AccessState, because: str
) -> None:
    facts = with_gate(with_model(hf_first(healthy()), LLAMA), state, 401, sent_token=False)
    finding = only(tok300.RULE, facts)
    assert (finding.severity, finding.because) == (Severity.INFO, because)
    assert finding.fix is not None
    assert finding.fix.url == "https://huggingface.co/settings/tokens"
    assert "HF_TOKEN=…" in finding.fix.title.en and "HF_TOKEN=…" in finding.fix.title.zh


def test_a_token_that_is_there_is_not_missing() -> None:
    facts = with_gate(hf_first(healthy()), AccessState.MISSING_OR_PRIVATE, 404)
    assert findings(tok300.RULE, with_tokens(facts, token())) == []


def test_modelscope_has_a_token_page_of_its_own() -> None:
    facts = with_gate(
        healthy(), AccessState.MISSING_OR_PRIVATE, 404, sent_token=False, source="modelscope"
    )
    finding = only(tok300.RULE, facts)
    assert finding.because == "HUB221"
    assert finding.fix is not None
    assert finding.fix.url == "https://modelscope.cn/my/myaccesstoken"
    assert "hf auth login" not in finding.message.en


# --- TOK301


def test_a_placeholder_is_removed_safely_and_named_by_its_line() -> None:
    facts = with_entries(bad_token("placeholder"), entry("HF_TOKEN", "…", line=3))
    finding = only(tok301.RULE, facts)
    assert "HF_TOKEN in .env line 3 is a placeholder" in finding.message.en
    assert ".env 第 3 行的 HF_TOKEN 是示例里的占位符" in finding.message.zh
    assert finding.severity is Severity.ERROR
    assert finding.span == Span(str(ENV), 3, 1, 3, 11)
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.unset == {"HF_TOKEN"} and not finding.fix.patch.set
    assert finding.fix.applicability is Applicability.SAFE


def test_an_older_spelling_in_env_is_removed_under_the_name_it_has_there() -> None:
    finding = only(tok301.RULE, bad_token("placeholder", env_line("HUGGING_FACE_HUB_TOKEN", 2)))
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.unset == {"HUGGING_FACE_HUB_TOKEN"}


def test_removing_a_real_token_of_the_other_hub_is_not_done_unasked() -> None:
    finding = only(tok301.RULE, bad_token("other_hub"))
    assert "a token of ModelScope" in finding.message.en
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE


def test_for_a_gated_model_a_malformed_token_is_to_be_replaced() -> None:
    finding = only(tok301.RULE, with_model(bad_token("malformed"), LLAMA))
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.MANUAL
    assert finding.fix.patch is None


def test_an_odd_shape_that_the_hub_accepts_is_no_finding() -> None:
    facts = with_tokens(hf_first(healthy()), token(shape="malformed"))
    assert findings(tok301.RULE, with_identity(facts, GOOD)) == []


def test_an_odd_shape_that_nobody_could_ask_about_is_only_a_warning() -> None:
    facts = with_tokens(hf_first(healthy()), token(shape="malformed"))
    unasked = Unknown("timeout")
    facts = replace(facts, identity={"huggingface": unasked}, gate={"huggingface": unasked})
    assert only(tok301.RULE, facts).severity is Severity.WARNING


def test_a_reference_that_was_not_filled_is_the_cause_of_the_odd_token() -> None:
    line: EnvEntry = entry("HF_TOKEN", "…", line=3, unexpanded=("MY_TOKEN",))
    assert only(tok301.RULE, with_entries(bad_token("malformed"), line)).because == "ENV810"


# --- TOK302


@pytest.mark.parametrize(
    ("shape", "en", "zh"),
    [
        ("quotes", "has quotes inside", "引号"),
        ("whitespace", "has spaces or a line end", "空格或换行"),
        ("invisible", "cannot be seen", "看不见"),
        ("bearer_prefix", '"Bearer"', "Bearer"),
    ],
)
def test_extra_characters_are_named_with_the_line_to_write(
    shape: TokenShape, en: str, zh: str
) -> None:
    finding = only(tok302.RULE, bad_token(shape))
    assert en in finding.message.en and zh in finding.message.zh
    assert finding.message.en.startswith("HF_TOKEN in .env line 3")
    assert finding.severity is Severity.ERROR
    assert finding.span == Span(str(ENV), 3, 1, 3, 1)
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.MANUAL
    assert finding.fix.title.en == "In .env line 3, write the token alone: HF_TOKEN=hf_…"
    assert finding.fix.title.zh == "在 .env 第 3 行中只写 Token 本身：HF_TOKEN=hf_…"


def test_a_trimmed_token_that_works_is_only_a_warning() -> None:
    facts = with_identity(with_tokens(hf_first(healthy()), token(shape="whitespace")), GOOD)
    assert only(tok302.RULE, facts).severity is Severity.WARNING


def test_a_clean_token_has_no_extra_characters() -> None:
    assert findings(tok302.RULE, bad_token("ok")) == []


# --- TOK303


def test_a_bad_token_is_named_down_to_the_line_of_env() -> None:
    facts = with_entries(bad_token(), entry("HF_TOKEN", "hf_…wxyz", line=3))
    finding = only(tok303.RULE, facts)
    assert f"{MASKED} from .env line 3" in finding.message.en
    assert f".env 第 3 行的 Token {MASKED}" in finding.message.zh
    assert finding.span == Span(str(ENV), 3, 1, 3, 18)
    assert [text.en for text in finding.evidence] == [
        'the hub says: "Invalid username or password."'
    ]
    assert (finding.severity, finding.because) == (Severity.ERROR, None)


def test_for_a_public_model_the_bad_token_is_taken_away_but_not_unasked() -> None:
    finding = only(tok303.RULE, bad_token())
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.unset == {"HF_TOKEN"}
    assert finding.fix.applicability is Applicability.UNSAFE


def test_for_a_gated_model_the_bad_token_is_replaced() -> None:
    finding = only(tok303.RULE, with_model(bad_token(), LLAMA))
    assert finding.fix is not None
    assert finding.fix.patch is None
    assert finding.fix.url == "https://huggingface.co/settings/tokens"


def test_a_bad_token_in_the_environment_is_unset_by_hand() -> None:
    origin = environ("HUGGING_FACE_HUB_TOKEN")
    facts = with_setting(bad_token(origin=origin), "HF_TOKEN", MASKED, origin)
    finding = applicable(only(tok303.RULE, facts), facts)
    assert "the environment variable HUGGING_FACE_HUB_TOKEN" in finding.message.en
    assert finding.span is None
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.MANUAL
    assert finding.fix.command == "unset HUGGING_FACE_HUB_TOKEN"


def test_a_bad_token_in_the_file_of_the_login_is_logged_out() -> None:
    finding = only(tok303.RULE, bad_token(origin=FILE))
    assert finding.fix is not None
    assert (finding.fix.patch, finding.fix.command) == (None, "hf auth logout")


def test_the_token_that_waits_behind_the_bad_one_is_named() -> None:
    facts = with_tokens(bad_token(), token(), token(FILE, fingerprint="bbbb", masked="hf_…abcd"))
    assert "hf_…abcd from the file" in only(tok303.RULE, facts).evidence[1].en


@pytest.mark.parametrize(
    ("shape", "cause"), [("placeholder", "TOK301"), ("quotes", "TOK302"), ("ok", None)]
)
def test_a_bad_token_follows_from_its_shape(shape: TokenShape, cause: str | None) -> None:
    assert only(tok303.RULE, bad_token(shape)).because == cause


def test_a_hub_that_could_not_be_asked_has_not_called_the_token_bad() -> None:
    facts = with_tokens(hf_first(healthy()), token())
    facts = replace(facts, identity={"huggingface": Unknown("timeout")})
    assert findings(tok303.RULE, with_gate(facts, AccessState.RATE_LIMITED, 429)) == []


def test_a_token_for_a_bad_account_hurts_little_where_files_can_be_read() -> None:
    facts = with_gate(bad_token(), AccessState.GRANTED, 200, sent_token=False)
    assert only(tok303.RULE, facts).severity is Severity.WARNING


# --- TOK304


def conflict(first: Origin, second: Origin) -> Facts:
    return with_tokens(
        hf_first(healthy()), token(first), token(second, fingerprint="bbbb", masked="hf_…abcd")
    )


def test_of_two_different_tokens_it_is_said_which_counts() -> None:
    facts = conflict(environ("HF_TOKEN"), env_line("HF_TOKEN", 3))
    finding = only(tok304.RULE, replace(facts, identity={}))
    assert finding.severity is Severity.WARNING
    assert "the one from the environment variable HF_TOKEN counts" in finding.message.en
    assert [text.en for text in finding.evidence] == [
        f"{MASKED} from the environment variable HF_TOKEN: counts",
        "hf_…abcd from .env line 3: never used",
    ]
    assert finding.span == Span(str(ENV), 3, 1, 3, 1)
    assert finding.fix is not None and finding.fix.command == "unset HF_TOKEN"


def test_the_conflict_is_a_note_when_the_token_that_counts_is_good() -> None:
    facts = with_identity(conflict(env_line("HF_TOKEN"), FILE), GOOD)
    assert only(tok304.RULE, facts).severity is Severity.INFO


def test_the_conflict_is_folded_under_the_bad_token_that_won() -> None:
    facts = with_identity(conflict(env_line("HF_TOKEN"), FILE), BAD)
    assert only(tok304.RULE, facts).because == "TOK303"


def test_the_same_token_in_two_places_is_no_conflict() -> None:
    facts = with_tokens(hf_first(healthy()), token(), token(FILE))
    assert findings(tok304.RULE, facts) == []


# --- TOK306

FINE = Identity(True, "someone", "fineGrained", can_read_gated=False)


def test_a_fine_grained_token_without_the_gated_permission_is_an_error_for_a_gated_model() -> None:
    facts = with_model(with_tokens(hf_first(healthy()), token()), LLAMA)
    facts = with_gate(with_identity(facts, FINE), AccessState.TOKEN_CANNOT_SEE_GATED)
    finding = only(tok306.RULE, facts)
    assert finding.severity is Severity.ERROR
    assert ".env line 3" in finding.message.en and LLAMA in finding.message.zh
    assert finding.fix is not None
    assert "public gated repos" in finding.fix.title.en


def test_a_fine_grained_token_is_fine_for_a_public_model() -> None:
    facts = with_identity(with_tokens(hf_first(healthy()), token()), FINE)
    assert findings(tok306.RULE, facts) == []


def test_a_write_token_is_a_note_unless_something_is_to_be_uploaded() -> None:
    facts = with_identity(
        with_tokens(hf_first(healthy()), token()), Identity(True, "someone", "write")
    )
    assert only(tok306.RULE, facts).severity is Severity.INFO
    pushing = replace(facts, goal=replace(facts.goal, kind="push"))
    assert findings(tok306.RULE, pushing) == []


# --- TOK312


def modelscope_bad(state: AccessState) -> Facts:
    held = token(env_line("MODELSCOPE_API_TOKEN", 5), masked="ms-…wxyz")
    facts = with_tokens(healthy(), held, source="modelscope")
    facts = with_identity(facts, Identity(False, message="token error"), "modelscope")
    return with_gate(facts, state, 404, source="modelscope")


def test_a_bad_modelscope_token_is_an_error_for_a_model_that_cannot_be_read() -> None:
    finding: Finding = only(tok312.RULE, modelscope_bad(AccessState.MISSING_OR_PRIVATE))
    assert finding.severity is Severity.ERROR
    assert "ms-…wxyz from .env line 5" in finding.message.en
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.unset == {"MODELSCOPE_API_TOKEN"}
    assert finding.fix.applicability is Applicability.UNSAFE
    assert findings(tok303.RULE, modelscope_bad(AccessState.MISSING_OR_PRIVATE)) == []


def test_a_bad_modelscope_token_is_a_warning_for_a_public_model() -> None:
    assert only(tok312.RULE, modelscope_bad(AccessState.GRANTED)).severity is Severity.WARNING


def test_a_bad_hugging_face_token_is_not_modelscopes() -> None:
    assert findings(tok312.RULE, bad_token()) == []
