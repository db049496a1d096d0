"""Which codes of a prefix the source raises, found by reading it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def codes(prefix: str, *folders: str) -> set[str]:
    """Every `PREFIX123` that stands alone in a string of the Python files below `folders`."""
    pattern = re.compile(rf'"({prefix}\d{{3}})"')
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert files, f"no Python below {folders}"
    return {code for file in files for code in pattern.findall(file.read_text(encoding="utf-8"))}
