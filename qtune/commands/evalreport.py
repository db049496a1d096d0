"""The result of an evaluation: a small table, or one JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtune import __version__
from qtune.core.errors import QtuneError
from qtune.core.secret import redact
from qtune.core.text import Lang, Text
from qtune.speech import current

if TYPE_CHECKING:
    from qtune.train.after.trained import Trained

_ROWS = (
    ("loss", Text("loss", "损失"), "{:.4f}"),
    ("perplexity", Text("perplexity", "困惑度"), "{:.3f}"),
    ("exact_match", Text("exact match", "完全匹配"), "{:.1%}"),
    ("rouge_l", Text("ROUGE-L", "ROUGE-L"), "{:.4f}"),
)
_TITLES = {"tuned": Text("tuned", "微调后"), "base": Text("base", "基座")}


def document(trained: Trained, file: Path | None, values: dict[str, Any]) -> dict[str, Any]:
    scores = values["scores"]
    return {
        "schema": 1,
        "qtune": __version__,
        "exit": 0,
        "run": str(trained.folder),
        "data": str(file) if file is not None else "held-out",
        "rows": values["rows"],
        "unusable": values["unusable"],
        "tokens": values["tokens"],
        "answers": values["answers"],
        "tuned": scores["tuned"],
        "base": scores.get("base"),
        "predictions": values["predictions"] or None,
    }


def failed(error: QtuneError | None, exit_code: int) -> str:
    told = None
    if error is not None:
        fix = redact(error.fix.to(current())) if error.fix else None
        told = {"code": error.code, "message": redact(error.message.to(current())), "fix": fix}
    values = {"schema": 1, "qtune": __version__, "exit": exit_code, "error": told}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def lines(values: dict[str, Any], lang: Lang) -> list[str]:
    from rich.cells import cell_len

    sides = [side for side in ("base", "tuned") if values[side]]
    told = [
        Text(
            f"{values['rows']} rows, {values['tokens']} tokens to write, {values['data']}",
            f"{values['rows']} 条数据，{values['tokens']} 个要写的词元，{values['data']}",
        ).to(lang)
    ]
    if len(sides) > 1:
        told.append(" " * 14 + "".join(_right(_TITLES[side].to(lang), 12) for side in sides))
    for key, name, form in _ROWS:
        if key not in values["tuned"]:
            continue
        shown = name.to(lang)
        cells = [_cell(values[side].get(key), form) for side in sides]
        told.append(shown + " " * (14 - cell_len(shown)) + "".join(_right(c, 12) for c in cells))
    if values["predictions"]:
        told.append(values["predictions"])
    return told


def _cell(value: float | None, form: str) -> str:
    return "∞" if value is None else form.format(value)


def _right(text: str, width: int) -> str:
    from rich.cells import cell_len

    return " " * max(width - cell_len(text), 1) + text
