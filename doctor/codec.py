"""Facts to JSON and back, so that a bug report, a test case and a support thread are the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import cattrs

from qtune import __version__
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import UsageError
from qtune.core.secret import redact
from qtune.core.text import Text
from qtune.doctor import facts as whole
from qtune.doctor.facts import Facts, Known, Unknown, UnknownReason

SCHEMA = 1
T = TypeVar("T")
_REASON: Any = UnknownReason  # cattrs takes a Literal, its type says only classes


def _is_fact(kind: Any) -> bool:
    return Unknown in get_args(kind) and any(get_origin(part) is Known for part in get_args(kind))


def _converter() -> cattrs.Converter:
    whole.load()
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_unstructure_hook(
        EnvPatch, lambda patch: {"set": dict(patch.set), "unset": sorted(patch.unset)}
    )

    def unstructure(fact: Any) -> dict[str, Any]:
        if isinstance(fact, Unknown):
            return {"unknown": fact.reason, "detail": fact.detail, "took_ms": fact.took_ms}
        return {"known": converter.unstructure(fact.value), "took_ms": fact.took_ms}

    def structure(value: Any, kind: Any) -> Any:
        took_ms = converter.structure(value["took_ms"], int)
        if "unknown" in value:
            reason: UnknownReason = converter.structure(value["unknown"], _REASON)
            return Unknown(reason, converter.structure(value["detail"], str), took_ms)
        part = next(part for part in get_args(kind) if get_origin(part) is Known)
        return Known(converter.structure(value["known"], get_args(part)[0]), took_ms)

    converter.register_unstructure_hook_func(_is_fact, unstructure)
    converter.register_structure_hook_func(_is_fact, structure)
    return converter


_CONVERTER = _converter()


def to_plain(value: Any) -> Any:
    """Facts, or a part of them, as JSON's own types."""
    return _CONVERTER.unstructure(value)


def dump(facts: Facts) -> str:
    """A facts file. Facts hold no secrets; redacting once more at the door costs nothing."""
    return json.dumps(document(facts), ensure_ascii=False, indent=2) + "\n"


def document(facts: Facts) -> dict[str, Any]:
    """The same as JSON's own types."""
    return {"schema": SCHEMA, "qtune": __version__, "facts": redacted(to_plain(facts))}


def redacted(value: Any) -> Any:
    """Text by text, so that no secret that looks like JSON can break it. Of the keys only a mirror's address
    could hold one."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(k) if "://" in k else k: redacted(v) for k, v in value.items()}
    return [redacted(item) for item in value] if isinstance(value, list | tuple) else value


# What turning JSON into our types may raise where it was written by somebody else.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    cattrs.BaseValidationError,
)


def from_plain(value: Any, kind: type[T]) -> T:
    """What `to_plain` made of a `kind`. Raises one of UNREADABLE."""
    return _CONVERTER.structure(value, kind)


def from_document(whole: Any) -> Facts:
    """What `document` made. Raises one of UNREADABLE."""
    if whole["schema"] != SCHEMA:
        raise ValueError(f"schema {whole['schema']}")
    return from_plain(whole["facts"], Facts)


def load(text: str) -> Facts:
    """Raises UsageError (CFG091) for what is no facts file of this version."""
    try:
        return from_document(json.loads(text))
    except UNREADABLE as error:
        detail = redact(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise UsageError(
            "CFG091",
            Text(
                f"this is no facts file that this version can read: {detail}",
                f"这不是当前版本能读取的 facts 文件：{detail}",
            ),
            Text(
                "Make one with `qtune doctor --save facts.json`.",
                "请用 `qtune doctor --save facts.json` 生成。",
            ),
        ) from error
