"""Which hub serves, over every combination of what the settings allow and what was measured."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from qtune.core.envfile import parse
from qtune.core.errors import ConfigError
from qtune.core.settings import resolve
from qtune.core.sources import (
    WORTH_SWITCHING,
    Measurement,
    Source,
    candidates,
    choose,
    pick,
    same_owner,
)
from qtune.core.text import Text

HF = Source("huggingface", "https://huggingface.co")
MS = Source("modelscope", "https://modelscope.cn")
MIRROR = Source("mirror", "https://mirror.example")
WHY = Text("as said", "如所说")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, [MS, HF]),
        ({"USE_MODELSCOPE": "False"}, [HF, MS]),
        ({"QTUNE_FALLBACK": "False"}, [MS]),
        ({"USE_MODELSCOPE": "0", "QTUNE_FALLBACK": "0"}, [HF]),
        ({"QTUNE_MIRRORS": "https://mirror.example"}, [MS, HF, MIRROR]),
        ({"QTUNE_MIRRORS": "https://mirror.example", "USE_MODELSCOPE": "no"}, [HF, MIRROR, MS]),
        ({"QTUNE_MIRRORS": "https://mirror.example", "QTUNE_FALLBACK": "0"}, [MS]),
        ({"QTUNE_SOURCES": "huggingface"}, [HF]),
        ({"QTUNE_SOURCES": " HuggingFace , ModelScope"}, [HF, MS]),
        ({"QTUNE_SOURCES": "https://mirror.example/,huggingface"}, [MIRROR, HF]),
        ({"QTUNE_SOURCES": "huggingface,modelscope", "QTUNE_FALLBACK": "off"}, [HF]),
        ({"QTUNE_SOURCES": "modelscope,modelscope,huggingface"}, [MS, HF]),
        ({"QTUNE_SOURCES": "huggingface", "USE_MODELSCOPE": "True"}, [HF]),
        ({"QTUNE_SOURCES": ",", "USE_MODELSCOPE": "False"}, [HF, MS]),
        ({"QTUNE_SOURCES": "huggingface", "QTUNE_MIRRORS": "https://mirror.example"}, [HF]),
    ],
)
def test_the_sources_that_the_settings_allow(
    environ: dict[str, str], expected: list[Source]
) -> None:
    settings = resolve(environ=environ)
    assert list(candidates(settings)) == expected
    assert choose(settings).source == expected[0]
    assert list(choose(settings).others) == expected[1:]


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("https://hub.corp/", "https://hub.corp"),
        ("https://hub.corp///", "https://hub.corp"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://hub.corp/hf/", "https://hub.corp/hf"),
        ("hub.corp", "https://huggingface.co"),  # ENV805: the default takes effect
    ],
)
def test_the_endpoint_of_hugging_face(written: str, endpoint: str) -> None:
    settings = resolve(environ={"HF_ENDPOINT": written, "USE_MODELSCOPE": "False"})
    assert choose(settings).source == Source("huggingface", endpoint)


def test_the_endpoint_of_modelscope() -> None:
    settings = resolve(environ={"MODELSCOPE_ENDPOINT": "www.modelscope.ai/"})
    assert choose(settings).source == Source("modelscope", "https://www.modelscope.ai")


@pytest.mark.parametrize("key", ["QTUNE_SOURCES", "QTUNE_MIRRORS"])
@pytest.mark.parametrize(
    "bad", ["hf", "hf-mirror.com", "ftp://x", "https://", "hugging face", "https://a b"]
)
def test_a_name_that_is_no_hub_and_no_url_is_refused_with_its_place(key: str, bad: str) -> None:
    project = parse(
        f"# one\n{key}=modelscope,{bad}\n".replace("modelscope,", "https://m.example,"),
        Path("/p/.env"),
    )
    with pytest.raises(ConfigError) as raised:
        candidates(resolve(project=project))
    assert (raised.value.code, raised.value.exit_code) == ("ENV805", 2)
    assert f"{key} (.env line 2)" in raised.value.message.en
    assert f"{key}（.env 第 2 行）" in raised.value.message.zh


def test_the_reason_names_the_setting_and_its_place() -> None:
    project = parse("USE_MODELSCOPE=False\n", Path("/p/.env"))
    assert choose(resolve(project=project)).reason.en == "USE_MODELSCOPE=False (.env line 1)"
    named = choose(resolve(environ={"QTUNE_SOURCES": "huggingface"}))
    assert named.reason.en == "QTUNE_SOURCES=huggingface (the environment variable QTUNE_SOURCES)"
    unusable = choose(resolve(project=parse("USE_MODELSCOPE=maybe\n", Path("/p/.env"))))
    assert unusable.reason.en == "USE_MODELSCOPE=True (the default)"


def known(
    source: Source, usable: bool | None, has_model: bool = False, speed: float | None = None
) -> Measurement:
    return Measurement(
        source.name, usable, Text("down", "不通") if usable is False else None, has_model, speed
    )


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ([], MS),
        ([known(MS, True)], MS),
        ([known(MS, None)], MS),
        ([known(MS, None), known(HF, True)], MS),  # not asked is not broken
        ([known(MS, False)], HF),
        ([known(MS, False), known(HF, True)], HF),
        ([known(MS, False), known(HF, None)], HF),
        ([known(MS, False), known(HF, False)], MS),
        ([known(MS, False), known(HF, False, has_model=True)], HF),  # a gate can be opened
        ([known(MS, False, has_model=True), known(HF, False, has_model=True)], MS),
        ([known(MS, False, has_model=True), known(HF, False)], MS),
        ([known(MS, True, True, 1e6), known(HF, True, True, 1.4e6)], MS),
        ([known(MS, True, True, 1e6), known(HF, True, True, 1.6e6)], HF),
        ([known(MS, True, True, 1e6), known(HF, False, True, 9e6)], MS),
        ([known(MS, True, True, None), known(HF, True, True, 9e6)], MS),
        ([known(MS, True, True, 9e6), known(HF, True, True, None)], MS),
    ],
)
def test_what_is_known_decides(measured: list[Measurement], expected: Source) -> None:
    choice = pick([MS, HF], measured, WHY)
    assert choice.source == expected
    if expected == MS:
        assert choice.reason == WHY
    else:
        assert choice.reason != WHY and choice.reason.en and choice.reason.zh


def test_the_reason_for_another_source_is_the_measurement() -> None:
    faster = pick([MS, HF], [known(MS, True, True, 1e6), known(HF, True, True, 8.12e6)], WHY)
    assert faster.reason.en == "measured 8.1 MB/s, against 1.0 MB/s from ModelScope"
    down = pick([MS, HF], [known(MS, False), known(HF, True, True, 8.12e6)], WHY)
    assert down.reason == Text(
        "ModelScope cannot serve (down); 8.1 MB/s measured here",
        "ModelScope 不可用（不通）；此源实测 8.1 MB/s",
    )


@pytest.mark.parametrize(
    ("size", "expected"), [(None, HF), (1_000_000_000, HF), (10_000_000, MS), (0, MS)]
)
def test_a_switch_must_save_time(size: int | None, expected: Source) -> None:
    measured = [known(MS, True, True, 5e6), known(HF, True, True, 50e6)]
    assert pick([MS, HF], measured, WHY, size).source == expected


@pytest.mark.parametrize("order", list(itertools.permutations([MS, HF, MIRROR])))
def test_the_others_follow_in_the_order_of_the_settings(order: tuple[Source, ...]) -> None:
    for broken in order:
        choice = pick(order, [known(broken, False)], WHY)
        rest = [source for source in order if source != broken]
        assert [choice.source, *choice.others] == rest
    fast = order[2]
    measured = [known(source, True, True, 9e6 if source == fast else 1e6) for source in order]
    choice = pick(order, measured, WHY)
    assert [choice.source, *choice.others] == [fast, *order[:2]]


def test_a_switch_needs_a_clear_gain_over_the_first_and_takes_the_fastest() -> None:
    def choice(second: float, third: float) -> Source:
        measured = [
            known(MS, True, True, 1e6),
            known(HF, True, True, second),
            known(MIRROR, True, True, third),
        ]
        return pick([MS, HF, MIRROR], measured, WHY).source

    assert choice(1e6 * WORTH_SWITCHING, 1e6) == MS
    assert choice(1e6 * WORTH_SWITCHING + 1, 1e6) == HF
    assert choice(2e6, 3e6) == MIRROR


@pytest.mark.parametrize(
    ("repo_id", "same"),
    [
        ("Qwen/Qwen3-4B", True),
        ("meta-llama/Llama-2-7b-hf", False),
        ("qwen/x", False),
        ("QwenX/y", False),
        ("gpt2", False),
    ],
)
def test_only_reviewed_owners_are_the_same_on_both_hubs(repo_id: str, same: bool) -> None:
    assert same_owner(repo_id) is same


@pytest.mark.parametrize(("size", "expected"), [(None, HF), (10_000_000, MS), (8_000_000_000, HF)])
def test_a_faster_hub_is_preferred_only_where_that_saves_time(
    size: int | None, expected: Source
) -> None:
    """Two hubs that are both fast enough are equally good: the user's order stands."""
    measured = [known(MS, True, True, 10e6), known(HF, True, True, 20e6)]
    assert pick([MS, HF], measured, WHY, size).source == expected
