"""The sources of one run, in order, and those that were dropped on the way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from qtune.core.errors import QtuneError
from qtune.core.hub.interface import Hub
from qtune.core.text import Text


@dataclass(frozen=True)
class Supplier:
    """A hub, and what to ask it for: its own commit, or its default branch where another hub listed.

    `lists`: what it has under that name only its own listing tells.
    """

    hub: Hub
    commit: str
    lists: bool = False

    @property
    def name(self) -> str:
        return self.hub.source.name

    @property
    def title(self) -> str:
        return self.hub.source.title


class Roster:
    """Shared by the workers: a source that one of them found dead is not tried by the next."""

    def __init__(self, suppliers: Sequence[Supplier]) -> None:
        self._suppliers = tuple(suppliers)
        self._lock = threading.Lock()
        self._dropped: dict[str, QtuneError] = {}

    @property
    def everyone(self) -> tuple[Supplier, ...]:
        return self._suppliers

    def active(self) -> tuple[Supplier, ...]:
        with self._lock:
            return tuple(s for s in self._suppliers if s.name not in self._dropped)

    def drop(self, supplier: Supplier, error: QtuneError) -> bool:
        """Whether it was dropped just now. The last one is never dropped: its error is the answer."""
        with self._lock:
            left = [s for s in self._suppliers if s.name not in self._dropped]
            if supplier not in left or len(left) == 1:
                return False
            self._dropped[supplier.name] = error
            return True

    def error_of(self, supplier: Supplier) -> QtuneError | None:
        """Why it was dropped, if it was."""
        with self._lock:
            return self._dropped.get(supplier.name)

    @property
    def errors(self) -> tuple[QtuneError, ...]:
        with self._lock:
            return tuple(self._dropped.values())

    @property
    def dropped(self) -> tuple[tuple[str, Text], ...]:
        with self._lock:
            return tuple((name, error.message) for name, error in self._dropped.items())
