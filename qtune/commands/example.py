"""`.env.example` in the place of `.env`: the same settings, and what says "your token here" is no token."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qtune.core.envfile import EnvDocument
from qtune.doctor.probes.tokens import is_placeholder
from qtune.doctor.profiles import Profile


def stands_in(env_file: Path | None, profile: Profile) -> Path | None:
    """The file to read: `env_file`, or `.env.example` where the profile has it and there is no `.env`."""
    example = Path(".env.example")
    if env_file is not None or not profile.example or Path(".env").exists():
        return env_file
    return example if example.is_file() else env_file


def emptied(document: EnvDocument) -> EnvDocument:
    """`document` in which placeholders count as not set; a real secret in it stays what it is: a leak."""
    entries = tuple(
        replace(entry, value="") if entry.looks_secret and is_placeholder(entry.value) else entry
        for entry in document.entries
    )
    return replace(document, entries=entries)
