"""A token goes to its own hub over TLS, and elsewhere only by the word of someone trusted as much as its owner."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from qtune.core.credentials import Credential, HubName
from qtune.core.envfile import parse
from qtune.core.origin import Level, Origin
from qtune.core.secret import Secret
from qtune.core.settings import Settings, resolve
from qtune.core.trust import is_official, listed, may_send

LEVELS = [Level.PROJECT, Level.USER, Level.ENVIRON, Level.FLAG]


def given(values: dict[str, tuple[Level, str]]) -> Settings:
    """Settings in which every key was named at its level."""
    layers: dict[Level, dict[str, str]] = {level: {} for level in LEVELS}
    for key, (level, text) in values.items():
        layers[level][key] = text

    def document(level: Level) -> str:
        return "".join(f"{key}={text}\n" for key, text in layers[level].items())

    return resolve(
        layers[Level.FLAG],
        layers[Level.ENVIRON],
        parse(document(Level.USER), Path("/me/config.env")),
        parse(document(Level.PROJECT), Path("/project/.env")),
    )


def token(
    level: Level = Level.ENVIRON, hub: HubName = "huggingface", text: str = "hf_" + "t" * 34
) -> Credential:
    return Credential(hub, Secret(text), Origin(level, "HF_TOKEN"))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("hub", "url"),
    [
        ("huggingface", "https://huggingface.co/api/whoami-v2"),
        ("huggingface", "https://hf.co/x"),
        ("huggingface", "https://huggingface.co:443/x?y=1#z"),
        ("huggingface", "HTTPS://HuggingFace.CO/x"),
        ("huggingface", "https://huggingface.co./x"),
        ("huggingface", "https://huggingface.co/o/n/resolve/main/模型 1.bin"),
        ("huggingface", "https://huggingface.co#@evil.example:0/"),  # a fragment goes nowhere
        ("modelscope", "https://modelscope.cn/api/v1"),
        ("modelscope", "https://www.modelscope.cn"),
        ("modelscope", "https://www.modelscope.ai/x"),
    ],
)
def test_a_token_goes_to_its_own_hub(hub: HubName, url: str, level: Level) -> None:
    assert may_send(token(level, hub), url, resolve())
    assert is_official(hub, url)


FOOLING = [
    "http://huggingface.co/x",
    "https://huggingface.co:444/x",
    "https://huggingface.co:0/x",
    "https://huggingface.co@evil.example/x",
    "https://huggingface.co:443@evil.example/x",
    "https://evil.example\\@huggingface.co/x",
    "https://huggingface.co\\@evil.example/x",
    "https://huggingface.co\\.evil.example/x",
    "https://evil.example%2f@huggingface.co/",
    "https://huggingface.co%2eevil.example/",
    "https://user:pw@huggingface.co/",
    "https://huggingface.co.evil.example/x",
    "https://evilhuggingface.co/x",
    "https://hf.co.evil.example",
    "https://cdn-lfs.hf.co/x",
    "https://cas-bridge.xethub.hf.co/x",
    "https://huggingface.com/x",
    "https://huggingface.co..evil.example/",
    "https://huggingface.co\t.evil.example/",
    "https://hugging\nface.co/",
    "https://huggingface.co\x00.evil.example/",
    "https://huggingface.co /x",
    "https://hugg\u0456ngface.co/",  # Cyrillic i
    "https://huggingface\uff0eco/",  # full-width dot
    "https://huggingface\u3002co/",
    "https://xn--huggngface-8bb.co/",
    "https://[::1]/x",
    "https://127.0.0.1/x",
    "https://huggingface.co:abc/x",
    "https://[huggingface.co/x",
    "//huggingface.co/x",
    "huggingface.co/x",
    "https:huggingface.co/x",
    "https:/huggingface.co/x",
    "https:///huggingface.co/x",
    "file://huggingface.co/x",
    "ftp://huggingface.co/x",
    "javascript://huggingface.co/%0aalert(1)",
    "https://",
    "",
    "\u200bhttps://huggingface.co/",
    "https://modelscope.cn/x",
]


@pytest.mark.parametrize("url", FOOLING)
def test_no_spelling_of_another_address_is_taken_for_the_hubs(url: str) -> None:
    assert not may_send(token(), url, resolve())


@pytest.mark.parametrize("url", FOOLING)
def test_a_trusted_host_is_not_confused_either(url: str) -> None:
    settings = given({"QTUNE_TRUSTED_HOSTS": (Level.FLAG, "hub.corp")})
    fooling = url.replace("huggingface.co", "hub.corp").replace("modelscope.cn", "evil.example")
    if may_send(token(), fooling, settings):
        assert httpx.URL(fooling).host.rstrip(".") == "hub.corp", (
            "httpx goes where we think it goes"
        )


def test_each_hubs_token_is_for_that_hub_alone() -> None:
    assert not may_send(token(hub="modelscope"), "https://huggingface.co/", resolve())
    assert not may_send(token(hub="huggingface"), "https://modelscope.cn/", resolve())


@pytest.mark.parametrize(
    "text", ["", "hf_tökén", "hf_a\u200b", "hf a", "hf_a\nX: y", "hf_\x7f", "“hf_a”"]
)
def test_a_token_that_no_header_can_hold_is_not_sent(text: str) -> None:
    assert not may_send(token(text=text), "https://huggingface.co/", resolve())


@pytest.mark.parametrize("owner", LEVELS)
@pytest.mark.parametrize("namer", LEVELS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_is_trusted_by_the_word_of_its_betters_only(
    owner: Level, namer: Level, scheme: str
) -> None:
    settings = given({"QTUNE_TRUSTED_HOSTS": (namer, "hub.corp")})
    assert may_send(token(owner), f"{scheme}://hub.corp/x", settings) is (namer >= owner)
    assert not may_send(token(owner), f"{scheme}://other.corp/x", settings)


@pytest.mark.parametrize("owner", LEVELS)
@pytest.mark.parametrize("namer", LEVELS)
@pytest.mark.parametrize("url", ["https://huggingface.co/", "https://hub.corp/"])
def test_a_certificate_authority_is_trusted_by_the_word_of_its_betters_only(
    owner: Level, namer: Level, url: str
) -> None:
    settings = given(
        {"QTUNE_TRUSTED_HOSTS": (Level.FLAG, "hub.corp"), "SSL_CERT_FILE": (namer, "/ca.pem")}
    )
    assert may_send(token(owner), url, settings) is (namer >= owner)


@pytest.mark.parametrize("owner", LEVELS)
@pytest.mark.parametrize("namer", LEVELS)
@pytest.mark.parametrize("key", ["HTTP_PROXY", "ALL_PROXY"])
def test_over_plain_http_a_proxy_reads_along(owner: Level, namer: Level, key: str) -> None:
    settings = given(
        {"QTUNE_TRUSTED_HOSTS": (Level.FLAG, "hub.corp"), key: (namer, "http://proxy:1")}
    )
    assert may_send(token(owner), "http://hub.corp/", settings) is (namer >= owner)
    assert may_send(token(owner), "https://hub.corp/", settings), "TLS keeps it from reading"


def test_the_hubs_own_address_over_plain_http_must_be_named_too() -> None:
    settings = given({"QTUNE_TRUSTED_HOSTS": (Level.ENVIRON, "huggingface.co")})
    assert may_send(token(), "http://huggingface.co/", settings)
    assert not may_send(token(), "http://huggingface.co/", resolve())


@pytest.mark.parametrize(
    ("entry", "url", "trusted"),
    [
        ("hub.corp", "https://hub.corp:8443/", True),
        ("hub.corp:8443", "https://hub.corp:8443/", True),
        ("hub.corp:8443", "https://hub.corp/", False),
        ("hub.corp:443", "https://hub.corp/", True),
        ("hub.corp:80", "http://hub.corp/", True),
        ("HUB.corp.", "https://hub.corp/", True),
        ("https://hub.corp", "https://hub.corp/", True),
        ("https://hub.corp", "http://hub.corp/", False),
        ("https://hub.corp:8443/x", "https://hub.corp:8443/", True),
        ("corp", "https://hub.corp/", False),
        (".corp", "https://hub.corp/", False),
        ("*.corp", "https://hub.corp/", False),
        ("*", "https://hub.corp/", False),
        ("127.0.0.1:80", "http://127.0.0.1/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("hub.corp:no", "https://hub.corp/", False),
        ("[::1", "https://hub.corp/", False),
        ("evil.example,hub.corp", "https://hub.corp/", True),
    ],
)
def test_what_an_entry_of_trusted_hosts_means(entry: str, url: str, trusted: bool) -> None:
    settings = given({"QTUNE_TRUSTED_HOSTS": (Level.ENVIRON, entry)})
    assert may_send(token(), url, settings) is trusted


def test_listed_skips_what_is_no_host() -> None:
    assert not listed("", 443, ["", "//", ":443", "[::1"])
