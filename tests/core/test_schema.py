"""The field schemas come from the installed libraries, and are not stale."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from qtune.core.runschema import schema
from scripts.generate_schema import SCHEMA, generate


@pytest.mark.slow
def test_the_schemas_are_what_the_libraries_say() -> None:
    for section in ("lora", "training"):
        table = schema(section)
        if version(table.library) != table.version:
            pytest.skip(f"{table.library} is not the version the schema is of")
    for name, text in generate().items():
        assert text == (SCHEMA / name).read_text(encoding="utf-8"), f"{name} is stale"


def test_the_schemas_know_the_fields_people_use() -> None:
    training, lora = schema("training").fields, schema("lora").fields
    assert training["learning_rate"].types == {"float"}
    assert "cosine" in training["lr_scheduler_type"].choices
    assert lora["target_modules"].types == {"str", "list[str]", "null"}
    assert lora["eva_config"].types == {"object", "null"}
