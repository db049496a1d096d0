"""Is this a pull request from a fork? As the event file and the variables of both services tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtune.core.hub.interface import AccessState
from qtune.doctor.facts import Known, Tokens, Unknown
from qtune.doctor.fork import excused, from_fork
from qtune.doctor.outcome import NO_SECRETS
from tests.doctor.build import HF, healthy, refused
from tests.doctor.rules.judging import token


def event(tmp_path: Path, content: Any) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path)}


def request(head: Any, base: Any) -> dict[str, Any]:
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": base}}}


OWN = {"full_name": "us/project", "fork": False}
FORK = {"full_name": "them/project", "fork": True}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (request(FORK, OWN), True),
        (request(OWN, OWN), False),
        (request(FORK, FORK), False),  # a branch of a repository that is itself a fork
        (request(None, OWN), True),  # the fork is gone
        (request({"fork": True}, {}), True),
        (request({"fork": False}, {}), False),
        ({"ref": "refs/heads/main"}, False),
        ([], False),
        (None, False),
        (b"", False),
        (b"{", False),
        (b"\xff\xfe", False),
        (b"[" * 200_000, False),
        (b" " * (5 << 20), False),
        ({"pull_request": {"head": 3, "base": "x"}}, False),
    ],
)
def test_github(tmp_path: Path, content: Any, expected: bool) -> None:
    assert from_fork(event(tmp_path, content)) is expected


def test_github_without_its_variables_or_its_file(tmp_path: Path) -> None:
    environ = event(tmp_path, request(FORK, OWN))
    assert not from_fork({**environ, "GITHUB_ACTIONS": ""})
    assert not from_fork({"GITHUB_ACTIONS": "true"})
    assert not from_fork({**environ, "GITHUB_EVENT_PATH": str(tmp_path)})
    assert not from_fork({**environ, "GITHUB_EVENT_PATH": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("source", "runs_in", "target", "expected"),
    [
        ("7", "7", "7", False),
        ("8", "7", "7", True),  # in the parent project
        ("8", "8", "7", True),  # in the fork itself
        ("8", "7", "", True),
        ("", "7", "", False),
    ],
)
def test_gitlab(source: str, runs_in: str, target: str, expected: bool) -> None:
    environ = {
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": source,
        "CI_PROJECT_ID": runs_in,
        "CI_MERGE_REQUEST_PROJECT_ID": target,
    }
    assert from_fork(environ) is expected


def test_only_what_a_token_would_have_shown_is_excused() -> None:
    gated = refused(AccessState.GATED_NO_TOKEN, 401, sent_token=False)
    facts = replace(healthy(), sources=(HF,), gate={"huggingface": Known(gated)})
    facts = replace(facts, listing={"huggingface": Unknown("refused", "401")})
    waiting = Unknown("skipped", "gate.huggingface")
    facts = replace(facts, storage={"huggingface": waiting})
    facts = replace(facts, speed={"huggingface": Unknown("skipped", "storage.huggingface")})
    changed = excused(facts)
    assert changed.storage["huggingface"] == Unknown("skipped", NO_SECRETS)
    assert changed.speed["huggingface"] == Unknown("skipped", NO_SECRETS)
    assert changed.gate["huggingface"] == Unknown("skipped", NO_SECRETS)
    assert changed.listing["huggingface"] == Unknown("skipped", NO_SECRETS)
    with_token = {"huggingface": Known(Tokens((token(),), True))}
    assert excused(replace(facts, tokens=with_token)) == replace(facts, tokens=with_token)
    for state in (AccessState.REGION, AccessState.BAD_TOKEN, AccessState.NO_REVISION):
        other = replace(facts, gate={"huggingface": Known(refused(state, 403, False))})
        assert excused(other) == other
    assert excused(healthy()) == healthy()
