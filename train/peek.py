"""How the model will see some rows: `python -m qtune.train.peek JOB.json SHOW MOST`, one JSON object on stdout.

The first SHOW examples come piece by piece, learnt or only read; the first MOST rows are counted in tokens.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Judged, Messages, Preference, Tools, Value
from qtune.core.errors import QtuneError
from qtune.core.text import Text, plain
from qtune.train import data
from qtune.train import job as jobs
from qtune.train.data import Row
from qtune.train.job import Job
from qtune.train.texts.example import IGNORED, Example
from qtune.train.texts.making import Made, Recipe, make
from qtune.train.texts.thoughts import TOLD

Side = tuple[str, Value]  # "", chosen, rejected, good or bad, and what is rendered


def peek(job: Job, show: int, most: int) -> dict[str, object]:
    """Raises TrainError."""
    from qtune.train.loading import load_tokenizer, prepare_quickstart

    prepare_quickstart(job, lambda event: None)
    tokenizer = load_tokenizer(job)
    config = job.config
    rows = list(islice(_usable(job), most))
    refused: list[dict[str, object]] = []
    parts: list[tuple[Row, str, Value]] = []
    for row in rows:
        try:
            parts += [(row, side, value) for side, value in _sides(row.value)]
        except Unusable as reason:
            refused.append(_refused(row, reason))
    recipe = Recipe(config.max_length, config.enable_thinking, documents=config.method == "pt")
    lengths: Counter[int] = Counter()
    shown: list[dict[str, object]] = []
    counts: Counter[str] = Counter(rows=len(rows))
    notes: Counter[str] = Counter()
    made = make(tokenizer, recipe, (value for _, _, value in parts))
    for (row, side, _), result in zip(parts, made, strict=True):
        if isinstance(result, Unusable):
            refused.append(_refused(row, result))
            continue
        for written in result.written:
            notes.update(written.notes)
        for example in _examples(result, single=side != ""):
            lengths[len(example.input_ids) + example.cut] += 1
            counts.update(
                tokens=len(example.input_ids),
                learnt=sum(label != IGNORED for label in example.labels),
                cut=example.cut > 0,
                lost=example.cut,
                answerless=not example.learns,
            )
            if len(shown) < show:
                shown.append(
                    {
                        "path": str(row.path),
                        "line": row.line,
                        "side": side,
                        "tokens": len(example.input_ids),
                        "learnt": sum(label != IGNORED for label in example.labels),
                        "cut": example.cut,
                        "pieces": _pieces(tokenizer, example),
                    }
                )
    return {
        **counts,
        "lengths": sorted(lengths.items()),
        "refused": refused,
        "notes": [{"count": count, **_both(TOLD[note])} for note, count in notes.items()],
        "examples": shown,
    }


def _usable(job: Job) -> Iterator[Row]:
    for source in job.config.data:
        for row in data.rows_of(source, job.config.method):
            if isinstance(row, Row):
                yield row


def _sides(value: Value) -> list[Side]:
    match value:
        case Preference(prompt, chosen, rejected, tools):
            return [
                ("chosen", _joined(prompt, chosen, tools)),
                ("rejected", _joined(prompt, rejected, tools)),
            ]
        case Judged(prompt, completion, label, tools):
            return [("good" if label else "bad", _joined(prompt, completion, tools))]
    return [("", value)]


def _joined(prompt: Messages, answer: Messages, tools: Tools) -> Conversation:
    if len(answer) != 1:  # as qtune.train.methods.pairs has it
        raise Unusable("several-answers", f"{len(answer)} messages")
    return Conversation((*prompt, *answer), tools)


def _examples(made: Made, *, single: bool) -> Iterator[Example]:
    """`single`: of a conversation whose last answer is what counts, that answer alone."""
    examples = [example for group in made.examples for example in group]
    if not single:
        yield from examples
        return
    last = examples[-1]
    labels = list(last.labels)
    end = next((i for i in range(len(labels) - 1, -1, -1) if labels[i] != IGNORED), -1)
    start = end
    while start >= 0 and labels[start] != IGNORED:
        start -= 1
    labels[: start + 1] = [IGNORED] * (start + 1)
    yield Example(last.input_ids, labels, last.cut)


def _pieces(tokenizer: Any, example: Example) -> list[dict[str, object]]:
    """The tokens as text again, in stretches that are learnt and stretches that are not."""
    pairs = zip(example.input_ids, example.labels, strict=True)
    return [
        {
            "text": tokenizer.decode(
                [token for token, _ in stretch],
                skip_special_tokens=False,
                clean_up_tokenization_spaces=False,
            ),
            "learnt": learnt,
        }
        for learnt, stretch in groupby(pairs, key=lambda pair: pair[1] != IGNORED)
    ]


def _refused(row: Row, reason: Unusable) -> dict[str, object]:
    return {
        "path": str(row.path),
        "line": row.line,
        "kind": reason.kind,
        **_both(reason.text()),
    }


def main(arguments: Sequence[str]) -> int:
    out = os.dup(1)
    os.dup2(2, 1)  # whatever the libraries print is no answer
    path, show, most = arguments
    code = 0
    try:
        told: dict[str, object] = peek(jobs.read(Path(path)), int(show), int(most))
    except QtuneError as error:
        told, code = {"error": {"code": error.code, **_both(error.message)}}, 1
    except ImportError as error:
        told, code = {"error": {"code": "TRN040", **_both(plain(str(error)))}}, 1
    with os.fdopen(out, "w", encoding="utf-8") as file:
        json.dump(told, file)
    return code


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
