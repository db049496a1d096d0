"""The JSON report: the published schema, completeness, masks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError, UsageError
from qtune.core.secret import Secret
from qtune.core.text import Text, plain
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report.json import failed, render
from scripts.report_schema import schema
from tests.doctor.build import ENV, env_line, healthy, with_setting
from tests.doctor.report import worlds
from tests.doctor.report.worlds import EVERY

PUBLISHED = Path(__file__).parents[3] / "docs/report.schema.json"


def validated(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    _validator().validate(document)
    return document


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))


def test_the_published_schema_is_the_current_one() -> None:
    assert json.loads(PUBLISHED.read_text("utf-8")) == schema()
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", EVERY, ids=lambda world: world.__name__)
def test_every_world_validates(world: Callable[[], Report], lang: str) -> None:
    validated(render(world(), 1, lang))  # type: ignore[arg-type]


def test_the_schema_is_strict() -> None:
    document = json.loads(render(worlds.well(), 0, "en"))
    for broken in (
        {**document, "more": 1},
        {key: value for key, value in document.items() if key != "checks"},
        {**document, "facts": {**document["facts"], "extra": 1}},
        {**document, "exit": 7},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validated(json.dumps(broken))


def test_a_finding_has_all_that_the_text_tells() -> None:
    document = validated(render(worlds.bad_token(), 1, "en"))
    token, mode = document["findings"]
    assert token["code"] == "TOK303"
    assert token["name"] == "token-not-accepted"
    assert token["severity"] == "error"
    assert token["span"] == {
        "path": str(ENV), "line": 3, "column": 1, "end_line": 3, "end_column": 47,
    }  # fmt: skip
    assert token["fix"]["applicability"] == "UNSAFE"
    assert token["fix"]["unset"] == ["HF_TOKEN"]
    assert token["url"] == "https://huggingface.co/settings/tokens"
    assert mode["url"] == "docs/rules/ENV806.md"
    assert mode["fix"]["command"] == f"chmod 600 {ENV}"
    assert document["exit"] == 1
    assert document["recommended_env"]["HF_TOKEN"]["value"] is None
    speed = next(c for c in document["checks"] if c["check"] == "speed.huggingface")
    assert speed["state"] == "unknown"
    assert speed["reason"] == "timed out after 12 s"
    storage = next(c for c in document["checks"] if c["check"] == "storage.huggingface")
    assert storage["because"] == "TOK303"


def test_recommended_env_speaks_of_the_users_own_switch() -> None:
    document = validated(render(worlds.slow_hf(), 0, "en"))
    assert document["recommended_env"]["USE_MODELSCOPE"] == {
        "value": "True",
        "current": "False",
        "reason": "HUB207: Use ModelScope first: measured 23.5 MB/s, against 840.0 kB/s from Hugging Face",
        "applicability": "SAFE",
    }


def test_settings_come_with_their_origin_in_the_users_language() -> None:
    facts = with_setting(healthy(), "USE_MODELSCOPE", "False", env_line("USE_MODELSCOPE", 7))
    document = validated(render(worlds.report(facts), 0, "zh"))
    assert document["settings"]["USE_MODELSCOPE"] == {"value": "False", "origin": ".env 第 7 行"}
    assert document["settings"]["HF_TOKEN"] == {"value": "", "origin": "默认值"}


def test_edits_are_told() -> None:
    edit = Edit(Span(str(ENV), 2, 1, 2, 9), "HF_TOKEN")
    fix = Fix(plain("rename"), Applicability.SAFE, edits=(edit,))
    finding = Finding("ENV804", Severity.WARNING, plain("a typo"), fix=fix)
    document = validated(render(worlds.report(healthy(), finding), 0, "en"))
    assert document["findings"][0]["fix"]["edits"][0]["text"] == "HF_TOKEN"


def test_an_error_before_anything_was_examined_is_a_whole_document() -> None:
    error = ConfigError("ENV812", Text("cannot read .env", "无法读取 .env"), plain("mend it"))
    document = validated(failed(error, 2, "en"))
    assert document["exit"] == 2
    assert document["goal"] is None
    assert [finding["code"] for finding in document["findings"]] == ["ENV812"]


@pytest.mark.parametrize("error, code", [(KeyError("x"), 3), (KeyboardInterrupt(), 130)])
def test_so_is_the_document_of_a_bug_or_an_interruption(error: BaseException, code: int) -> None:
    document = validated(failed(error, code, "en"))
    assert document["exit"] == code
    assert document["findings"] == []


def test_no_secret_gets_through_in_any_place() -> None:
    canary = Secret("zq7-canary-0123456789abcdef").reveal()
    told = plain(f"it is {canary}")
    fix = Fix(told, Applicability.SAFE, EnvPatch({"HF_TOKEN": canary}), command=canary, url=canary)
    finding = Finding("TOK302", Severity.ERROR, told, (told,), fix=fix)
    facts = with_setting(healthy(), "HF_TOKEN", canary, env_line("HF_TOKEN"))
    assert canary not in render(worlds.report(facts, finding), 1, "en")
    assert canary not in failed(UsageError("CFG092", told), 2, "en")


@pytest.mark.parametrize("word", ["warning", "skipped", "huggingface", "TOK303", "MANUAL"])
def test_a_secret_that_spells_one_of_our_words_does_not_break_the_document(word: str) -> None:
    code = (
        "from qtune.core.secret import Secret; import sys; Secret(sys.argv[1]);"
        "from tests.doctor.report import worlds; from qtune.doctor.report.json import render;"
        "sys.stdout.write(render(worlds.bad_token(), 1, 'en'))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, word], cwd=root, capture_output=True, text=True, check=True
    )
    document = validated(done.stdout)
    assert document["findings"][0]["code"] == "TOK303"
    assert "speed" in document["facts"]
