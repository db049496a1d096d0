"""The tokens at hand: which one counts, where it came from, which others it hides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qtune.core.locations import token_file
from qtune.core.origin import Level, Origin
from qtune.core.secret import Secret
from qtune.core.settings import Settings

HubName = Literal["huggingface", "modelscope"]

KEYS: dict[HubName, str] = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}


@dataclass(frozen=True)
class Credential:
    """A token and the place it was found in."""

    hub: HubName
    secret: Secret
    origin: Origin


def credentials(hub: HubName, settings: Settings) -> tuple[Credential, ...]:
    """Every token found for `hub`, the one that counts first.

    For Hugging Face the file of `hf auth login` comes last, as huggingface_hub reads it. That file is
    the user's own wherever a `.env` says it lies, so it is never trusted less than USER.
    """
    key = KEYS[hub]
    found = []
    first = settings.secret(key)
    if first is not None:
        found.append(Credential(hub, first, settings.origin(key)))
    for value in settings.shadowed:
        if value.setting.key == key and value.text:
            found.append(Credential(hub, Secret(value.text), value.origin))
    if hub == "huggingface":
        path = token_file(settings)
        text = _whole(path)
        if text:
            found.append(Credential(hub, Secret(text), Origin(Level.USER, path=path)))
    return tuple(found)


def credential(hub: HubName, settings: Settings) -> Credential | None:
    """The token that would be sent, or None: none found, or HF_HUB_DISABLE_IMPLICIT_TOKEN is on."""
    if hub == "huggingface" and settings.flag("HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        return None
    return next(iter(credentials(hub, settings)), None)


def _whole(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip()
    except (OSError, ValueError):
        return ""
