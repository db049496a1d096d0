"""What every probe is given: the settings, the goal, and the one way to the network."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.doctor.facts import Goal, Suppression

if TYPE_CHECKING:  # what needs no network is looked at without it
    import httpx


@dataclass(frozen=True)
class Context:
    """`root` is the project's folder, where `.env` lies; `sources` are those the settings allow, in order.

    `line` is held by whoever measures speed, so that two measurements do not share the bandwidth.
    `ends` is when the check under way must be done, of time.monotonic().
    `suppressions` are those written beside `.env`: in the run config, in pyproject.toml.
    """

    settings: Settings
    goal: Goal
    sources: tuple[Source, ...]
    client: httpx.Client
    environ: Mapping[str, str]
    root: Path
    line: threading.Lock = field(default_factory=threading.Lock)
    suppressions: tuple[Suppression, ...] = ()
    ends: float = math.inf
