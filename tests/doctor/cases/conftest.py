"""The hubs at their own names behind a company's proxy and CA, and at addresses of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtune.doctor.examine import examine
from qtune.doctor.outcome import Report
from tests.doctor import examining, gpus
from tests.doctor.examining import Machine, at_home, at_loopback
from tests.doctor.report import valid


@pytest.fixture(autouse=True)
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a case comes to, every format of its report must be one that its reader takes."""

    def told(*arguments: Any, **options: Any) -> Report:
        report = examine(*arguments, **options)
        valid.everywhere(report)
        return report

    for module in (examining, gpus):
        monkeypatch.setattr(module, "examine", told)


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(_project(tmp_path)) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield machine


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(_project(tmp_path)) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield machine


def _project(tmp_path: Path) -> Path:
    """A folder of its own: what a test writes above it is no other test's."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder
