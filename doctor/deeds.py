"""What a fix does that is no edit of a text: a file's mode, a line of a .gitignore, a file's encoding.

An editor asks for one by data; it is done only when a finding that stands offers the very same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qtune.core import envfile, envwrite
from qtune.core.errors import ConfigError, UsageError
from qtune.core.text import Text
from qtune.doctor.finding import Applicability, Finding, Fix


def command_of(fix: Fix) -> dict[str, Any] | None:
    """The deed as JSON's own types, for a command of the server; None where the fix is no deed."""
    if fix.applicability is Applicability.MANUAL:
        return None
    if fix.chmod is not None:
        return {"do": "chmod", "path": fix.chmod[0], "mode": fix.chmod[1]}
    if fix.gitignore is not None:
        return {"do": "gitignore", "path": fix.gitignore[0], "line": fix.gitignore[1]}
    if fix.reencode:
        return {"do": "reencode", "path": fix.reencode}
    return None


def perform(asked: Mapping[str, Any], findings: Iterable[Finding]) -> Text:
    """What was done. Raises UsageError CFG092 for what no finding offers, ConfigError ENV812 where it fails."""
    offered = (finding.fix for finding in findings)
    fix = next((f for f in offered if f is not None and command_of(f) == dict(asked)), None)
    if fix is None:
        raise UsageError(
            "CFG092",
            Text("no finding offers this fix any more", "已没有问题需要这一修复"),
            Text("Run the doctor again.", "请重新运行 qtune doctor。"),
        )
    do(fix)
    return fix.title


def do(fix: Fix) -> None:
    """Raises ConfigError ENV812 where it cannot be done."""
    if fix.chmod is not None:
        give_mode(Path(fix.chmod[0]), fix.chmod[1])
    if fix.gitignore is not None:
        add_line(Path(fix.gitignore[0]), fix.gitignore[1])
    if fix.reencode:
        to_utf8(Path(fix.reencode))


def give_mode(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except OSError as error:
        raise _cannot(path, error) from error


def add_line(path: Path, line: str) -> bool:
    """Adds `line` to a .gitignore unless it is there; True when it was added."""
    try:
        text = path.read_bytes() if path.exists() else b""
        if line.encode() in (part.strip() for part in text.splitlines()):
            return False
        newline = b"\r\n" if b"\r\n" in text else b"\n"
        gap = newline if text and not text.endswith((b"\n", b"\r")) else b""
        with path.open("ab") as file:
            file.write(gap + line.encode() + newline)
    except OSError as error:
        raise _cannot(path, error) from error
    return True


def to_utf8(path: Path) -> None:
    """A `.env` written again as plain UTF-8, its text unchanged."""
    try:
        document = envfile.read(path)
    except OSError as error:
        raise _cannot(path, error) from error
    envwrite.write(dataclasses.replace(document, encoding="utf-8"), document.text)


def _cannot(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(
        "ENV812", Text(f"cannot change {path}: {reason}", f"无法修改 {path}：{reason}")
    )
