"""Every token at hand is found with its place, judged by its shape, and told masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.origin import Level
from qtune.doctor.facts import Tokens, TokenShape
from qtune.doctor.probes import tokens
from qtune.doctor.probes.tokens import shape_of
from tests.doctor.probes.looking import NOTHING, at, looking, source
from tests.hub import Hub, worlds

GOOD = "hf_" + "AbCdEfGh01" * 3 + "wxyz"
UUID = worlds.MODELSCOPE


def found(root: Path, environ: dict[str, str], name: str = "huggingface") -> Tokens:
    with looking(root, environ) as context:
        return tokens.probe(context, source(context, name), NOTHING).value


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (GOOD, "ok"),
        ("hf_oauth_eyJhbGciOi.JIUzI1NiIs.InR5cCI6", "ok"),
        ("hf_jwt_eyJhbGciOi.JIUzI1NiIs.InR5cCI6", "ok"),
        ("hf_xxx", "placeholder"),
        ("hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "placeholder"),
        ("hf_your_actual_token_here", "placeholder"),
        ("your_token", "placeholder"),
        ("your-hf-token", "placeholder"),
        ("<token>", "placeholder"),
        ('"<your token>"', "placeholder"),
        ("${HF_TOKEN}", "placeholder"),
        ("hf_...", "placeholder"),
        ("hf_…", "placeholder"),
        ("changeme", "placeholder"),
        ("None", "placeholder"),
        ("你的token", "placeholder"),
        (f'"{GOOD}"', "quotes"),
        (f"“{GOOD}”", "quotes"),
        (f"{GOOD}'", "quotes"),
        (f"Bearer {GOOD}", "bearer_prefix"),
        (f"{GOOD[:20]} {GOOD[20:]}", "whitespace"),
        (f"{GOOD}\nsecond line", "whitespace"),
        (f"{GOOD}\u200b", "invisible"),
        (f"\ufeff{GOOD}", "invisible"),
        (f"{GOOD}\u00a0", "invisible"),
        (f"{GOOD}ä", "invisible"),
        (UUID, "other_hub"),
        (f"ms-{UUID}", "other_hub"),
        ("api_org_" + "a" * 34, "malformed"),
        ("hf_short", "malformed"),
        ("ghp_" + "a" * 36, "malformed"),
    ],
)
def test_the_shape_of_a_token_for_hugging_face(text: str, shape: TokenShape) -> None:
    assert shape_of(text, "huggingface", True) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (UUID, "ok"),
        (f"ms-{UUID}", "ok"),
        ("an-unusual-but-long-token", "ok"),
        (GOOD, "other_hub"),
        ("short", "malformed"),
        ("your_modelscope_token", "placeholder"),
        (f"'{UUID}'", "quotes"),
    ],
)
def test_the_shape_of_a_token_for_modelscope(text: str, shape: TokenShape) -> None:
    assert shape_of(text, "modelscope", True) == shape


def test_a_company_hub_may_give_any_shape_of_token() -> None:
    assert shape_of("glpat-1234", "huggingface", False) == "ok"
    assert shape_of(f'"{GOOD}"', "huggingface", False) == "quotes"
    assert shape_of(UUID, "huggingface", False) == "other_hub"


def test_every_place_is_found_and_the_first_one_counts(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".env").write_text(f"# mine\nHF_TOKEN={GOOD}\n")
    login = home / ".cache/huggingface/token"
    login.parent.mkdir(parents=True)
    login.write_text(worlds.WRITE + "\n")
    fact = found(tmp_path, {"HF_TOKEN": GOOD})
    assert [token.origin.level for token in fact.found] == [
        Level.ENVIRON,
        Level.PROJECT,
        Level.USER,
    ]
    assert fact.found[1].origin.line == 2
    assert fact.found[2].origin.path == login
    assert fact.found[0].fingerprint == fact.found[1].fingerprint != fact.found[2].fingerprint
    assert fact.found[0].masked == "hf_…wxyz"
    assert GOOD not in repr(fact) and worlds.WRITE not in repr(fact)
    assert fact.may_go  # huggingface.co is where it belongs


def test_where_a_token_may_go(hub: Hub, tmp_path: Path) -> None:
    assert found(tmp_path, at(hub, HF_TOKEN=GOOD)).may_go
    assert not found(tmp_path, {"HF_ENDPOINT": hub.hf_url, "HF_TOKEN": GOOD}).may_go
    assert not found(tmp_path, at(hub)).may_go  # there is none
    off = found(tmp_path, at(hub, HF_TOKEN=GOOD, HF_HUB_DISABLE_IMPLICIT_TOKEN="1"))
    assert (off.may_go, off.disabled) == (False, True)
    assert len(off.found) == 1
    modelscope = found(tmp_path, at(hub, MODELSCOPE_API_TOKEN=UUID), "modelscope")
    assert modelscope.may_go
    assert UUID not in repr(modelscope)


def test_a_project_cannot_send_the_users_token_away(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"HF_ENDPOINT={hub.hf_url}\nQTUNE_TRUSTED_HOSTS=127.0.0.1\n")
    assert not found(tmp_path, {"HF_TOKEN": GOOD}).may_go


def test_a_mirror_never_gets_one(hub: Hub, tmp_path: Path) -> None:
    environ = at(hub, HF_TOKEN=GOOD, QTUNE_MIRRORS=hub.hf_url)
    assert found(tmp_path, environ, hub.hf_url) == Tokens((), False)
