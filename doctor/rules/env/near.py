"""Names that nearly are settings of ours, and names that other programs give to the same thing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache

from qtune.core.slips import distance
from qtune.core.table import BY_NAME, TABLE

# Names seen in old guides. huggingface_hub 2 reads none of them.
LEGACY: Mapping[str, str] = {
    "HUGGINGFACE_TOKEN": "HF_TOKEN",
    "HUGGINGFACE_HUB_TOKEN": "HF_TOKEN",
    "HF_API_TOKEN": "HF_TOKEN",
}

# The switches by which other trainers choose the hub: who reads them, and what "on" is called here.
PEERS: Mapping[str, tuple[str, str]] = {
    "USE_HF": ("ms-swift", "USE_MODELSCOPE=False"),
    "USE_MODELSCOPE_HUB": ("LLaMA-Factory", "USE_MODELSCOPE=True"),
    "UNSLOTH_USE_MODELSCOPE": ("unsloth", "USE_MODELSCOPE=True"),
    "VLLM_USE_MODELSCOPE": ("vLLM", "USE_MODELSCOPE=True"),
}

# Real variables of other programs that look like ours.
_OTHERS = frozenset({"FTP_PROXY", "ftp_proxy", "DEFAULT_MODELS", "DEFAULT_MODE"})
_NAMES = tuple(row.key for row in TABLE)


@lru_cache(16_384)  # an editor asks again at every keystroke
def meant(key: str) -> str | None:
    """The setting that `key` is a slip of, or None. Keys of other programs are theirs."""
    if key in BY_NAME or key in LEGACY or key in PEERS or key in _OTHERS:
        return None
    written = key.upper().replace("-", "_")
    # A short name has many neighbours: one slip there, two in a longer one. The first letter is seldom wrong.
    near = [
        name
        for name in _NAMES
        if written[:1] == name[:1] and distance(written, name) <= (1 if len(name) <= 8 else 2)
    ]
    if near:
        best = min(_NAMES, key=lambda name: distance(written, name))
        if best in near:
            return best
    if key.startswith("QTUNE_"):
        return next(iter(difflib.get_close_matches(key, _NAMES, 1, cutoff=0.7)), "")
    return None
