"""The tuned model and, for comparison, its base, ready to be asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from qtune.core.text import Text, plain
from qtune.train import device
from qtune.train.after.asked import Asked
from qtune.train.after.events import Say, Side
from qtune.train.after.prompt import stop_ids
from qtune.train.causes import failure
from qtune.train.device import Placement
from qtune.train.events import Log
from qtune.train.mishaps import named


@dataclass
class Standing:
    """`other` is the base model where it is another model than the tuned one without its adapter."""

    model: Any
    tokenizer: Any
    placement: Placement
    stops: list[int]
    other: Any = None

    @contextlib.contextmanager
    def side(self, side: Side) -> Iterator[Any]:
        """The model of one side, for as long as the block."""
        if side == "tuned":
            yield self.model
        elif self.other is not None:
            yield self.other
        else:
            with self.model.disable_adapter():
                yield self.model


def stand(asked: Asked, say: Say, *, compare: bool = False) -> Standing:
    """Raises TrainError for files that cannot be loaded, or do not belong together."""
    placement = device.choose(asked.device, asked.dtype)
    device.limit_threads()
    for reason in placement.reasons:
        say(Log(reason))
    tokenizer = load_tokenizer(asked)
    other = None
    if asked.adapter:
        model = put_on(load_base(asked, placement.dtype, placement.device), asked.folder)
    else:
        model = load(asked.folder, asked, placement.dtype, placement.device)
        if compare and asked.base is not None:
            other = load_base(asked, placement.dtype, placement.device)
    return Standing(
        model, tokenizer, placement, stop_ids(tokenizer, _ends(asked.folder, model)), other
    )


def _ends(folder: Path, model: Any) -> list[object]:
    """By which the run, if it wrote that down, and the base model say that an answer is over."""
    found: list[object] = []
    try:
        run = GenerationConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError):
        run = None
    for config in (run, model.generation_config):
        given = getattr(config, "eos_token_id", None)
        found += given if isinstance(given, list) else [given]
    return found


def load_tokenizer(asked: Asked) -> Any:
    """What was saved with the adapter; of one that came without, its base model's."""
    own = (asked.folder / "tokenizer_config.json").is_file() or asked.base is None
    with named("TRN010", "tokenizer"):
        tokenizer: Any = AutoTokenizer.from_pretrained(
            asked.folder if own else asked.base,
            local_files_only=True,
            trust_remote_code=asked.trust_remote_code,
        )
    return tokenizer


def load_base(asked: Asked, dtype: torch.dtype | str, place: str) -> Any:
    if asked.base is None:
        raise failure("TRN101")
    if asked.build and not asked.base.is_dir():
        from qtune.train.quickstart import model

        model.ensure(asked.base)
    return load(asked.base, asked, dtype, place)


def load(folder: Path, asked: Asked, dtype: torch.dtype | str, place: str) -> Any:
    """`dtype` "auto": as the files are stored."""
    with named("TRN010", "model"):
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,  # a pickle could run code
            trust_remote_code=asked.trust_remote_code,
        )
    model.config.use_cache = True
    return model.to(place).eval()


def put_on(base: Any, adapter: Path) -> Any:
    """The adapter on its base. Raises TrainError TRN102 where the shapes do not fit."""
    try:
        model: Any = PeftModel.from_pretrained(base, str(adapter), local_files_only=True)
    except Exception as error:
        from qtune.train.mishaps import translate

        lines = [line.strip() for line in str(error).splitlines() if line.strip()][:3]
        known = translate(error)
        raise known or failure("TRN102", plain("\n".join(lines)[:600])) from error
    return model.eval()


def refuse_scorer(model: Any) -> None:
    """Raises TrainError TRN104 for a model that has no words to say."""
    if not hasattr(model, "generate"):
        raise failure("TRN104", Text(type(model).__name__, type(model).__name__))
