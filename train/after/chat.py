"""Answers the parent's questions, one after the other, for as long as there are any."""

from __future__ import annotations

import time
from typing import Any

from qtune.train.after.asked import Asked
from qtune.train.after.events import Answered, Loaded, Piece, Say, Side, Stopped
from qtune.train.after.generate import Sampling, context_of, encoded, streamed
from qtune.train.after.inbox import Inbox
from qtune.train.after.prompt import prompt_of
from qtune.train.after.standing import Standing, refuse_scorer, stand
from qtune.train.after.thinking import Splitter, opened_by


def serve(asked: Asked, say: Say, inbox: Inbox) -> None:
    """A question is {"messages": [...], "side": "tuned" | "base"}."""
    standing = stand(asked, say, compare=bool(asked.options.get("compare")))
    refuse_scorer(standing.model)
    prompt_of(standing.tokenizer, [{"role": "user", "content": "?"}], asked.enable_thinking)
    sampling = Sampling.of(asked.options)
    seed = asked.options.get("seed")
    if seed is not None:
        import torch

        torch.manual_seed(int(seed))
    say(Loaded())
    while (question := inbox.next()) is not None:
        _answer(standing, asked, question, sampling, say, inbox)


def _answer(
    standing: Standing,
    asked: Asked,
    question: dict[str, Any],
    sampling: Sampling,
    say: Say,
    inbox: Inbox,
) -> None:
    side: Side = question.get("side", "tuned")
    prompt = prompt_of(standing.tokenizer, question["messages"], asked.enable_thinking)
    ids = encoded(standing, prompt)
    if len(ids) >= context_of(standing.model):
        say(Answered(side, 0, 0.0, "full"))
        return
    splitter = Splitter(opened_by(prompt))

    def tell(text: str) -> None:
        for piece, thinking in splitter.feed(text):
            say(Piece(side, piece, thinking))

    began = time.monotonic()
    with standing.side(side) as model:
        tokens, ended = streamed(standing, model, ids, sampling, tell, inbox.stop)
    for piece, thinking in splitter.end():
        say(Piece(side, piece, thinking))
    stopped: Stopped = "end" if ended else "asked" if inbox.stop.is_set() else "length"
    say(Answered(side, tokens, time.monotonic() - began, stopped))
