"""Cases 17 to 22: tokens and gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.doctor.facts import known
from tests.doctor.examining import Machine, codes, only
from tests.hub import worlds


def token_file(home: Path, text: str) -> None:
    path = home / ".cache/huggingface/token"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode())


@pytest.mark.triggers("TOK303", "TOK304")
@pytest.mark.parametrize("model", [worlds.QWEN, worlds.LLAMA])
def test_case_17_an_old_token_of_the_environment_beats_the_good_one_of_the_login(
    way: Machine, home: Path, model: str
) -> None:
    """`hf auth login` succeeded; HF_TOKEN in the shell is the one that counts, for public models too."""
    token_file(home, worlds.GOOD)
    report = way.examine(model, HF_TOKEN=worlds.EXPIRED)
    first, second = report.findings[:2]
    assert (first.code, second.code, second.because) == ("TOK303", "TOK304", "TOK303")
    assert "environment variable HF_TOKEN" in first.message.en
    places = " ".join(line.en for line in second.evidence)
    assert "counts" in places and "token" in places and "never used" in places
    assert codes(way.examine(model)) == []


@pytest.mark.triggers("GATE402")
@pytest.mark.spares("TOK303", "GATE401")
def test_case_18_a_login_that_succeeded_and_a_licence_that_was_not_accepted(
    way: Machine, home: Path
) -> None:
    token_file(home, worlds.NO_LICENCE)
    report = way.examine(worlds.LLAMA)
    assert codes(report) == ["GATE402"]
    fix = report.findings[0].fix
    assert fix is not None and fix.url.endswith(worlds.LLAMA)
    identity = known(report.facts.identity["huggingface"])
    assert identity is not None and identity.name == "bob"


@pytest.mark.triggers("TOK306", "GATE405")
def test_case_19_a_fine_grained_token_that_whoami_knows_and_a_gate_that_it_cannot_pass(
    way: Machine,
) -> None:
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.FINE_GRAINED)
    assert [(f.code, f.because) for f in report.findings] == [
        ("TOK306", None),
        ("GATE405", "TOK306"),
    ]
    identity = known(report.facts.identity["huggingface"])
    assert identity is not None and identity.valid
    assert codes(way.examine(worlds.LLAMA, HF_TOKEN=worlds.FINE_GRAINED_GATED)) == []


@pytest.mark.triggers("GATE401")
def test_case_20_the_page_of_a_gated_model_answers_and_its_files_do_not(way: Machine) -> None:
    """/api/models/<id> is 200 for everybody: only a file tells whether there is access."""
    report = way.examine(worlds.LLAMA)
    assert only(report, "GATE401").because is None
    assert known(report.facts.listing["huggingface"]) is not None
    page = way.hub.seen("hf", f"/api/models/{worlds.LLAMA}*")
    assert page and way.hub.seen("hf", f"/{worlds.LLAMA}/resolve/*")


@pytest.mark.spares("TOK301", "TOK302")
@pytest.mark.parametrize("ending", ["\n", "\r\n", " \n"])
def test_case_21_the_line_end_of_a_token_file_is_no_part_of_the_token(
    way: Machine, home: Path, ending: str
) -> None:
    token_file(home, worlds.GOOD + ending)
    assert codes(way.examine(worlds.LLAMA)) == []
    assert way.hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.triggers("TOK302")
def test_case_21_a_token_with_its_header_is_never_sent(way: Machine) -> None:
    report = way.examine(HF_TOKEN=f"Bearer {worlds.GOOD}\n")
    assert codes(report)[0] == "TOK302"
    assert way.hub.carrying(worlds.GOOD) == set()


@pytest.mark.spares("TOK301", "TOK303")
@pytest.mark.parametrize("empty", ["", "   "])
def test_case_21_an_empty_token_is_none_and_asks_as_a_stranger(way: Machine, empty: str) -> None:
    assert codes(way.examine(HF_TOKEN=empty)) == []
    assert not any("authorization" in request.headers for request in way.hub.requests)
