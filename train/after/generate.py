"""Answers, one streamed piece by piece, or many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from qtune.train.after.standing import Standing

_REPLACEMENT = "\ufffd"  # what a character is shown as while only some of its bytes are there


@dataclass(frozen=True)
class Sampling:
    """None: as the model's own generation_config has it. A temperature of 0 takes the likeliest word."""

    temperature: float | None = None
    top_p: float | None = None
    max_new_tokens: int = 1024

    @staticmethod
    def of(options: Mapping[str, Any]) -> Sampling:
        return Sampling(
            options.get("temperature"),
            options.get("top_p"),
            int(options.get("max_new_tokens") or 1024),
        )


def configured(standing: Standing, sampling: Sampling, room: int) -> GenerationConfig:
    """The model's own configuration with what was asked for; `room` tokens are left to write."""
    own = standing.model.generation_config.to_dict()
    kept = {key: own[key] for key in ("top_k", "repetition_penalty", "min_p") if own.get(key)}
    temperature = own.get("temperature") if sampling.temperature is None else sampling.temperature
    samples = (
        bool(own.get("do_sample")) if sampling.temperature is None else sampling.temperature > 0
    )
    if samples:
        kept |= {"temperature": temperature or 1.0, "top_p": sampling.top_p or own.get("top_p")}
    else:
        kept = {"repetition_penalty": kept.get("repetition_penalty", 1.0)}
    pad = standing.tokenizer.pad_token_id
    made = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=samples,
        max_new_tokens=max(min(sampling.max_new_tokens, room), 1),
        eos_token_id=standing.stops,
        pad_token_id=standing.stops[0] if pad is None else pad,
        **{key: value for key, value in kept.items() if value is not None},
    )
    return made


class Halted(StoppingCriteria):
    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        return torch.full((input_ids.shape[0],), self.stop.is_set(), device=input_ids.device)


class Stream:
    """Text as it comes: what `generate` puts here token by token goes on once its characters are whole.

    `tokens` are those of the answer.
    """

    def __init__(self, tokenizer: Any, tell: Callable[[str], None], stops: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._tell = tell
        self._stops = frozenset(stops)
        self._ids: list[int] = []
        self._shown_from = 0  # tokens before this one are decoded for good
        self._shown = 0  # and so is the text up to here of what follows them
        self._prompt = True
        self.tokens = 0

    def put(self, value: Any) -> None:
        if self._prompt:
            self._prompt = False
            return
        for token in value.reshape(-1).tolist():
            self.tokens += 1
            if token not in self._stops:
                self._ids.append(token)
        text = self._tail()
        if text.endswith(_REPLACEMENT):
            return
        self._tell_from(text)
        # A tokenizer may write a word's space only beside another word: some context stays.
        if len(self._ids) - self._shown_from > 64:
            self._shown_from = len(self._ids) - 8
            self._shown = len(self._tail())

    def end(self) -> None:
        self._tell_from(self._tail())

    def _tell_from(self, text: str) -> None:
        if len(text) > self._shown:
            self._tell(text[self._shown :])
            self._shown = len(text)

    def _tail(self) -> str:
        return str(
            self._tokenizer.decode(
                self._ids[self._shown_from :],
                skip_special_tokens=True,
                clean_up_tokenization_spaces=False,
            )
        )


def context_of(model: Any) -> int:
    """How many tokens the model can read and write together."""
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", 0) or 1 << 20)


def encoded(standing: Standing, prompt: str) -> list[int]:
    ids: list[int] = standing.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return ids


@torch.inference_mode()
def streamed(
    standing: Standing,
    model: Any,
    ids: Sequence[int],
    sampling: Sampling,
    tell: Callable[[str], None],
    stop: threading.Event,
) -> tuple[int, bool]:
    """How many tokens were written, and whether the model itself ended the answer."""
    room = context_of(model) - len(ids)
    stream = Stream(standing.tokenizer, tell, standing.stops)
    given = torch.tensor([list(ids)], device=standing.placement.device)
    out = model.generate(
        input_ids=given,
        attention_mask=torch.ones_like(given),
        generation_config=configured(standing, sampling, room),
        streamer=stream,
        stopping_criteria=StoppingCriteriaList([Halted(stop)]),
    )
    return stream.tokens, int(out[0, -1]) in standing.stops


@torch.inference_mode()
def batched(
    standing: Standing, model: Any, prompts: Sequence[Sequence[int]], max_new_tokens: int
) -> list[str]:
    """The likeliest answer to each prompt."""
    width = max(len(ids) for ids in prompts)
    pad = standing.tokenizer.pad_token_id
    filler = standing.stops[0] if pad is None else pad
    place = standing.placement.device
    # Padded on the left: what is written must stand right behind its prompt.
    ids = torch.tensor([[filler] * (width - len(p)) + list(p) for p in prompts], device=place)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=place)
    sampling = Sampling(0.0, None, max_new_tokens)
    out = model.generate(
        input_ids=ids,
        attention_mask=mask,
        generation_config=configured(standing, sampling, context_of(model) - width),
    )
    return [
        str(
            standing.tokenizer.decode(
                _until_stop(row[width:].tolist(), standing.stops), skip_special_tokens=True
            )
        )
        for row in out
    ]


def _until_stop(ids: list[int], stops: Sequence[int]) -> list[int]:
    ends = [index for index, token in enumerate(ids) if token in stops]
    return ids[: ends[0]] if ends else ids
