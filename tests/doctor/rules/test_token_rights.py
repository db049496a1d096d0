"""TOK307, TOK308, TOK311: what a token at hand may do, and whether it is sent at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import Grant, Identity
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.tok import tok308
from tests.doctor.build import healthy
from tests.doctor.examining import Machine, at_home, at_loopback, blamed, codes, only
from tests.doctor.rules.judging import findings, hf_first, token, with_identity, with_tokens
from tests.hub import Fault, Kind, Repo, worlds
from tests.hub.world import Scope, Token, User

HF_ALONE = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
NARROW = worlds.hf_token("k")
WIDE = worlds.hf_token("l")
OTHER_RIGHT = worlds.hf_token("m")
WRITER = worlds.hf_token("n")
PLAIN = worlds.hf_token("o")
ERIN = User(
    "erin",
    (
        Token(NARROW, "fineGrained", scoped=(Scope("acme/other"),)),
        Token(WIDE, "fineGrained", scoped=(Scope("acme", type="org"),)),
        Token(OTHER_RIGHT, "fineGrained", scoped=(Scope(worlds.PRIVATE, ("discussion.write",)),)),
        Token(WRITER, "fineGrained", scoped=(Scope("acme", ("repo.write",), "org"),)),
        Token(PLAIN),
    ),
    orgs=("acme",),
)
ERROR, INFO = Severity.ERROR, Severity.INFO


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        machine.hub.change(users=(*worlds.USERS, ERIN))
        machine.env(*HF_ALONE)
        yield machine


# --- TOK307


@pytest.mark.triggers("TOK307")
@pytest.mark.parametrize(
    ("value", "shown"), [(NARROW, "acme/other"), (OTHER_RIGHT, worlds.PRIVATE)]
)
def test_a_scope_that_leaves_the_repository_out_is_the_cause_of_the_404(
    way: Machine, value: str, shown: str
) -> None:
    report = way.examine(worlds.PRIVATE, HF_TOKEN=value)
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("TOK307", ERROR, None),
        ("GATE400", ERROR, "TOK307"),
    ]
    finding = report.findings[0]
    assert finding.evidence[0].en == f"whoami: the token is limited to {shown}"
    assert "belongs to acme" in finding.message.en
    assert blamed(report)["storage.huggingface"] == "TOK307"


@pytest.mark.spares("TOK307")
@pytest.mark.parametrize("value", [WIDE, WRITER])
def test_a_scope_of_the_whole_organisation_is_not_told(way: Machine, value: str) -> None:
    assert "TOK307" not in codes(way.examine(worlds.PRIVATE, HF_TOKEN=value))
    assert codes(way.examine(worlds.PRIVATE, HF_TOKEN=WIDE)) == []


@pytest.mark.parametrize(
    ("model", "value"),
    [
        ("acme/private-modle", worlds.WRITE),  # a token of the account's own, without a list
        (worlds.PRIVATE, worlds.FINE_GRAINED),  # of somebody who is not in acme
    ],
)
def test_where_nobody_can_tell_the_scope_is_not_blamed(
    way: Machine, model: str, value: str
) -> None:
    report = way.examine(model, HF_TOKEN=value)
    assert "TOK307" not in codes(report)
    assert only(report, "GATE400").because is None


# --- TOK308


@pytest.mark.triggers("TOK308")
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "needs a token, and there is none"),
        (PLAIN, "of the type “Read”"),
        (WIDE, "none of its permissions is to write"),
    ],
)
def test_an_upload_without_the_right_to_write_is_told_before_the_training(
    way: Machine, value: str, words: str
) -> None:
    report = way.examine(kind="push", HF_TOKEN=value)
    finding = only(report, "TOK308")
    assert finding.severity is ERROR
    assert words in finding.message.en
    assert codes(report) == ["TOK308"]


@pytest.mark.spares("TOK308")
@pytest.mark.parametrize("value", [worlds.WRITE, WRITER, worlds.OAUTH])
def test_a_token_that_may_write_uploads(way: Machine, value: str) -> None:
    assert codes(way.examine(kind="push", HF_TOKEN=value)) == []


@pytest.mark.spares("TOK308")
def test_a_read_token_is_enough_for_a_download(way: Machine) -> None:
    assert codes(way.examine(HF_TOKEN=PLAIN)) == []


def test_a_token_that_is_refused_is_its_own_finding(way: Machine) -> None:
    assert codes(way.examine(kind="push", HF_TOKEN=worlds.UNKNOWN)) == ["TOK303"]


def test_a_hub_that_does_not_tell_leaves_the_rights_open(way: Machine) -> None:
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="/api/whoami-v2", status=429))
    assert codes(way.examine(kind="push", HF_TOKEN=PLAIN)) == []


def test_an_upload_to_modelscope_needs_its_own_token(way: Machine) -> None:
    way.env("QTUNE_FALLBACK=False")
    finding = only(way.examine(kind="push", HF_TOKEN=worlds.WRITE), "TOK308")
    assert "ModelScope" in finding.message.en
    assert finding.fix is not None and "MODELSCOPE_API_TOKEN" in finding.fix.title.en
    assert codes(way.examine(kind="push", MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)) == []


def test_a_token_above_is_the_cause_of_an_upload_without_one(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / ".env").write_text(f"HF_TOKEN={worlds.WRITE}\n")
    with at_home(project) as way:
        way.env(*HF_ALONE)
        report = way.examine(kind="push")
    assert [(f.code, f.because) for f in report.findings] == [
        ("TOK305", None),
        ("TOK308", "TOK305"),
    ]


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (Identity(True, "me", "write"), False),
        (Identity(True, "me", ""), False),
        (Identity(False, message="bad"), False),
        (Identity(True, "me", "fineGrained", grants=(Grant("me", ("repo.write",)),)), False),
        (Identity(True, "me", "fineGrained", grants=(Grant("me"),)), True),
        (Identity(True, "me", "fineGrained"), True),
    ],
)
def test_only_what_whoami_says_counts(identity: Identity, told: bool) -> None:
    facts = with_identity(with_tokens(hf_first(healthy()), token()), identity)
    pushing = replace(facts, goal=replace(facts.goal, kind="push"))
    assert bool(findings(tok308.RULE, pushing)) is told
    assert findings(tok308.RULE, facts) == []


# --- TOK311


@pytest.mark.triggers("TOK311")
def test_a_token_kept_at_home_by_a_setting_is_the_cause_of_the_401(way: Machine) -> None:
    way.env(*HF_ALONE, f"HF_TOKEN={worlds.GOOD}", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")
    report = way.examine(worlds.LLAMA)
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("TOK311", ERROR, None),
        ("GATE401", ERROR, "TOK311"),
    ]
    finding = report.findings[0]
    assert finding.span is not None and finding.span.line == 4
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.patch == EnvPatch({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "False"})
    assert way.hub.carrying(worlds.GOOD) == set()


@pytest.mark.spares("TOK311")
def test_the_switch_is_right_where_no_token_is_asked_for(way: Machine) -> None:
    way.env(*HF_ALONE, f"HF_TOKEN={worlds.GOOD}", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")
    assert codes(way.examine()) == []
    way.env(*HF_ALONE, "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")
    assert codes(way.examine(worlds.LLAMA)) == ["GATE401", "TOK300"]


def test_a_missing_model_may_be_one_that_the_token_would_see(way: Machine) -> None:
    way.env(*HF_ALONE, f"HF_TOKEN={worlds.WRITE}", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")
    report = way.examine(worlds.PRIVATE)
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("GATE400", ERROR, None),
        ("TOK311", INFO, "GATE400"),
    ]


def test_an_upload_needs_the_token_that_is_kept_at_home(way: Machine) -> None:
    way.env(*HF_ALONE, f"HF_TOKEN={worlds.WRITE}", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")
    report = way.examine(kind="push")
    assert [(f.code, f.because) for f in report.findings] == [
        ("TOK311", None),
        ("TOK308", "TOK311"),
    ]


def test_at_a_foreign_address_the_switch_stays_on_and_the_address_goes(tmp_path: Path) -> None:
    """Switched off there, HUB204 would switch it on again."""
    with at_loopback(tmp_path, QTUNE_TRUSTED_HOSTS="") as local:
        endpoint = local.environ.pop("HF_ENDPOINT")
        token = f"HF_TOKEN={worlds.GOOD}"
        local.env(*HF_ALONE, f"HF_ENDPOINT={endpoint}", token, "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")
        report = local.examine(worlds.LLAMA)
        assert codes(report) == ["GATE401"]
        fix = report.findings[0].fix
        assert fix is not None and fix.patch == EnvPatch(unset=frozenset({"HF_ENDPOINT"}))
        assert local.hub.carrying(worlds.GOOD) == set()


def test_a_repo_of_nobodys_is_no_matter_of_scopes(way: Machine) -> None:
    way.hub.change(repos=[Repo("acme/open", worlds.small().files)])
    assert codes(way.examine("acme/open", HF_TOKEN=NARROW)) == []
