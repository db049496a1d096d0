"""From a source to the hub behind it."""

from __future__ import annotations

import httpx

from qtune.core.credentials import credential
from qtune.core.hub.huggingface import HuggingFace
from qtune.core.hub.interface import Hub
from qtune.core.hub.mirror import mirror
from qtune.core.hub.modelscope import ModelScope
from qtune.core.settings import Settings
from qtune.core.sources import Source


def open_hub(source: Source, settings: Settings, client: httpx.Client) -> Hub:
    """The client stays the caller's: it is neither kept alive nor closed here."""
    match source.kind:
        case "huggingface":
            return HuggingFace(source, settings, client, credential("huggingface", settings))
        case "modelscope":
            return ModelScope(source, settings, client, credential("modelscope", settings))
        case "mirror":
            return mirror(source, settings, client)
