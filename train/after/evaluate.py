"""Loss and perplexity on rows the model was not trained on, and its answers to them beside the expected."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtune.core.text import Text
from qtune.train.after import heldout, measure
from qtune.train.after.asked import Asked
from qtune.train.after.events import Began, Result, Say, Side, Went
from qtune.train.after.generate import batched, context_of, encoded
from qtune.train.after.heldout import Question
from qtune.train.after.prompt import prompt_of
from qtune.train.after.scores import exact, rouge_l
from qtune.train.after.standing import Standing, refuse_scorer, stand
from qtune.train.after.thinking import answer_of, opened_by
from qtune.train.events import Log

_AT_ONCE = 8  # answers written side by side


def evaluate(asked: Asked, say: Say) -> None:
    """`options`: config and places (its data are the rows, or with held_out what it keeps of them), limit,
    compare, generate, max_new_tokens, predictions."""
    options = asked.options
    rows, config = heldout.rows(
        heldout.config_of(options), held_out=options["held_out"], limit=options["limit"]
    )
    compare = bool(options["compare"])
    standing = stand(asked, say, compare=compare)
    refuse_scorer(standing.model)
    texts = heldout.texts(config, asked.folder, rows, standing.tokenizer, say)
    sides: tuple[Side, ...] = ("tuned", "base") if compare else ("tuned",)
    scores: dict[str, dict[str, float | None]] = {}
    tokens = 0
    say(Began("loss", len(texts) * len(sides)))
    for side in sides:
        with standing.side(side) as model:
            total, tokens = measure.loss(
                model,
                texts,
                standing.placement.device,
                standing.tokenizer.pad_token_id or 0,
                lambda done: say(Went(done)),
            )
        mean = total / tokens
        perplexity = math.exp(mean) if mean < 700 else None  # beyond, a float has no number for it
        scores[side] = {"loss": mean, "perplexity": perplexity}
    asked_rows = heldout.questions(rows) if options["generate"] else []
    written = ""
    if asked_rows:
        written = options["predictions"]
        _answer(standing, asked, asked_rows, sides, scores, Path(written), say)
    say(
        Result(
            {
                "rows": len(rows.usable),
                "unusable": len(rows.bad),
                "tokens": tokens,
                "answers": len(asked_rows),
                "scores": scores,
                "predictions": written,
            }
        )
    )


def _answer(
    standing: Standing,
    asked: Asked,
    questions: Sequence[Question],
    sides: Sequence[Side],
    scores: dict[str, dict[str, float | None]],
    path: Path,
    say: Say,
) -> None:
    longest = int(asked.options["max_new_tokens"])
    prompts = [
        q.prompt or prompt_of(standing.tokenizer, q.messages, asked.enable_thinking, q.tools)
        for q in questions
    ]
    ids = [encoded(standing, prompt) for prompt in prompts]
    fitting = [i for i, p in enumerate(ids) if len(p) < context_of(standing.model)]
    if len(fitting) < len(ids):
        lost = len(ids) - len(fitting)
        say(
            Log(
                Text(
                    f"{lost} prompts are longer than what the model can read and stay unanswered",
                    f"{lost} 条提示词超出模型能读的长度，没有生成回答",
                ),
                "warning",
            )
        )
    answers: dict[Side, dict[int, str]] = {}
    say(Began("answers", len(fitting) * len(sides)))
    order = sorted(fitting, key=lambda i: len(ids[i]))
    for side in sides:
        answers[side] = {}
        with standing.side(side) as model:
            for start in range(0, len(order), _AT_ONCE):
                some = order[start : start + _AT_ONCE]
                found = batched(standing, model, [ids[i] for i in some], longest)
                for index, text in zip(some, found, strict=True):
                    answers[side][index] = answer_of(text, opened_by(prompts[index]))
                say(Went(len(some)))
        judged = [(answers[side].get(i, ""), q.reference) for i, q in enumerate(questions)]
        scores[side]["exact_match"] = _mean([float(exact(*pair)) for pair in judged])
        scores[side]["rouge_l"] = _mean([rouge_l(*pair) for pair in judged])
    lines = [_line(q, {s: answers[s].get(i, "") for s in sides}) for i, q in enumerate(questions)]
    _write(path, lines)


def _line(question: Question, answers: dict[Side, str]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "file": question.path.name,
        "line": question.line,
        "messages": [dict(message) for message in question.messages] or question.prompt,
        "reference": question.reference,
    }
    for side, answer in answers.items():
        line[side] = {
            "answer": answer,
            "exact": exact(answer, question.reference),
            "rouge_l": round(rouge_l(answer, question.reference), 4),
        }
    return line


def _write(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """All of them, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    with aside.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
