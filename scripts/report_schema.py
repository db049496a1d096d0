"""`docs/report.schema.json`: the JSON Schema of `qtune doctor --format json`, from the types behind it."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

from qtune.doctor.facts import Facts, Goal, Known, Unknown, UnknownReason
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.outcome import State
from qtune.doctor.report.json import SCHEMA

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_CODE = {"type": "string", "pattern": "^[A-Z]{3,4}[0-9]{3}$"}


def files() -> Iterator[tuple[str, str]]:
    yield "docs/report.schema.json", json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    definitions: dict[str, Any] = {
        "span": _object(path=_TEXT, line=_COUNT, column=_COUNT, end_line=_COUNT, end_column=_COUNT),
        "fix": _object(
            title=_TEXT,
            applicability={"enum": [item.value for item in Applicability]},
            env=_map(_TEXT),
            unset=_list(_TEXT),
            edits=_list(_object(span=_ref("span"), text=_TEXT)),
            command=_TEXT,
            url=_TEXT,
        ),
        "finding": _object(
            code=_CODE,
            name=_TEXT,
            severity={"enum": [item.value for item in Severity]},
            message=_TEXT,
            evidence=_list(_TEXT),
            because=_or_null(_CODE),
            url=_TEXT,
            span=_or_null(_ref("span")),
            fix=_or_null(_ref("fix")),
        ),
        "check": {"oneOf": [_check(state) for state in typing.get_args(State)]},
    }
    goal = _of(Goal, definitions)
    facts = _of(Facts, definitions)
    # The document has these two beside the facts.
    for name in ("goal", "settings"):
        del definitions["Facts"]["properties"][name]
        definitions["Facts"]["required"].remove(name)
    del definitions["SettingFact"]
    whole = _object(
        schema={"const": SCHEMA},
        qtune=_TEXT,
        goal=_or_null(goal),
        exit={"enum": [0, 1, 2, 3, 4, 130, 143]},
        settings=_map(_object(value=_TEXT, origin=_TEXT)),
        facts=_or_null(facts),
        checks=_list(_ref("check")),
        findings=_list(_ref("finding")),
        recommended_env=_map(
            _object(
                value=_or_null(_TEXT),
                current=_TEXT,
                reason=_TEXT,
                applicability={"enum": [item.value for item in Applicability]},
            )
        ),
        suppressed=_list(
            _object(
                code=_CODE,
                by={"enum": ["line", "file", "project", "skip"]},
                reason=_TEXT,
                span=_or_null(_ref("span")),
                finding=_or_null(_ref("finding")),
            )
        ),
        took_ms=_COUNT,
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The report of qtune doctor",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _check(state: str) -> dict[str, Any]:
    """What was not made says why: `because` names the finding in the way, `reason` anything else."""
    known = {"check": _TEXT, "state": {"const": state}, "took_ms": _COUNT}
    if state == "ok":
        return _object(**known)
    named = _object(**known, because=_CODE)
    said = _object(**known, reason=_TEXT)
    return {"oneOf": [named, said]}


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of what doctor.codec makes of a value of this type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union or origin is types.UnionType:
        if Unknown in arguments:
            return _fact(next(a for a in arguments if typing.get_origin(a) is Known), definitions)
        (inner,) = (a for a in arguments if a is not type(None))
        return _or_null(_of(inner, definitions))
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return _list(_of(arguments[0], definitions))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _map(_of(arguments[1], definitions))
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, definitions)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return {"enum": [item.value for item in kind]}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [item.value for item in kind]}
    plain = {str: "string", Path: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": plain[kind]}


def _dataclass(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # holds the name while its parts are made
        hints = typing.get_type_hints(kind)
        fields = {f.name: _of(hints[f.name], definitions) for f in dataclasses.fields(kind)}
        definitions[name] = _object(**fields)
    return _ref(name)


def _fact(known: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    (value,) = typing.get_args(known)
    unknown = {"enum": list(typing.get_args(UnknownReason))}
    return {
        "oneOf": [
            _object(known=_of(value, definitions), took_ms=_COUNT),
            _object(unknown=unknown, detail=_TEXT, took_ms=_COUNT),
        ]
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
