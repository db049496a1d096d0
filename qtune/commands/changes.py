"""What `--fix` does: the safe fixes of a report as changes of files, shown first, then made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from qtune.core import envfile, envwrite
from qtune.core.envfile import EnvDocument
from qtune.core.envpatch import EnvPatch
from qtune.doctor import deeds
from qtune.doctor.documents.edits import edited, overlap
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
        free = [edit for edit in own if not any(overlap(edit, other) for other in edits)]
        edits += free
        if fix.chmod is not None and _differs(Path(fix.chmod[0]), fix.chmod[1]):
            modes[Path(fix.chmod[0])] = fix.chmod[1]
        if fix.gitignore is not None:
            ignores[Path(fix.gitignore[0])] = fix.gitignore[1]
        plain_utf8 |= bool(fix.reencode) and Path(fix.reencode) == document.path
        if free or fix.chmod or fix.gitignore or fix.reencode or _touches(fix.patch, wanted):
            mended.append(finding)
    after = envfile.parse(edited(document.text, edits), document.path, document.encoding)
    after = dataclasses.replace(after, exists=document.exists)
    text = envwrite.apply(after, wanted) if wanted else after.text
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


def apply(changes: Changes) -> None:
    """Makes them all. Raises ConfigError ENV812 where one cannot be made; none is half made."""
    if changes.writes_env:
        document = changes.before
        if changes.plain_utf8:
            document = dataclasses.replace(document, encoding="utf-8")
        envwrite.write(document, changes.env)
    for path, mode in changes.modes:
        deeds.give_mode(path, mode)
    for path, line in changes.ignores:
        deeds.add_line(path, line)
