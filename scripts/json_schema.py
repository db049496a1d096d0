"""The parts that the JSON Schemas of qtune's formats are made of."""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
CODE = {"type": "string", "pattern": "^[A-Z]{3,4}[0-9]{3}$"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def a_list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def a_map(values: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
