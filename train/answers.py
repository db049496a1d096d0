"""Asks the model a few questions of the data as it was and as it is, for the run's report.

Greedy and short. Where an answer would take long (a large model without a GPU) none is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from qtune.core.data.values import Message
from qtune.train.data import Rows
from qtune.train.job import Job
from qtune.train.samples import SAMPLES, Sample, read, write

QUESTIONS = 3
_TOKENS = 80
_LONGEST = 512  # tokens of a question
_SLOW = 200_000_000  # parameters; more without a GPU takes minutes

Prompt = Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class Asked:
    """A question as a person reads it, and as the model does."""

    question: str
    prompt: str


def questions(conversations: Sequence[Sequence[Message]], prompt: Prompt) -> list[Asked]:
    """From the beginning, the middle and the end of the data: what stands before the first answer."""
    if not conversations:
        return []
    count = min(QUESTIONS, len(conversations))
    chosen = sorted(
        {index * (len(conversations) - 1) // max(count - 1, 1) for index in range(count)}
    )
    asked = []
    for index in chosen:
        messages = conversations[index]
        first = next((n for n, each in enumerate(messages) if each.role == "assistant"), 0)
        if first and messages[first - 1].role == "user":
            asked.append(Asked(messages[first - 1].content, prompt(messages[:first])))
    return asked


def of_rows(job: Job, rows: Rows, tokenizer: Any) -> list[Asked]:
    """Questions of the rows that are conversations, as the model's own template puts them."""

    def prompt(messages: Sequence[Message]) -> str:
        thinking = job.config.enable_thinking
        options = {} if thinking is None else {"enable_thinking": thinking}
        return str(
            tokenizer.apply_chat_template(
                [message.as_dict() for message in messages],
                tokenize=False,
                add_generation_prompt=True,
                **options,
            )
        )

    return questions([row.messages for row in rows.usable if row.messages], prompt)


def before(run: Path, model: Any, tokenizer: Any, asked: Sequence[Asked]) -> None:
    """Of whole weights, once in the life of a run: a resumed one knows them already.

    Beside an adapter the base model can still be asked behind the last step: the first is not kept waiting.
    """
    if not asked or _is_adapted(model) or (run / SAMPLES).exists() or is_slow(model):
        return
    _keep(run, asked, answers(model, tokenizer, [each.prompt for each in asked]))


def after(run: Path, model: Any, tokenizer: Any, asked: Sequence[Asked]) -> None:
    if not asked or is_slow(model):
        return
    if _is_adapted(model):
        with model.disable_adapter():
            _keep(run, asked, answers(model, tokenizer, [each.prompt for each in asked]))
    prompts = {each.question: each.prompt for each in asked}
    kept = [sample for sample in read(run / SAMPLES) if sample.prompt in prompts]
    if not kept:
        return
    said = answers(model, tokenizer, [prompts[sample.prompt] for sample in kept])
    write(
        run / SAMPLES,
        [replace(sample, after=text) for sample, text in zip(kept, said, strict=True)],
    )


def _keep(run: Path, asked: Sequence[Asked], said: Sequence[str]) -> None:
    kept = [Sample(each.question, text, "") for each, text in zip(asked, said, strict=True)]
    write(run / SAMPLES, kept)


def _is_adapted(model: Any) -> bool:
    return hasattr(model, "disable_adapter")


def is_slow(model: Any) -> bool:
    on_cpu = next(model.parameters()).device.type == "cpu"
    return bool(on_cpu) and sum(each.numel() for each in model.parameters()) > _SLOW


def answers(model: Any, tokenizer: Any, prompts: Sequence[str]) -> list[str]:
    """Leaves model and random numbers as they were: the training must not notice."""
    was_training, cached = model.training, model.config.use_cache
    model.eval()
    model.config.use_cache = True
    try:
        with torch.random.fork_rng(), torch.no_grad():
            return [_answer(model, tokenizer, prompt) for prompt in prompts]
    finally:
        model.config.use_cache = cached
        model.train(was_training)


def _answer(model: Any, tokenizer: Any, prompt: str) -> str:
    read = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
    ids = read["input_ids"][:, -_LONGEST:].to(next(model.parameters()).device)
    ends = {tokenizer.eos_token_id, *_listed(model.generation_config.eos_token_id)} - {None}
    made = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=_TOKENS,
        do_sample=False,
        temperature=None,
        top_p=None,
        top_k=None,
        eos_token_id=sorted(ends),
        pad_token_id=tokenizer.pad_token_id,
    )
    new = made[0, ids.shape[1] :].tolist()
    stopped = bool(new) and new[-1] in ends
    text = str(tokenizer.decode(new, skip_special_tokens=True)).strip()
    return text if stopped else f"{text} …"


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
