"""A mirror of Hugging Face: the same protocol, and never a token, whatever the settings say."""

from __future__ import annotations

import httpx

from qtune.core.hub.huggingface import HuggingFace
from qtune.core.settings import Settings
from qtune.core.sources import Source


def mirror(source: Source, settings: Settings, client: httpx.Client) -> HuggingFace:
    return HuggingFace(source, settings, client, token=None)
