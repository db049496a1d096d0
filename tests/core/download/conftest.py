"""Failures are met with the same patience as ever, in less time; and no test lets a secret out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtune.core.download.events import Event, Status
from qtune.core.errors import QtuneError
from tests.core.download import secrecy
from tests.core.download.downloading import Told
from tests.hub import Hub


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between retries, a hundred times shorter."""
    monkeypatch.setattr("qtune.core.download.patience.FIRST_BACKOFF_S", 0.005)
    monkeypatch.setattr("qtune.core.download.patience.LONGEST_BACKOFF_S", 0.05)


@pytest.fixture(autouse=True)
def discreet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Whatever went wrong in a test: no secret has gone where it does not belong."""
    secrecy.forget()
    enter, tell = Hub.__enter__, Told.__call__
    begin, communicate = QtuneError.__init__, subprocess.Popen.communicate

    def entered(hub: Hub) -> Hub:
        secrecy.note_hub(hub)
        return enter(hub)

    def told(observer: Told, event: Event) -> None:
        if not isinstance(event, Status):
            secrecy.note(repr(event))
        tell(observer, event)

    def raised(error: QtuneError, *given: Any, **named: Any) -> None:
        begin(error, *given, **named)
        secrecy.note(f"{error.message} {error.fix}")

    def said(child: subprocess.Popen[Any], *given: Any, **named: Any) -> tuple[Any, Any]:
        output, errors = communicate(child, *given, **named)
        secrecy.note(f"{output} {errors}")
        return output, errors

    monkeypatch.setattr(Hub, "__enter__", entered)
    monkeypatch.setattr(Told, "__call__", told)
    monkeypatch.setattr(QtuneError, "__init__", raised)
    monkeypatch.setattr(subprocess.Popen, "communicate", said)
    yield
    captured = capfd.readouterr()
    assert secrecy.leaks(tmp_path, captured.out + captured.err) == []
