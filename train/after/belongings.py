"""Which files of a folder are the model, and which are the run's own business."""

from __future__ import annotations

import re
from pathlib import Path

_ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
_MODEL = re.compile(r"(model|pytorch_model)(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?")
_SETTINGS = ("config.json", "generation_config.json")
_TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model"),
    *("chat_template.jinja", "chat_template.json", "preprocessor_config.json"),
)
_BESIDE = ("README.md", "LICENSE", "LICENSE.md", "Modelfile")


def model_files(folder: Path) -> list[Path]:
    """The weights, their configuration and the tokenizer, in the order of their names.

    All else in a run directory stays behind: checkpoints with the optimizer's state, logs, the record of
    this machine, hidden files.
    """
    return [path for path in _files(folder) if _is_model(path.name)]


def published_files(folder: Path) -> list[Path]:
    """Those, the card, and what an export wrote beside them; folders of templates too."""
    found = [path for path in _files(folder) if _is_model(path.name) or path.name in _BESIDE]
    templates = folder / "additional_chat_templates"
    if templates.is_dir() and not templates.is_symlink():
        found += [path for path in _files(templates) if path.suffix == ".jinja"]
    return found


def _is_model(name: str) -> bool:
    known = name in _ADAPTER or name in _SETTINGS or name in _TOKENIZER
    return known or _MODEL.fullmatch(name) is not None


def _files(folder: Path) -> list[Path]:
    """No links: what they lead to may be anything on this machine."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()]
