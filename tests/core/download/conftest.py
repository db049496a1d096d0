"""Failures are met with the same patience as ever, in less time."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between retries, a hundred times shorter."""
    monkeypatch.setattr("qtune.core.download.patience.FIRST_BACKOFF_S", 0.005)
    monkeypatch.setattr("qtune.core.download.patience.LONGEST_BACKOFF_S", 0.05)
