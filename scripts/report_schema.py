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
from scripts.json_schema import CODE, COUNT, DIALECT, TEXT, a_list, a_map, an_object, or_null, ref


def files() -> Iterator[tuple[str, str]]:
    yield "docs/report.schema.json", json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    definitions: dict[str, Any] = {
        "span": an_object(path=TEXT, line=COUNT, column=COUNT, end_line=COUNT, end_column=COUNT),
        "fix": an_object(
            title=TEXT,
            applicability={"enum": [item.value for item in Applicability]},
            env=a_map(TEXT),
            unset=a_list(TEXT),
            edits=a_list(an_object(span=ref("span"), text=TEXT)),
            command=TEXT,
            url=TEXT,
        ),
        "finding": an_object(
            code=CODE,
            name=TEXT,
            severity={"enum": [item.value for item in Severity]},
            message=TEXT,
            evidence=a_list(TEXT),
            because=or_null(CODE),
            url=TEXT,
            span=or_null(ref("span")),
            fix=or_null(ref("fix")),
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
    whole = an_object(
        schema={"const": SCHEMA},
        qtune=TEXT,
        goal=or_null(goal),
        exit={"enum": [0, 1, 2, 3, 4, 130, 143]},
        settings=a_map(an_object(value=TEXT, origin=TEXT)),
        facts=or_null(facts),
        checks=a_list(ref("check")),
        findings=a_list(ref("finding")),
        recommended_env=a_map(
            an_object(
                value=or_null(TEXT),
                current=TEXT,
                reason=TEXT,
                applicability={"enum": [item.value for item in Applicability]},
            )
        ),
        suppressed=a_list(
            an_object(
                code=CODE,
                by={"enum": ["line", "file", "project", "skip"]},
                reason=TEXT,
                span=or_null(ref("span")),
                finding=or_null(ref("finding")),
            )
        ),
        took_ms=COUNT,
    )
    return {
        "$schema": DIALECT,
        "title": "The report of qtune doctor",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _check(state: str) -> dict[str, Any]:
    """What was not made says why: `because` names the finding in the way, `reason` anything else."""
    known = {"check": TEXT, "state": {"const": state}, "took_ms": COUNT}
    if state == "ok":
        return an_object(**known)
    named = an_object(**known, because=CODE)
    said = an_object(**known, reason=TEXT)
    return {"oneOf": [named, said]}


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of what doctor.codec makes of a value of this type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union or origin is types.UnionType:
        if Unknown in arguments:
            return _fact(next(a for a in arguments if typing.get_origin(a) is Known), definitions)
        (inner,) = (a for a in arguments if a is not type(None))
        return or_null(_of(inner, definitions))
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return a_list(_of(arguments[0], definitions))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return a_map(_of(arguments[1], definitions))
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
        definitions[name] = an_object(**fields)
    return ref(name)


def _fact(known: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    (value,) = typing.get_args(known)
    unknown = {"enum": list(typing.get_args(UnknownReason))}
    return {
        "oneOf": [
            an_object(known=_of(value, definitions), took_ms=COUNT),
            an_object(unknown=unknown, detail=TEXT, took_ms=COUNT),
        ]
    }
