"""Where things lie on this machine: the Hugging Face cache, the user's config and cache of qtune."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from qtune.core.settings import Settings


def hf_home(settings: Settings) -> Path:
    """As huggingface_hub finds it: HF_HOME, else XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface."""
    chosen = settings.path("HF_HOME")
    assert chosen is not None, "HF_HOME has a default"
    xdg = os.environ.get("XDG_CACHE_HOME")
    if xdg and not settings.is_set("HF_HOME"):
        return Path(xdg).expanduser() / "huggingface"
    return chosen


def hub_cache(settings: Settings) -> Path:
    return settings.path("HF_HUB_CACHE") or hf_home(settings) / "hub"


def modelscope_cache(settings: Settings) -> Path:
    """Where ModelScope's own client keeps what it downloads."""
    chosen = settings.path("MODELSCOPE_CACHE")
    assert chosen is not None, "MODELSCOPE_CACHE has a default"
    return chosen


def token_file(settings: Settings) -> Path:
    return settings.path("HF_TOKEN_PATH") or hf_home(settings) / "token"


def user_config() -> Path:
    """The user's own settings, in `.env` syntax; they stand between the environment and a project's `.env`."""
    return Path(platformdirs.user_config_dir("qtune", appauthor=False)) / "config.env"


def user_cache() -> Path:
    """Reports, the quickstart's model and what else can be made again."""
    return Path(platformdirs.user_cache_dir("qtune", appauthor=False))
