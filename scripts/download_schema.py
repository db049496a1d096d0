"""`docs/download-events.schema.json`: the lines of `qtune download --format json`, from the types behind them."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

from qtune.commands.transferjson import NAMES
from qtune.core.download.events import Finished
from qtune.core.text import Text
from scripts.json_schema import CODE, DIALECT, TEXT, a_list, an_object, or_null, ref


def files() -> Iterator[tuple[str, str]]:
    yield "docs/download-events.schema.json", json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """Of one line."""
    parts: dict[str, Any] = {}
    lines = {name: _event(name, kind, parts) for kind, name in NAMES.items()}
    lines["error"] = {
        "description": "The last line where the snapshot did not become whole. `code`: as in `qtune explain`, "
        "null for ^C and for a bug. `exit`: the exit code of the process.",
        **an_object(
            event={"const": "error"},
            code=or_null(CODE),
            message=TEXT,
            fix=or_null(TEXT),
            exit={"enum": [1, 2, 3, 130, 143]},
        ),
    }
    return {
        "$schema": DIALECT,
        "title": "A line of qtune download --format json",
        "description": "One JSON object a line. Amounts are bytes, speeds bytes per second, times seconds. "
        "A `source` is named as in QTUNE_SOURCES; `title`, `listed_by` and `verified_by` are what a person "
        "calls it. The last line is `finished` or `error`.",
        "oneOf": [ref(name) for name in lines],
        "$defs": {**lines, **dict(sorted(parts.items()))},
    }


def _event(name: str, kind: type[Any], parts: dict[str, Any]) -> dict[str, Any]:
    fields = _fields(kind, parts)
    if kind is Finished:
        fields["dropped"] = a_list(an_object(source=TEXT, why=TEXT))
    return {"description": _described(kind), **an_object(event={"const": name}, **fields)}


def _described(kind: type[Any]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split()).replace("None", "null")


def _fields(kind: type[Any], parts: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: _of(hints[field.name], parts) for field in dataclasses.fields(kind)}


def _of(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:
    """What qtune.commands.transferjson makes of a value of this type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union or origin is types.UnionType:
        (inner,) = (a for a in arguments if a is not type(None))
        return or_null(_of(inner, parts))
    if origin is tuple:
        return a_list(_of(arguments[0], parts))
    if kind is Text:
        return TEXT
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        parts[kind.__name__] = {
            "description": _described(kind),
            **an_object(**_fields(kind, parts)),
        }
        return ref(kind.__name__)
    plain = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": plain[kind]}
