"""Names that the libraries gave up: which of them are still set in the process?"""

from __future__ import annotations

from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, ProcessVariables

GIVEN_UP = (
    "HF_HUB_ENABLE_HF_TRANSFER",
    "HUGGINGFACE_HUB_CACHE",
    "HUGGING_FACE_HUB_TOKEN",
    "MODELSCOPE_DOMAIN",
    "TRANSFORMERS_CACHE",
)


def probe(context: Context, seen: Facts) -> Known[ProcessVariables]:
    names = tuple(name for name in GIVEN_UP if context.environ.get(name, "").strip())
    return Known(ProcessVariables(names))
