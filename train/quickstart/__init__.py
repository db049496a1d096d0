"""The embedded default: where its files are, without importing torch.

`model: quickstart` in a run config means the tiny Qwen3 that `quickstart.model` builds on this
machine, and `data: quickstart` the instruction set beside this file. Neither needs a network.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from qtune.core.locations import user_cache

FOLDER = Path(__file__).parent
CONFIG = FOLDER / "quickstart.yaml"
INSTRUCTIONS = FOLDER / "instructions.jsonl"
TEMPLATE = FOLDER / "chat_template.jinja"

# Raised when `model.py` builds something else from the same instructions.
RECIPE = 1


def snapshot(cache: Path | None = None) -> Path:
    """Where the model lies, or will lie once the training child has built it.

    The name holds a digest of all that goes into the model, so that a newer qtune builds its own.
    """
    made_of = hashlib.sha256(f"recipe {RECIPE}\n".encode())
    for part in (INSTRUCTIONS, TEMPLATE):
        made_of.update(part.read_bytes())
    return (cache or user_cache()) / "quickstart" / f"qwen3-tiny-{made_of.hexdigest()[:12]}"
