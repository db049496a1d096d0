"""The hubs at their own names behind a company's proxy and CA, and at addresses of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.examining import Machine, at_home, at_loopback


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield machine


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield machine
