"""Merges an adapter into its base, and believes it only when what was written answers as the adapter did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from qtune.core.text import Text, plain
from qtune.train import device
from qtune.train.after import likeness, modelfile
from qtune.train.after.asked import Asked
from qtune.train.after.belongings import model_files
from qtune.train.after.events import Began, Result, Say, Went
from qtune.train.after.prompt import stop_ids
from qtune.train.after.standing import load, load_base, load_tokenizer, put_on, refuse_scorer
from qtune.train.causes import failure
from qtune.train.device import DTYPES
from qtune.train.events import Log
from qtune.train.texts import prompting

_STEPS = 5


def export(asked: Asked, say: Say) -> None:
    """`options`: into (an empty folder, the parent's to keep or clear away), ollama, base (its name)."""
    into = Path(asked.options["into"])
    say(Began("export", _STEPS))
    tokenizer = load_tokenizer(asked)
    # Who serves the model gives no enable_thinking, and a template's own default may be the other one.
    changed = prompting.remember(tokenizer, asked.enable_thinking)
    found: dict[str, Any] = {}
    if asked.adapter:
        found = _merge(asked, tokenizer, into, say)
    else:
        for path in model_files(asked.folder):
            shutil.copy2(path, into / path.name)
        if changed:
            tokenizer.save_pretrained(into)
        _end_ids(into, tokenizer, asked.folder)
        say(Went(_STEPS - 1))
    if asked.trust_remote_code and asked.base is not None:
        for path in asked.base.glob("*.py"):
            shutil.copy2(path, into / path.name)
    if asked.options["ollama"]:
        _modelfile(into, say)
    say(Went(1))
    say(Result(found))


def _merge(asked: Asked, tokenizer: Any, into: Path, say: Say) -> dict[str, Any]:
    place = _place(asked, say)
    device.limit_threads()
    dtype = DTYPES.get(asked.dtype, "auto")
    model = put_on(load_base(asked, dtype, place), asked.folder)
    refuse_scorer(model)
    rows = model.get_input_embeddings().weight.shape[0]
    say(Went(1))
    prompts = likeness.probes(tokenizer, asked.enable_thinking)
    wanted = likeness.answers(model, prompts)
    with model.disable_adapter():
        untuned = likeness.answers(model, prompts)
    say(Went(1))
    merged = model.merge_and_unload(safe_merge=True)
    if merged.get_input_embeddings().weight.shape[0] != rows:
        raise failure("TRN107", plain(f"embeddings: {rows} -> {merged.get_input_embeddings()}"))
    _untie(merged)
    merged.config._name_or_path = asked.options["base"]
    stored = merged.dtype
    merged.save_pretrained(into, max_shard_size="5GB")
    tokenizer.save_pretrained(into)
    for path in into.glob("*.safetensors"):  # which safetensors makes private
        path.chmod((into / "config.json").stat().st_mode)
    _end_ids(into, tokenizer, asked.folder)
    del merged, model
    say(Went(1))
    got = likeness.answers(load(into, asked, "auto", place), prompts)
    seen = likeness.compare(got, wanted, untuned, stored)
    if not seen.alike:
        raise failure("TRN107", seen.text())
    say(Went(1))
    return {"dtype": seen.dtype, "apart": seen.apart, "allowed": seen.allowed, "kept": seen.kept}


def _place(asked: Asked, say: Say) -> str:
    """A GPU that could not hold the model twice over is left alone: merging is little work."""
    place = device.choose(asked.device, "auto").device
    if place == "cuda" and asked.device == "auto" and asked.base is not None:
        size = sum(path.stat().st_size for path in asked.base.glob("*.safetensors"))
        if torch.cuda.mem_get_info()[0] < 1.5 * size:
            say(Log(Text("merging on the CPU: the GPU has no room", "显存不够，改在 CPU 上合并")))
            return "cpu"
    return place


def _untie(model: Any) -> None:
    """Where only the embeddings were trained, the head is no longer the same: both must be kept."""
    head = model.get_output_embeddings()
    if head is None or not getattr(model.config, "tie_word_embeddings", False):
        return
    if head.weight.data_ptr() != model.get_input_embeddings().weight.data_ptr():
        model.config.tie_word_embeddings = False
        if hasattr(model, "all_tied_weights_keys"):
            model.all_tied_weights_keys = {}


def _end_ids(into: Path, tokenizer: Any, run: Path) -> None:
    """Every token that the tuned model may end with stands in generation_config.json: that is where
    whoever serves the model looks."""
    path = into / "generation_config.json"
    values = _json(path)
    trained = _json(run / "generation_config.json")

    stops = stop_ids(tokenizer, [*_ids(values), *_ids(trained)])
    values.pop("_from_model_config", None)  # else a loader would make it anew
    values["eos_token_id"] = stops if len(stops) > 1 else stops[0] if stops else None
    if tokenizer.pad_token_id is not None:
        values["pad_token_id"] = tokenizer.pad_token_id
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _ids(values: dict[str, Any]) -> list[int]:
    given = values.get("eos_token_id")
    return [i for i in (given if isinstance(given, list) else [given]) if isinstance(i, int)]


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _modelfile(into: Path, say: Say) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(into, local_files_only=True)

    def render(messages: Any, asks: bool) -> str:
        return str(
            tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=asks)
        )

    turns = modelfile.turns_of(render, tokenizer.bos_token or "")
    if turns is None:
        say(
            Log(
                Text(
                    "the chat template cannot be written as Ollama's: the Modelfile has none, and "
                    "Ollama will take the one it knows for this kind of model",
                    "对话模板无法改写成 Ollama 的格式：Modelfile 里没有 TEMPLATE，Ollama 会使用它自带的模板",
                ),
                "warning",
            )
        )
    ids = _ids(_json(into / "generation_config.json"))
    stops = [str(tokenizer.convert_ids_to_tokens(token)) for token in ids]
    (into / "Modelfile").write_text(modelfile.modelfile(turns, stops), encoding="utf-8")
