"""What `--fix` does: the safe fixes of a report as changes of files, shown first, then made."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.core import envfile, envwrite
from qtune.core.envfile import EnvDocument
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError
from qtune.core.text import Text
from qtune.doctor.finding import Applicability, Edit, Finding
from qtune.doctor.outcome import Report
from qtune.doctor.recommend import patch
from qtune.doctor.report.envdiff import unified


@dataclass(frozen=True)
class Changes:
    """`env` is `.env` as it will be; `findings` are those that the changes are to mend."""

    before: EnvDocument
    env: str
    modes: tuple[tuple[Path, int], ...]
    ignores: tuple[tuple[Path, str], ...]
    findings: tuple[Finding, ...]
    plain_utf8: bool = False

    def __bool__(self) -> bool:
        return bool(self.writes_env or self.modes or self.ignores)

    @property
    def writes_env(self) -> bool:
        return self.env != self.before.text or self.plain_utf8

    def diff(self) -> str:
        """Unified, secrets masked; "" when `.env` stays as it is."""
        return unified(self.before, envfile.parse(self.env, self.before.path))


def planned(report: Report, document: EnvDocument, *, unsafe: bool = False) -> Changes:
    """Edits come before the patch. Raises ConfigError ENV812 for a `.env` that cannot be written safely."""
    wanted = patch(report.recommended, unsafe=unsafe)
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    chosen = [f for f in report.findings if f.fix is not None and f.fix.applicability in allowed]
    edits: list[Edit] = []
    modes: dict[Path, int] = {}
    ignores: dict[Path, str] = {}
    plain_utf8 = False
    mended: list[Finding] = []
    for finding in chosen:
        fix = finding.fix
        assert fix is not None
        own = [edit for edit in fix.edits if Path(edit.span.path) == document.path]
        free = [edit for edit in own if not any(_overlap(edit, other) for other in edits)]
        edits += free
        if fix.chmod is not None and _differs(Path(fix.chmod[0]), fix.chmod[1]):
            modes[Path(fix.chmod[0])] = fix.chmod[1]
        if fix.gitignore is not None:
            ignores[Path(fix.gitignore[0])] = fix.gitignore[1]
        plain_utf8 |= bool(fix.reencode) and Path(fix.reencode) == document.path
        if free or fix.chmod or fix.gitignore or fix.reencode or _touches(fix.patch, wanted):
            mended.append(finding)
    edited = envfile.parse(_edited(document.text, edits), document.path, document.encoding)
    edited = dataclasses.replace(edited, exists=document.exists)
    text = envwrite.apply(edited, wanted) if wanted else edited.text
    return Changes(
        document, text, tuple(modes.items()), tuple(ignores.items()), tuple(mended), plain_utf8
    )


def _touches(own: EnvPatch | None, wanted: EnvPatch) -> bool:
    return own is not None and any(
        key in wanted.set or key in wanted.unset for key in (*own.set, *own.unset)
    )


def _differs(path: Path, mode: int) -> bool:
    try:
        return path.stat().st_mode & 0o777 != mode
    except OSError:
        return False


def _overlap(one: Edit, other: Edit) -> bool:
    def ends(edit: Edit) -> tuple[tuple[int, int], tuple[int, int]]:
        span = edit.span
        return (span.line, span.column), (span.end_line or span.line, span.end_column)

    (a, b), (c, d) = ends(one), ends(other)
    return (a < d and c < b) or a == c


def _edited(text: str, edits: Sequence[Edit]) -> str:
    """Lines and columns are those of the text before any edit, so the last edit is made first."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    for edit in sorted(edits, key=lambda e: (e.span.line, e.span.column), reverse=True):
        span = edit.span
        begin = starts[span.line - 1] + span.column - 1
        end_line = span.end_line or span.line
        end = starts[end_line - 1] + (span.end_column or span.column) - 1
        text = text[:begin] + edit.text + text[end:]
    return text


def apply(changes: Changes) -> None:
    """Makes them all. Raises ConfigError ENV812 where one cannot be made; none is half made."""
    if changes.writes_env:
        document = changes.before
        if changes.plain_utf8:
            document = dataclasses.replace(document, encoding="utf-8")
        envwrite.write(document, changes.env)
    for path, mode in changes.modes:
        try:
            path.chmod(mode)
        except OSError as error:
            raise _cannot(path, error) from error
    for path, line in changes.ignores:
        add_line(path, line)


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


def _cannot(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(
        "ENV812", Text(f"cannot change {path}: {reason}", f"无法修改 {path}：{reason}")
    )
