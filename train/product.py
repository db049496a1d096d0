"""What a training leaves: an adapter or the whole model, with tokenizer, card and every value of the run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from qtune import __version__
from qtune.train import adapter, checkpoints


def save(model: Any, tokenizer: Any, folder: Path, base: str, state: Any = None) -> None:
    """What was learnt, and the tokenizer, into an existing folder: safetensors only.

    `state` holds the weights where the model itself has only a part of them.
    """
    if isinstance(model, PeftModel):
        adapter.save(model, tokenizer, folder, base, state)
    else:
        model.config._name_or_path = base
        model.config.use_cache = True  # off for training alone
        model.save_pretrained(folder, state_dict=state)
        model.config.use_cache = False
        _as_readable_as((folder / "config.json"), folder.glob("model*.safetensors"))
        tokenizer.save_pretrained(folder)


def narrow(model: Any, dtype: torch.dtype) -> None:
    """Put a whole model into the format it was computed in: half as large as its float32 weights."""
    if not isinstance(model, PeftModel):
        model.to(dtype)


def _as_readable_as(pattern: Path, files: Any) -> None:
    """safetensors makes its files private; the folder's owner decides, as for every other file."""
    for path in files:
        path.chmod(pattern.stat().st_mode)


def publish(staged: Path, run: Path) -> None:
    """Move the files of a finished save into the run directory, each at once.

    A kill in between is mended by the rerun: the record does not say finished yet.
    """
    for path in sorted(staged.iterdir()):
        _move(path, run / path.name)
    staged.rmdir()
    checkpoints.flush(run)


def _move(path: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    path.replace(target)


def card(base: str, steps: int, loss: float | None, tuning: str = "lora") -> str:
    """A short model card; a local base model is not named in it."""
    is_local = Path(base).is_absolute()
    whole = tuning == "full"
    head = [
        f"library_name: {'transformers' if whole else 'peft'}",
        "pipeline_tag: text-generation",
        f"tags: [{tuning}, qtune]",
    ]
    if not is_local:
        head.insert(0, f"base_model: {base}")
    trained = f"{steps} steps" + (f", last loss {loss:.3f}" if loss is not None else "")
    lines = [
        "---",
        *head,
        "---",
        "",
        f"# {'Tuned from' if whole else 'LoRA adapter for'} {'a local model' if is_local else base}",
        "",
        f"Trained with qtune {__version__}: {trained}. `run.yaml` holds every value of the run and",
        "`metrics.jsonl` its course.",
        "",
    ]
    return "\n".join(lines)
