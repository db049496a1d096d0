"""The generated files in the tree are what the code would write today."""

from __future__ import annotations

from pathlib import Path

from qtune.core.envfile import parse
from qtune.core.table import TABLE
from scripts import generate
from scripts.settings_docs import example


def test_generated_files_are_current() -> None:
    assert generate.stale(generate.wanted()) == []


def test_a_page_left_behind_by_a_rule_that_is_gone_is_stale() -> None:
    files = generate.wanted()
    gone = next(path for path in files if path.parent.name == "rules" and path.name[0] != "R")
    del files[gone]
    assert generate.stale(files) == [gone]


def test_the_example_names_every_setting_and_sets_only_what_the_faq_recommends() -> None:
    text = example()
    assert [row.key for row in TABLE if f"{row.key}=" not in text] == []
    document = parse(text, Path(".env.example"))
    assert {entry.key: entry.value for entry in document.entries} == {
        "USE_MODELSCOPE": "True",
        "DEFAULT_MODEL": "Qwen/Qwen3-4B",
    }
    assert document.unparsed == ()
