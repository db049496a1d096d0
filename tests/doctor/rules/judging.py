"""What the tests of rules share: facts with a token or a refusal in them, and the findings of one rule."""

from __future__ import annotations

from dataclasses import replace

from qtune.core.hub.interface import AccessState, Identity
from qtune.core.origin import Origin
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, Known, TokenFact, Tokens, TokenShape
from qtune.doctor.finding import Finding
from qtune.doctor.rule import Rule
from tests.doctor.build import ENV, HF, MS, env_line, granted, refused

MASKED = "hf_…wxyz"


def findings(rule: Rule, facts: Facts) -> list[Finding]:
    return list(rule.judge(facts))


def only(rule: Rule, facts: Facts) -> Finding:
    found = findings(rule, facts)
    assert len(found) == 1, found
    assert found[0].code == rule.code
    for text in (found[0].message, *found[0].evidence):
        assert text.en and text.zh and text.zh != "None"
    return found[0]


def token(
    origin: Origin | None = None,
    shape: TokenShape = "ok",
    fingerprint: str = "aaaa",
    masked: str = MASKED,
) -> TokenFact:
    return TokenFact(origin or env_line("HF_TOKEN", 3), masked, shape, fingerprint)


def hf_first(facts: Facts) -> Facts:
    return replace(facts, sources=(HF, MS))


def with_tokens(facts: Facts, *found: TokenFact, source: str = "huggingface") -> Facts:
    return replace(facts, tokens={**facts.tokens, source: Known(Tokens(found, True))})


def with_identity(facts: Facts, identity: Identity, source: str = "huggingface") -> Facts:
    return replace(facts, identity={**facts.identity, source: Known(identity)})


def with_gate(
    facts: Facts,
    state: AccessState,
    status: int = 403,
    sent_token: bool = True,
    source: str = "huggingface",
) -> Facts:
    gate = (
        granted(sent_token) if state is AccessState.GRANTED else refused(state, status, sent_token)
    )
    return replace(facts, gate={**facts.gate, source: Known(gate)})


def with_model(facts: Facts, model: str) -> Facts:
    return replace(facts, goal=replace(facts.goal, model=model))


def entry(key: str, shown: str = "", line: int = 1, **changes: object) -> EnvEntry:
    """`KEY=shown` from the first column on."""
    value_column = len(key) + 2
    made = EnvEntry(
        key=key,
        shown=shown,
        line=line,
        column=1,
        value_column=value_column,
        end_line=line,
        end_column=value_column + len(shown),
        quote="",
        empty=not shown,
        looks_secret="TOKEN" in key,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def with_entries(facts: Facts, *entries: EnvEntry, **changes: object) -> Facts:
    file = EnvFile(str(ENV), True, "utf-8", 0o600, "ignored", entries)
    return replace(facts, envfile=Known(replace(file, **changes)))  # type: ignore[arg-type]
