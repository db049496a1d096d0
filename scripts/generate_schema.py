"""Write core/schema/*.json from the installed transformers, peft and trl.

The run config, the doctor and the editor read these files, so that they know every field of
`training:`, `lora:` and `preference:` without importing torch. Run it after upgrading one of the
libraries; `--check` fails when the files are stale.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import json
import sys
import types
import typing
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

SCHEMA = Path(__file__).parents[1] / "core" / "schema"
SIMPLE = {bool: "bool", int: "int", float: "float", str: "str"}


def generate() -> dict[str, str]:
    """File name -> text, always the same for the same versions of the libraries."""
    from peft import LoraConfig
    from transformers import TrainingArguments
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.kto_config import KTOConfig
    from trl.trainer.reward_config import RewardConfig

    shared = {field.name for field in dataclasses.fields(TrainingArguments)}
    made = {
        "lora_config.json": _document(LoraConfig, "peft"),
        "training_arguments.json": _document(TrainingArguments, "transformers"),
        "dpo_config.json": _document(DPOConfig, "trl", without=shared),
        "kto_config.json": _document(KTOConfig, "trl", without=shared),
        "reward_config.json": _document(RewardConfig, "trl", without=shared),
    }
    return {
        name: json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        for name, document in made.items()
    }


def _document(
    config: type, library: str, without: Collection[str] = frozenset()
) -> dict[str, object]:
    hints = typing.get_type_hints(config)
    fields = {
        field.name: _field(field, hints[field.name])
        for field in dataclasses.fields(config)
        if field.init and field.name not in without
    }
    return {
        "class": config.__name__,
        "library": library,
        "version": version(library),
        "fields": fields,
    }


def _field(field: dataclasses.Field[object], hint: object) -> dict[str, object]:
    """`types` is what the field may hold (object: something YAML cannot write), `choices` its words."""
    kinds, choices = _kinds(hint)
    choices |= {str(choice) for choice in field.metadata.get("choices") or ()}
    described: dict[str, object] = {"types": sorted(kinds), "choices": sorted(choices)}
    if field.default is None or isinstance(field.default, (bool, int, float, str)):
        default = field.default
        described["default"] = default.value if isinstance(default, enum.Enum) else default
    return described


def _kinds(hint: object) -> tuple[set[str], set[str]]:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = [_kinds(part) for part in typing.get_args(hint)]
        return set().union(*(p[0] for p in parts)), set().union(*(p[1] for p in parts))
    if origin is typing.Literal:
        values = typing.get_args(hint)
        words = {value for value in values if isinstance(value, str)}
        others = {SIMPLE[type(value)] for value in values if not isinstance(value, str)}
        return others | ({"str"} if words else set()), words
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"str"}, {str(member.value) for member in hint}
    if hint is type(None):
        return {"null"}, set()
    if origin is list or hint is list:
        inner = typing.get_args(hint)
        item = SIMPLE.get(inner[0]) if inner else None
        return {f"list[{item}]" if item else "list"}, set()
    if origin is dict or hint is dict:
        return {"dict"}, set()
    if isinstance(hint, type) and hint in SIMPLE:
        return {SIMPLE[hint]}, set()
    return {"object"}, set()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    check: bool = parser.parse_args().check
    stale = []
    for name, text in generate().items():
        path = SCHEMA / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'stale, run scripts/generate_schema.py' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
