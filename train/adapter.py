"""Saves a trained adapter so that it names its base model, and says nothing about this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qtune.train.texts import ending


def save(model: Any, tokenizer: Any, folder: Path, base: str, state: Any = None) -> None:
    """Adapter and tokenizer of a peft model into an existing folder.

    peft would write the local path of the snapshot as the base model, and ask the hub whether the
    embeddings were resized; here they never are.
    """
    model.peft_config["default"].base_model_name_or_path = base
    model.get_base_model().config._name_or_path = base
    model.save_pretrained(folder, state_dict=state, save_embedding_layers=False)
    _sort_modules(folder / "adapter_config.json")
    # safetensors makes its files private; the folder's owner decides, as for every other file.
    mode = (folder / "adapter_config.json").stat().st_mode
    (folder / "adapter_model.safetensors").chmod(mode)
    (folder / "README.md").unlink(missing_ok=True)  # peft's card is an empty form
    tokenizer.save_pretrained(folder)
    ending.write(model, folder)


def _sort_modules(path: Path) -> None:
    """peft keeps the modules' names in a set, whose order changes from process to process."""
    config = json.loads(path.read_text(encoding="utf-8"))
    for key in ("target_modules", "exclude_modules"):
        if isinstance(config.get(key), list):
            config[key].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
