"""Which of the packages that matter are installed, read from their metadata: nothing is imported."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Packages
from qtune.doctor.probes import elsewhere, shadows

NAMES = (
    "torch",
    "transformers",
    "tokenizers",
    "peft",
    "accelerate",
    "datasets",
    "trl",
    "bitsandbytes",
    "safetensors",
    "huggingface_hub",
    "hf_xet",
    "modelscope",
    "httpx",
    "socksio",
    "pysocks",
    "numpy",
)


def probe(context: Context, seen: Facts) -> Known[Packages]:
    # `packaging` is read here, beside the other checks, and not before any of them has begun.
    from qtune.doctor.probes import requirements

    training = context.goal.kind == "train"
    asked = [name for names in context.goal.packages.values() for name in names]
    return Known(
        Packages(
            platform.python_version(),
            {name: version(name) for name in dict.fromkeys((*NAMES, *asked))},
            bits=64 if sys.maxsize > 2**32 else 32,
            prefix=sys.prefix,
            unmet=tuple(requirements.unmet(NAMES, training=training)),
            shadows=tuple(shadows.found(NAMES, context.environ)),
            elsewhere=elsewhere.activated(context.environ, sys.prefix),
        )
    )


def version(name: str) -> str:
    """ "" where it is not installed, or where its metadata is broken, which pip calls the same."""
    try:
        # Metadata that lost its Version field reads as None, whatever the annotation says.
        found: str | None = metadata.version(name)
    except (metadata.PackageNotFoundError, OSError, ValueError, KeyError):
        return ""
    return found or ""
