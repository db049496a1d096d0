"""No secret survives redaction in any shape it travels in, and ordinary words do."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import threading
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qtune.core.envwrite import quoted
from qtune.core.secret import Secret, mask, redact, redact_all, scope

CANARY = "hf_" + "Kanarienvogel" + "x" * 17 + "wxyz"
ODD = 'pä"ss w\\rd/@:%&+ 中'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (CANARY, "hf_…wxyz"),
        ("hf_oauth_" + "a" * 30 + "b1c2", "hf_oauth_…b1c2"),
        ("ms-6f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5", "ms-…d4e5"),
        ("6f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5", "…d4e5"),
        ("x" * 19, "…"),  # 15 hidden characters would be too few
        ("x" * 16 + "abcd", "…abcd"),
        ("hf_" + "a" * 16, "hf_…"),
        ("", "…"),
        ("hf_" + "a" * 30 + "\"'<>", "hf_…"),
    ],
)
def test_the_last_four_are_shown_only_from_twenty_characters_on(value: str, shown: str) -> None:
    assert mask(value) == shown


def test_a_secret_never_prints_itself() -> None:
    secret = Secret(CANARY)
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        "{}".format(*[secret]),
        secret.masked,
    ):
        assert CANARY not in text and "wxyz" in text
    assert CANARY not in repr({"token": [secret]})
    assert CANARY not in repr(ValueError(secret))
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret.reveal() == CANARY
    assert copy.copy(secret) == secret
    assert pickle.loads(pickle.dumps(secret)) == secret


def test_equal_secrets_have_equal_fingerprints_that_tell_nothing() -> None:
    assert Secret(CANARY) == Secret(CANARY) != Secret(CANARY + "1")
    assert hash(Secret(CANARY)) == hash(Secret(CANARY))
    assert Secret(CANARY).fingerprint == Secret(CANARY).fingerprint
    assert Secret(CANARY).fingerprint not in CANARY
    assert Secret("a").fingerprint != Secret("b").fingerprint
    assert Secret(CANARY) != CANARY
    assert Secret("x") and not Secret("")


def test_bytes_that_are_no_text_make_a_secret_all_the_same() -> None:
    value = b"hf_\xff\xfebytes".decode("utf-8", "surrogateescape")
    secret = Secret(value)
    assert secret == Secret(value) and len(secret.fingerprint) == 12
    assert value not in redact(f"token {value}!")


def forms(value: str) -> list[str]:
    basic = base64.b64encode(f"someone:{value}".encode()).decode()
    return [
        value,
        quote(value),
        quote(value, safe=""),
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        repr(value),
        f"HF_TOKEN={quoted(value)}",
        f"https://someone:{quote(value, safe='')}@host.example:7890/x",
        f"Proxy-Authorization: Basic {basic}",
    ]


def test_a_secret_that_was_met_is_masked_in_every_form() -> None:
    Secret(ODD)
    Secret(f"someone:{ODD}")
    for form in forms(ODD):
        text = redact(f"before {form} after")
        assert ODD not in text and quote(ODD, safe="") not in text, form
        assert "rd/@" not in text and "w%5Crd" not in text, form
        assert base64.b64encode(f"someone:{ODD}".encode()).decode() not in text
        assert text.startswith("before") and text.endswith("after")


@example("api_org_")
@given(st.text(min_size=6, max_size=40).filter(lambda text: len(text.strip()) >= 6))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_a_secret(value: str) -> None:
    value = value.strip()
    Secret(value)
    for text in (value, json.dumps(value), quote(value, safe="")):
        shown = redact(f"<{text}>")
        assert text not in shown or len(text) < 6
    assert redact(redact(value)) == redact(value)


FRESH = "hf_" + "Q7" * 17  # met by no test


@pytest.mark.parametrize(
    "text",
    [
        f"token={FRESH}",
        f"Bearer {FRESH}",
        f"?x=1&next=https%3A%2F%2Fh%2F%3Ft%3D{FRESH}",
        f'{{"a": "line\\n{FRESH}"}}',
        f"b'{FRESH}'",
        f"({FRESH}).",
        f"x_{FRESH}",
        f"'{FRESH}\\r\\n'",
        f"中{FRESH}文",
    ],
)
def test_a_token_that_was_never_met_is_known_by_its_shape(text: str) -> None:
    assert FRESH not in redact(text)
    assert FRESH[8:-4] not in redact(text)


GLUED = (
    "hf_" + "V5" * 17,
    "hf_" + "W6" * 17,
    "hf_oauth_" + "X8.y" * 9,
    "api_org_" + "Z9z" * 9,
    "ms-1a2b3c4d-4a5b-4c6d-8e7f-90a1b2c3d4e6",
    "ms-5e6f7a8b-4a5b-4c6d-8e7f-0f9e8d7c6b5a",
)


@pytest.mark.parametrize("first", GLUED)
@pytest.mark.parametrize("second", GLUED)
@pytest.mark.parametrize("tail", ["", ".", "_x", "\\n", "…"])
def test_of_two_tokens_that_lost_their_newline_neither_is_shown(
    first: str, second: str, tail: str
) -> None:
    shown = redact(f"token {first}{second}{tail}")
    for token in (first, second):
        secret = token.split("_")[-1].removeprefix("ms-")
        assert not [at for at in range(len(secret) - 5) if secret[at : at + 6] in shown], shown
    assert redact(shown) == shown


@pytest.mark.parametrize("unmet", GLUED)
def test_a_token_behind_one_that_was_met_is_not_shown(unmet: str) -> None:
    for met in (CANARY, "ms-0a0b0c0d-1a1b-2a2b-3a3b-a1b2c3d4e5f6", "met-of-no-known-shape"):
        Secret(met)
        for text in (met + unmet, unmet + met):
            assert unmet.split("_")[-1].removeprefix("ms-")[:-4] not in redact(text), text


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("http://me:hunter2@proxy.corp:8080/x", "hunter2", "proxy.corp:8080/x"),
        ("http://me:p@ss@proxy.corp:8080", "ss", "proxy.corp:8080"),
        ("socks5h://u:pw@[::1]:1080", "pw", "[::1]:1080"),
        ("Authorization: Bearer abcdef", "abcdef", "Authorization"),
        ("{'Authorization': 'Bearer abc'}", "abc", "Authorization"),
        ("[(b'authorization', b'Basic dTpw')]", "dTpw", "authorization"),
        ("Bearer 0a1b2c3d-4e5f-4678", "4678", "Bearer"),
        ("https://c.example/x?a=1&X-Amz-Signature=0123abcd&b=2", "0123abcd", "b=2"),
        ("https://c.example/x?Signature=s3cr3t~-_&Key-Pair-Id=KABC", "s3cr3t", "c.example"),
        ("https://c.example/x?x-oss-signature=s3cr3t", "s3cr3t", "c.example"),
        ("https://c.example/x?OSSAccessKeyId=LTAI5t&Expires=1", "LTAI5t", "Expires=1"),
        ('"https://c.example/x?a=1\\u0026X-Amz-Credential=AKIA123\\u0026b=2"', "AKIA123", "b=2"),
        ("u=https%3A%2F%2Fc%2Fx%3FX-Amz-Signature%3D0123abcd", "0123abcd", "u="),
        ("Cookie: m_session_id=0a1b2c; other=1", "0a1b2c", "other=1"),
        ("ms-6f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5", "6f1c2d3e", "ms-"),
        ("api_org_" + "Zz9" * 9, "Zz9Zz9", "api_org_"),
        ("hf_jwt_eyJhbGciOi.JIUzI1-NiJ9_x.sig1", "JIUzI1", "hf_jwt_"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_the_rest_stays(
    text: str, hidden: str, kept: str
) -> None:
    shown = redact(text)
    assert hidden not in shown
    assert kept in shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "hf_hub_download",
        "hf_hub_download_with_some_very_long_name",
        "hf_transfer and hf_xet_high_performance",
        "HF_TOKEN",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN=1",
        "hf_your_actual_token_here",
        "hf_xxx",
        "hf_",
        "huggingface_hub 2.4.0",
        "cdbee75f17c01a7cc42f958dc650907174af0554",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "models--Qwen--Qwen3-4B/snapshots/cdbee75f17c01a7cc42f958dc650907174af0554/config.json",
        "/home/me/.cache/huggingface/hub",
        "https://huggingface.co/Qwen/Qwen3-4B/resolve/main/model-00001-of-00003.safetensors",
        "https://medium.com/@someone/post?page=2",
        "mail someone@example.com, see https://a.example",
        "basic authentication is used, as a basic principle",
        "the bearer tokens of the bearer authentication",
        "a Basic understanding of authorization is needed",
        "Qwen/Qwen3-4B@main at 8.1 MB/s",
        "00000000-0000-4000-8000-000000000000",
        "teams-00000000-0000-4000-8000-000000000000",
        "max_tokens=100, tokens=5, policy: none",
        "常见问题：需要 HF_TOKEN 吗？",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_short_words_are_not_blotted_out_everywhere() -> None:
    Secret("true")
    Secret("admin")
    assert redact("true: the admin said so") == "true: the admin said so"


@given(
    st.recursive(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(
                [
                    'https://u:p"w@h/x?token=ab"cd&sig=e\\f',
                    f'{FRESH}"quoted"\\',
                    "Bearer abc123def456\\",
                    'Authorization: Bearer x"y',
                    "m_session_id=ab\\",
                ]
            ),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text("ab?=&", max_size=4), inner)
        ),
        max_leaves=6,
    )
)
@settings(max_examples=200, deadline=None)
def test_redacted_json_is_still_json(value: object) -> None:
    for ascii_only in (True, False):
        json.loads(redact(json.dumps(value, ensure_ascii=ascii_only)))


HOSTILE = [
    "a.", "a://", "http://a", "hf_", "hf_oauth_.", "hf_oauth_-", "Bearer ", "bearer\t", "Basic a",
    "?token=", "&sig", "authorization: ", "authorization\n", "x@", "a:b@", "%3D", "\\n", "ms-0", "aaaa", "\\\\",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_the_time_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    # A square would make the longer one 100 times as slow as the shorter one.
    assert seconds(500_000) < 30 * max(seconds(50_000), 0.02)


def test_threads_may_meet_secrets_while_others_redact() -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(40):
                value = f"secret-of-thread-{number}-{step}-end"
                Secret(value)
                assert value not in redact(f"x {value} y")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_url_quoting_of_a_space_as_plus_is_masked_too() -> None:
    value = "two words and more"
    Secret(value)
    assert quote_plus(value) not in redact(f"?q={quote_plus(value)}")


# --- for a while ----------------------------------------------------------------------------------


def test_what_is_met_in_a_scope_is_forgotten_with_it() -> None:
    Secret("known before all")
    with scope():
        Secret("known for a while")
        with scope():
            Secret("known for a while, too")
        assert redact("known for a while") == redact("known for a while, too") == "…"
        assert redact("known before all") == "…"
    assert redact("known for a while") == "known for a while"
    assert redact("known before all") == "…"
    Secret("known for a while")
    assert redact("known for a while") == "…"


def test_a_scope_that_keeps_is_as_if_there_were_none() -> None:
    with scope(keep=True), scope():
        Secret("known for good")
    assert redact("known for good") == "…"


def test_a_scope_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), scope():
        Secret("known for a while")
        raise ZeroDivisionError
    assert redact("known for a while") == "known for a while"


def test_a_scope_is_one_threads_own() -> None:
    seen: list[str] = []
    with scope():
        Secret("known for a while")
        thread = threading.Thread(target=lambda: seen.append(redact("known for a while")))
        thread.start()
        thread.join()
    assert seen == ["known for a while"]


@given(st.lists(st.text(alphabet="ab \n\x1e:@/" + CANARY[:9], max_size=30), max_size=5))
def test_several_texts_are_redacted_like_one_after_the_other(texts: list[str]) -> None:
    Secret("abab ab")
    assert redact_all(texts) == [redact(text) for text in texts]
