"""The hubs at their own names behind a company's proxy and CA, and at addresses of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.examining import Machine, at_home, at_loopback


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
