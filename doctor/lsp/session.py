"""One client's session: who it is, what it wishes, and what lies on the desk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from pygls.lsp.server import LanguageServer

from qtune.doctor.finding import Severity
from qtune.doctor.lsp.client import Client
from qtune.doctor.lsp.desk import Desk


@dataclass(frozen=True)
class Wishes:
    """The section `qtune` of the client's configuration."""

    least: Severity = Severity.INFO
    hints: bool = True
    lenses: bool = True
    language: str = "auto"


@dataclass
class Session:
    server: LanguageServer
    desk: Desk
    client: Client = field(default_factory=Client)
    wishes: Wishes = field(default_factory=Wishes)
    waiting: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    running: asyncio.Task[dict[str, Any] | None] | None = None  # the doctor, in its child process
