"""The answer of `qtune data --format json`: one document, complete even when something failed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from qtune import __version__
from qtune.commands.looked import Looked
from qtune.commands.peeking import Unseen
from qtune.core.errors import QtuneError
from qtune.core.secret import redact
from qtune.speech import current
from qtune.train.data import SHOWN, BadRow
from qtune.train.survey import Survey

SCHEMA = 1


def document(found: Looked) -> str:
    seen, config = found.seen, found.config
    whole: dict[str, Any] = {
        "schema": SCHEMA,
        "qtune": __version__,
        "exit": 0 if found.refusal is None else 1,
        "method": config.method,
        "model": config.model,
        "max_length": config.max_length,
        "train": _survey(found.train),
        "eval": _survey(found.judged) if found.judged is not None else None,
        "leaked": len(found.leaked),
        "error": _error(found.refusal) if found.refusal is not None else None,
        "tokens": None if isinstance(seen, Unseen) else _tokens(seen),
        "no_tokens_because": seen.reason.to(current()) if isinstance(seen, Unseen) else None,
        "examples": [] if isinstance(seen, Unseen) else seen["examples"],
    }
    return redact(json.dumps(whole, ensure_ascii=False, indent=1)) + "\n"


def failed(error: BaseException, code: int) -> str:
    told: dict[str, Any] = {"schema": SCHEMA, "qtune": __version__, "exit": code}
    if isinstance(error, QtuneError):
        told["error"] = _error(error)
    else:
        told["error"] = {"code": None, "message": redact(str(error)), "fix": None}
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _error(error: QtuneError) -> dict[str, Any]:
    lang = current()
    return {
        "code": error.code,
        "message": redact(error.message.to(lang)),
        "fix": redact(error.fix.to(lang)) if error.fix is not None else None,
    }


def _survey(found: Survey) -> dict[str, Any]:
    return {
        "files": [{"path": str(path), "rows": rows} for path, rows in found.files.items()],
        "formats": dict(found.formats),
        "usable": found.usable,
        "unusable": dict(Counter(row.kind for row in found.bad)),
        "places": [_place(row) for row in first_of_each(found.bad)],
        "repeated": found.repeated,
        "characters": found.characters,
    }


def first_of_each(bad: list[BadRow]) -> list[BadRow]:
    """The first few of each kind."""
    shown: Counter[str] = Counter()
    kept = []
    for row in bad:
        shown[row.kind] += 1
        if shown[row.kind] <= SHOWN:
            kept.append(row)
    return kept


def _place(row: BadRow) -> dict[str, Any]:
    return {
        "path": str(row.path),
        "line": row.line,
        "kind": row.kind,
        "reason": row.reason.to(current()),
    }


def _tokens(seen: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in seen.items() if key != "examples"}
