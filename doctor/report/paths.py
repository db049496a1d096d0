"""Paths as those who read a report elsewhere know them: relative to the checkout, with slashes, as URIs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

from qtune.core.secret import redact
from qtune.doctor.facts import Known
from qtune.doctor.finding import Edit, Finding, Span
from qtune.doctor.outcome import Report

_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def checkout(environ: Mapping[str, str], folder: Path) -> Path:
    """What a CI service calls the root of the repository where `folder` lies in it, else `folder` itself."""
    for key in _CHECKOUTS:
        named = Path(environ.get(key) or ".")
        for root in (named, named.resolve()):  # the current folder is told without its links
            if named.is_absolute() and folder.is_relative_to(root):
                return root
    return folder


def relocated(report: Report, root: Path, folder: Path) -> Report:
    """The same report, its files named relative to `root`; a file outside it keeps its whole path.

    `folder` is where relative paths begin now.
    """

    def of(path: str) -> str:
        try:
            return Path(os.path.normpath(folder / path)).relative_to(root).as_posix()
        except ValueError:
            return path

    def span(old: Span) -> Span:
        return replace(old, path=of(old.path))

    def finding(old: Finding) -> Finding:
        fix = old.fix
        if fix is not None and fix.edits:
            edits = tuple(Edit(span(edit.span), edit.text) for edit in fix.edits)
            fix = replace(fix, edits=edits)
        return replace(old, span=old.span and span(old.span), fix=fix)

    facts = report.facts
    if facts.goal.run_config:
        facts = replace(facts, goal=replace(facts.goal, run_config=of(facts.goal.run_config)))
    if facts.goal.files:
        facts = replace(facts, goal=replace(facts.goal, files=tuple(map(of, facts.goal.files))))
    if isinstance(facts.envfile, Known):
        envfile = replace(facts.envfile.value, path=of(facts.envfile.value.path))
        facts = replace(facts, envfile=replace(facts.envfile, value=envfile))
    return replace(report, findings=tuple(map(finding, report.findings)), facts=facts)


def slashes(path: str) -> str:
    """Windows' separators turned round; on POSIX a backslash is part of the name."""
    return PureWindowsPath(path).as_posix() if _is_windows(path) else path


def uri(path: str) -> str:
    """A relative reference, or file:// for a whole path; everything else in it is percent-encoded."""
    path = redact(path)
    text = slashes(path)
    if _is_windows(path) and PureWindowsPath(path).is_absolute():
        return "file:///" + quote(text, safe="/:", errors="replace")
    if PurePosixPath(text).is_absolute():
        return "file://" + quote(text, safe="/", errors="replace")
    return quote(text, safe="/", errors="replace")


def _is_windows(path: str) -> bool:
    """Of this system, or of the one where the facts were saved."""
    return os.name == "nt" or re.match(r"[A-Za-z]:[\\/]|\\\\", path) is not None
