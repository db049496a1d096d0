"""The methods of training, one module each: `train.recipe` is the same for all of them.

A method is a module `train/methods/<config.method>.py` with what `Method` names. The recipe reads the
rows, loads tokenizer and model (HEAD says of which class), puts the tuning on it (`train.tuning`), asks
`texts` for what is trained on and `build` for the trainer, which must be a `Safe`:

    class SafeX(Safe, XTrainer): ...

    def build(parts: Parts) -> Safe:
        return SafeX(**parts.safe(XConfig, its=own, fields=here), more=of_the_library)

`Parts.safe` makes the arguments (train.trainer.arguments) of the given class and names all that each
trainer of transformers takes. Checkpoints, resuming, evaluation, the loss that must be finite, metrics
and the final save then come from `Safe`, `Watch` and the recipe.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from transformers import TrainingArguments

from qtune.train.data import Rows
from qtune.train.device import Placement
from qtune.train.events import Say
from qtune.train.job import Job
from qtune.train.trainer import Safe, arguments

Head = Literal["causal", "score"]


@dataclass(frozen=True)
class Parts:
    """What a trainer is made of; `texts` and `evaluation` are what the method's `texts` returned."""

    job: Job
    model: Any
    tokenizer: Any
    texts: Any
    evaluation: Any | None
    placement: Placement
    say: Say
    callbacks: list[Any] = field(default_factory=list)

    def safe(
        self, kind: type[TrainingArguments] = TrainingArguments, **more: Any
    ) -> dict[str, Any]:
        """The options of a Safe trainer; `more` are fields of `kind` beside those of transformers."""
        return {
            "base": self.job.base,
            "model": self.model,
            "args": arguments(self.job.config, self.placement, kind, **more),
            "train_dataset": self.texts,
            "eval_dataset": self.evaluation,
            "processing_class": self.tokenizer,
            "callbacks": self.callbacks,
        }


class Method(Protocol):
    """HEAD is causal for a model that writes, score for one that judges (one number for a text)."""

    HEAD: Head

    def texts(self, job: Job, rows: Rows, tokenizer: Any, say: Say) -> Sized:
        """A torch Dataset (or list); `.origin(i)` names (path, line) of its i-th, where it can."""
        ...

    def build(self, parts: Parts) -> Safe: ...


def of(name: str) -> Method:
    """Imported only when it is used: some bring a library of their own."""
    return cast(Method, import_module(f"qtune.train.methods.{name}"))
