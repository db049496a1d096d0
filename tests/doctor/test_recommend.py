"""Advice is lines of `.env`: each key once, and honest about what `.env` cannot override."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level, Origin
from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, Known, SourceFact, Stage
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import applicable, overriding, patch, recommendations, switch_source
from tests.doctor.build import HF, MS, env_line, environ, healthy, road, with_setting

SAFE, UNSAFE, MANUAL = Applicability.SAFE, Applicability.UNSAFE, Applicability.MANUAL
USER = Origin(Level.USER, "K", Path("/me/config.env"), 2)
MIRROR = SourceFact("https://mirror.example", "mirror", "https://mirror.example", False)


def finding(
    code: str, patch_: EnvPatch | None, applicability: Applicability = SAFE, command: str = ""
) -> Finding:
    fix = Fix(Text(f"mend {code}", f"修 {code}"), applicability, patch=patch_, command=command)
    return Finding(code, Severity.ERROR, plain("x"), fix=fix)


def down(facts: Facts, *sources: str) -> Facts:
    stages = (Stage("dns", False, 3, "nxdomain"),)
    broken = {name: Known(road("h", stages=stages)) for name in sources}
    return replace(facts, reach={**facts.reach, **broken})


# --- which hub first ------------------------------------------------------------------------------


def test_the_switch_speaks_the_users_own_words() -> None:
    fix = switch_source(down(healthy(), "modelscope"), "modelscope")
    assert fix is not None and fix.patch == EnvPatch({"USE_MODELSCOPE": "False"})
    assert fix.applicability is SAFE
    turned = down(healthy(sources=(HF, MS)), "huggingface")
    fix = switch_source(turned, "huggingface")
    assert fix is not None and fix.patch == EnvPatch({"USE_MODELSCOPE": "True"})
    assert fix.title.en and fix.title.zh


def test_whoever_names_sources_gets_them_in_another_order() -> None:
    facts = healthy(sources=(MS, HF, MIRROR))
    facts = with_setting(
        facts, "QTUNE_SOURCES", "modelscope,huggingface", env_line("QTUNE_SOURCES")
    )
    fix = switch_source(down(facts, "modelscope"), "modelscope")
    assert fix is not None
    assert fix.patch == EnvPatch({"QTUNE_SOURCES": "huggingface,modelscope,https://mirror.example"})


def test_a_mirror_can_only_be_named_in_sources() -> None:
    facts = down(healthy(sources=(MS, HF, MIRROR)), "modelscope", "huggingface")
    fix = switch_source(facts, "modelscope")
    assert fix is not None
    assert fix.patch == EnvPatch({"QTUNE_SOURCES": "https://mirror.example,modelscope,huggingface"})


def test_no_switch_where_there_is_nothing_better() -> None:
    assert switch_source(healthy(), "modelscope") is None
    assert switch_source(healthy(), "huggingface") is None
    assert switch_source(down(healthy(), "huggingface"), "huggingface") is None, (
        "it is not the first"
    )
    assert switch_source(down(healthy(), "huggingface", "modelscope"), "modelscope") is None
    assert switch_source(healthy(sources=()), "modelscope") is None
    alone = down(healthy(sources=(MS,)), "modelscope")
    assert switch_source(alone, "modelscope") is None, "QTUNE_FALLBACK=False: exactly one hub"


# --- what .env cannot override ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (environ("USE_MODELSCOPE"), "unset USE_MODELSCOPE"),
        (USER, "# remove USE_MODELSCOPE from /me/config.env"),
        (env_line("USE_MODELSCOPE"), None),
        (Origin(Level.FLAG, "--use-modelscope"), None),
    ],
)
def test_what_something_stronger_sets_cannot_be_mended_in_the_file(
    origin: Origin, command: str | None
) -> None:
    facts = with_setting(healthy(), "USE_MODELSCOPE", "True", origin)
    assert overriding("USE_MODELSCOPE", facts) == command
    for wanted in (
        EnvPatch({"USE_MODELSCOPE": "False"}),
        EnvPatch({}, frozenset({"USE_MODELSCOPE"})),
    ):
        told = applicable(finding("NET101", wanted), facts)
        assert told.fix is not None
        assert told.fix.applicability is (MANUAL if command else SAFE)
        assert told.fix.command == (command or "")
        rows = recommendations([told], facts)
        assert bool(patch(rows)) is (command is None)


def test_the_variable_is_named_as_the_user_wrote_it() -> None:
    facts = with_setting(healthy(), "HF_TOKEN", "hf_…wxyz", environ("HUGGING_FACE_HUB_TOKEN"))
    assert overriding("HF_TOKEN", facts) == "unset HUGGING_FACE_HUB_TOKEN"
    assert overriding("SOME_OTHER_KEY", facts) is None


def test_what_is_manual_already_keeps_its_own_command() -> None:
    facts = with_setting(healthy(), "HF_TOKEN", "x", environ("HF_TOKEN"))
    told = finding("TOK303", EnvPatch({"HF_TOKEN": "…"}), MANUAL, "qtune login")
    assert applicable(told, facts) == told
    bare = Finding("NET101", Severity.ERROR, plain("x"))
    assert applicable(bare, facts) == bare


# --- the lines -------------------------------------------------------------------------------------


def test_each_key_is_recommended_once_by_the_first_cause() -> None:
    rows = recommendations(
        [
            finding("NET101", EnvPatch({"USE_MODELSCOPE": "True", "QTUNE_IP_FAMILY": "4"})),
            finding("HUB207", EnvPatch({"USE_MODELSCOPE": "False"}, frozenset({"HF_ENDPOINT"}))),
            finding("HUB200", None),
            Finding("ENV806", Severity.INFO, plain("x")),
        ],
        healthy(),
    )
    assert [(row.key, row.value, row.current) for row in rows] == [
        ("USE_MODELSCOPE", "True", "True"),
        ("QTUNE_IP_FAMILY", "4", "auto"),
        ("HF_ENDPOINT", None, "https://huggingface.co"),
    ]
    assert rows[0].reason == Text("NET101: mend NET101", "NET101：修 NET101")
    assert patch(rows) == EnvPatch(
        {"USE_MODELSCOPE": "True", "QTUNE_IP_FAMILY": "4"}, frozenset({"HF_ENDPOINT"})
    )


@pytest.mark.parametrize(
    ("applicability", "by_default", "with_unsafe"),
    [(SAFE, True, True), (UNSAFE, False, True), (MANUAL, False, False)],
)
def test_what_a_fix_may_write(
    applicability: Applicability, by_default: bool, with_unsafe: bool
) -> None:
    rows = recommendations(
        [finding("HUB203", EnvPatch({"HF_ENDPOINT": "https://x"}), applicability)], healthy()
    )
    assert bool(patch(rows)) is by_default
    assert bool(patch(rows, unsafe=True)) is with_unsafe
    assert not patch(())
