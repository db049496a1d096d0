"""Facts survive the way to JSON and back; a hostile file is one clear error; no secret gets into one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qtune.core.errors import UsageError
from qtune.core.hub.interface import AccessState, Identity
from qtune.core.origin import DEFAULT, Level, Origin
from qtune.core.secret import Secret
from qtune.core.table import TABLE
from qtune.core.text import Text
from qtune.doctor.codec import dump, load
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import (
    EnvFile,
    Fact,
    Facts,
    Goal,
    Known,
    ProxyFact,
    Reach,
    SettingFact,
    ShadowedSetting,
    Unknown,
    UnknownReason,
    UnparsedLine,
)
from tests.doctor.build import env_line, environ, healthy, refused, road, speed
from tests.doctor.rules.judging import entry, token, with_entries, with_tokens

CANARY = "hf_" + "K" * 31 + "wxyz"
USER_FILE = Origin(Level.USER, path=Path("/me/.cache/huggingface/token"))


def worlds_of_facts() -> list[Facts]:
    base = healthy()
    return [
        Facts(Goal("download", "a/b", "main", False, "run.yaml", "runs")),
        base,
        with_tokens(base, token(), token(USER_FILE, "placeholder", "bbbb", "…")),
        with_entries(
            base, entry("HF_TOKEN", "hf_…wxyz", 3), entry("A", "中文😀", 4, unexpanded=("B",))
        ),
        replace(
            base,
            shadowed=(
                ShadowedSetting(
                    "HF_TOKEN", "…", env_line("HF_TOKEN", 7), environ("HF_TOKEN"), False
                ),
            ),
            settings=tuple(
                SettingFact(row.key, row.default, DEFAULT, Text("bad", "坏")) for row in TABLE
            ),
            envfile=Known(
                EnvFile(
                    "/p/.env", True, "utf-16-le", None, "tracked", (), (UnparsedLine(1, "nul"),)
                )
            ),
            reach={
                "https://mirror.example": Known(
                    road(
                        "mirror.example",
                        proxy=ProxyFact("http://p:1", "https_proxy", DEFAULT, "port"),
                    )
                ),
                "huggingface": Unknown("dns", "no such name", 12),
            },
            gate={"huggingface": Known(refused(AccessState.PENDING), 31)},
            identity={"huggingface": Known(Identity(True, "me", "fineGrained", False, ("a", "b")))},
            speed={"huggingface": Known(speed("h", 1.0, 2.5), 3000)},
        ),
    ]


@pytest.mark.parametrize("facts", worlds_of_facts())
def test_facts_come_back_as_they_were(facts: Facts) -> None:
    text = dump(facts)
    assert load(text) == facts
    assert dump(load(text)) == text
    document = json.loads(text)
    assert (document["schema"], list(document)) == (1, ["schema", "qtune", "facts"])
    assert rejudge(load(text), Options()).findings == rejudge(facts, Options()).findings


FACT: st.SearchStrategy[Fact[Any]] = st.one_of(
    st.builds(
        Unknown,
        st.sampled_from(get_args(UnknownReason)),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.integers(0, 10**6),
    ),
    st.builds(
        Known,
        st.builds(
            Reach,
            st.just("https://h/"),
            st.text("abc.中", max_size=5),
            st.integers(0, 65535),
            st.none(),
            st.just(()),
            issuer=st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
            status=st.none() | st.integers(100, 599),
        ),
        st.integers(0, 10**6),
    ),
)


@given(
    reach=st.dictionaries(st.sampled_from(["huggingface", "modelscope", "https://m"]), FACT),
    disk=st.builds(
        Unknown, st.sampled_from(get_args(UnknownReason)), st.text(max_size=5).filter(str.isascii)
    ),
)
@hypothesis_settings(max_examples=80, deadline=None)
def test_any_outcome_of_a_check_comes_back(reach: dict[str, Fact[Reach]], disk: Unknown) -> None:
    facts = healthy(reach=reach, disk=disk)
    assert load(dump(facts)) == facts


# --- secrets -----------------------------------------------------------------------------------------


def test_no_secret_gets_into_a_file_even_if_a_probe_let_one_through() -> None:
    Secret("registered-word")
    Secret('quo"ted\\secret')
    tail = (
        f'http://me:hunter22@h/?X-Amz-Signature=abcdef0123 {CANARY} registered-word quo"ted\\secret'
    )
    facts = healthy(
        disk=Unknown("crashed", tail),
        reach={f"https://me:hunter22@{CANARY}.example": Known(road("h", issuer=tail))},
        goal=Goal("train", tail, tail, run_config=tail),
    )
    text = dump(facts)
    json.loads(text)
    for secret in (
        "hunter22",
        "abcdef0123",
        CANARY,
        "registered-word",
        "ted\\\\secret",
        'quo\\"ted',
    ):
        assert secret not in text
    assert load(text).disk != facts.disk


@pytest.mark.parametrize("secret", ["known", "took_ms", '"known":', "schema", '": {\n'])
def test_a_secret_that_looks_like_json_breaks_nothing(secret: str) -> None:
    Secret(secret)
    assert load(dump(healthy())).disk == healthy().disk


# --- hostile files -----------------------------------------------------------------------------------


def changed(path: list[str | int], value: object) -> str:
    document = json.loads(dump(healthy()))
    at = document
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(document)


HOSTILE = {
    "nothing": "",
    "no JSON": "hello",
    "cut off": dump(healthy())[:-200],
    "a list": "[]",
    "null": "null",
    "a number": "1",
    "empty": "{}",
    "deep": "[" * 100_000,
    "deep in the middle": '{"schema": 1, "facts": ' + '{"a":' * 50_000,
    "a number without end": '{"schema": ' + "1" * 10_000 + "}",
    "another schema": changed(["schema"], 2),
    "no facts": changed(["facts"], ...),
    "facts are a list": changed(["facts"], []),
    "facts are text": changed(["facts"], "x"),
    "one key too many": changed(["facts", "extra"], 1),
    "no goal": changed(["facts", "goal"], ...),
    "an unknown goal": changed(["facts", "goal", "kind"], "world domination"),
    "an unknown reason": changed(["facts", "disk"], {"unknown": "bored", "detail": "", "took_ms": 0}),
    "a reason that is a list": changed(["facts", "disk"], {"unknown": [], "detail": "", "took_ms": 0}),
    "no time": changed(["facts", "disk"], {"unknown": "timeout", "detail": ""}),
    "a time that is none": changed(["facts", "disk"], {"unknown": "timeout", "detail": "", "took_ms": "soon"}),
    "a known without a value": changed(["facts", "disk"], {"took_ms": 1}),
    "a fact that is null": changed(["facts", "disk"], None),
    "a fact that is text": changed(["facts", "disk"], "unknown"),
    "a fact that is a number": changed(["facts", "disk"], 3),
    "a row of another kind": changed(["facts", "reach"], ["x"]),
    "no such level": changed(["facts", "settings", 0, "origin", "level"], 99),
    "no such state": changed(["facts", "gate", "huggingface", "known", "access", "state"], "open"),
    "infinite": changed(["facts", "disk", "known", "cache", "free"], float("inf")),
}  # fmt: skip


@pytest.mark.parametrize("why", HOSTILE)
def test_what_is_no_facts_file_is_one_clear_error(why: str) -> None:
    with pytest.raises(UsageError) as raised:
        load(HOSTILE[why])
    assert (raised.value.code, raised.value.exit_code) == ("CFG091", 2)
    assert len(raised.value.message.en) < 500
    assert raised.value.fix is not None and "--save" in raised.value.fix.en


def test_the_error_shows_no_secret() -> None:
    with pytest.raises(UsageError) as raised:
        load(changed(["schema"], CANARY))
    assert CANARY not in raised.value.message.en


KEYS = st.sampled_from(["unknown", "known", "took_ms", "detail", "goal"])
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)


@given(JSON)
@hypothesis_settings(max_examples=100, deadline=None)
def test_any_json_in_the_place_of_a_fact_is_facts_or_one_error(value: object) -> None:
    for text in (
        changed(["facts", "disk"], value),
        changed(["facts", "gate"], value),
        json.dumps(value),
    ):
        try:
            facts = load(text)
        except UsageError as error:
            assert error.code == "CFG091"
        else:
            rejudge(facts, Options())
