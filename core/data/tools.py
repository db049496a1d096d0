"""Tools and their calls, in the several ways in which data sets write them, as chat templates take them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Tools

Call = Mapping[str, object]


def tools(row: Mapping[str, object]) -> Tools:
    """Of `tools` (a list, or the JSON of one) or OpenAI's older `functions`. Raises Unusable."""
    for key in ("tools", "functions"):
        given = row.get(key)
        if given:
            return tuple(_tool(item, key) for item in _listed(given, key))
    return ()


def calls(message: Mapping[str, object], place: str) -> tuple[Call, ...]:
    """The calls of an assistant's message: `tool_calls`, or OpenAI's older `function_call`."""
    given = message.get("tool_calls")
    if given:
        return tuple(call(item, place) for item in _listed(given, place))
    older = message.get("function_call")
    return (call(older, place),) if older else ()


def written(text: object, place: str) -> tuple[Call, ...]:
    """Calls that stand as JSON where a message has its text: one, or a list of them."""
    given = parsed(text, place) if isinstance(text, str) else text
    return tuple(call(item, place) for item in (given if isinstance(given, list) else [given]))


def call(item: object, place: str) -> Call:
    """One call, its arguments a table. Raises Unusable."""
    item = parsed(item, place) if isinstance(item, str) else item
    inner = item.get("function") if isinstance(item, Mapping) and "function" in item else item
    if not isinstance(item, Mapping) or not isinstance(inner, Mapping):
        raise Unusable("tools", f"{place}: a call is no object")
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        raise Unusable("tools", f"{place}: a call without the name of its tool")
    given = inner.get("arguments", inner.get("parameters"))
    if isinstance(given, str):
        given = parsed(given, place) if given.strip() else {}
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise Unusable("tools", f"{place}: the arguments of {name} are no table"[:120])
    made: dict[str, object] = {
        "type": "function",
        "function": {"name": name, "arguments": without_nothing(given)},
    }
    if isinstance(item.get("id"), str) and item["id"]:
        made["id"] = item["id"]
    return made


def parsed(text: str, place: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unusable("tools", f"{place}: not JSON: {text[:40]!r}") from None


def without_nothing(value: object) -> object:
    """A table of columns gives each row the keys of all the others, with nothing in them."""
    if isinstance(value, Mapping):
        return {k: without_nothing(inner) for k, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nothing(inner) for inner in value]
    return value


def _listed(given: object, place: str) -> list[object]:
    if isinstance(given, str):
        given = parsed(given, place)
    if isinstance(given, Mapping):
        given = [given]
    if not isinstance(given, list):
        raise Unusable("tools", f"{place} is no list")
    return given


def _tool(item: object, place: str) -> Mapping[str, object]:
    item = parsed(item, place) if isinstance(item, str) else item
    if not isinstance(item, Mapping):
        raise Unusable("tools", f"{place}: a tool is no object")
    described = item.get("function") if isinstance(item.get("function"), Mapping) else item
    if not isinstance(described, Mapping) or not isinstance(described.get("name"), str):
        raise Unusable("tools", f"{place}: a tool without a name")
    made = without_nothing(
        item if described is not item else {"type": "function", "function": item}
    )
    assert isinstance(made, dict)
    return made
