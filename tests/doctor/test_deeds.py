"""Deeds are done for the findings that offer them, and for nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtune.core.errors import ConfigError, UsageError
from qtune.core.text import plain
from qtune.doctor.deeds import command_of, perform
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span


def finding(fix: Fix | None) -> Finding:
    return Finding("ENV806", Severity.WARNING, plain("wrong"), fix=fix)


def safe(path: Path, deed: str) -> Fix:
    if deed == "chmod":
        return Fix(plain("mend"), Applicability.SAFE, chmod=(str(path), 0o600))
    if deed == "gitignore":
        return Fix(plain("mend"), Applicability.SAFE, gitignore=(str(path), ".env"))
    return Fix(plain("mend"), Applicability.SAFE, reencode=str(path))


@pytest.mark.parametrize("deed", ["chmod", "gitignore", "reencode"])
def test_what_a_finding_offers_is_done(tmp_path: Path, deed: str) -> None:
    path = tmp_path / "file"
    path.write_text("A=值\r\n", "utf-16")
    path.chmod(0o644)
    fix = safe(path, deed)
    asked = json.loads(json.dumps(command_of(fix)))  # through an editor and back
    if deed == "gitignore":
        path.write_bytes(b"*.log\r\n")
    assert perform(asked, [finding(None), finding(fix)]) == fix.title
    if deed == "chmod":
        assert path.stat().st_mode & 0o777 == 0o600
    elif deed == "gitignore":
        assert path.read_bytes() == b"*.log\r\n.env\r\n"
    else:
        assert path.read_bytes() == "A=值\r\n".encode()
        assert path.stat().st_mode & 0o777 == 0o644


def test_what_no_finding_offers_is_not_done(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.touch()
    other.chmod(0o644)
    offered = [finding(safe(path, "chmod"))]
    for asked in (
        command_of(safe(other, "chmod")) or {},
        {"do": "chmod", "path": str(path), "mode": 0o777},
        {"do": "gitignore", "path": str(other), "line": "x"},
        {"do": "rm"},
        {},
    ):
        with pytest.raises(UsageError, match="no finding"):
            perform(asked, offered)
    assert other.stat().st_mode & 0o777 == 0o644


def test_a_text_s_own_fixes_and_the_users_work_are_no_deeds() -> None:
    edit = Edit(Span("/p/.env", 1, 1, 1, 2), "x")
    assert command_of(Fix(plain("mend"), Applicability.SAFE, edits=(edit,))) is None
    assert command_of(Fix(plain("mend"), Applicability.SAFE, command="unset A")) is None
    assert command_of(Fix(plain("mend"), Applicability.MANUAL, chmod=("/p/.env", 0o600))) is None


@pytest.mark.parametrize("deed", ["chmod", "gitignore"])
def test_one_that_fails_says_why(tmp_path: Path, deed: str) -> None:
    fix = safe(tmp_path / "no/such/file", deed)
    with pytest.raises(ConfigError, match="cannot change") as raised:
        perform(command_of(fix) or {}, [finding(fix)])
    assert raised.value.code == "ENV812"
