"""A run config as findings: what its reader says is wrong, in the shape of the doctor's."""

from __future__ import annotations

import re
from pathlib import Path

from qtune.core import runconfig
from qtune.core.runconfig import Defaults, RunConfig
from qtune.core.runnames import TOP
from qtune.core.runproblems import ConfigProblem, RunConfigError
from qtune.core.table import BY_KEY
from qtune.core.yamltree import Mark
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span

# A file is one of ours by its keys. `model` or `data` alone stand in many another YAML.
KEYS = frozenset(TOP)
_KEY = re.compile(r"^([A-Za-z_]\w*)[ \t]*:", re.M)


def is_ours(text: str) -> bool:
    """Two of our keys, or nothing but one: told line by line, so that a half-typed file is known as well."""
    found = set(_KEY.findall(text.removeprefix("\ufeff")))
    ours = len(found & KEYS)
    return ours >= 2 or (ours == 1 and len(found) == 1)


def examined(
    document: str | bytes, path: Path, root: Path, model: str = ""
) -> tuple[RunConfig | None, list[Finding]]:
    """The config (None when there is an error) and what is wrong; `root` is where relative paths begin.

    `model` is meant where the config names none.
    """
    default = Defaults(model or BY_KEY["DEFAULT_MODEL"].default, root / "runs", root, shares=False)
    try:
        raw = document.encode("utf-8", "replace") if isinstance(document, str) else document
        text = runconfig.decoded(raw, path)
    except RunConfigError as error:
        return None, [finding(problem) for problem in error.problems]
    config, problems = runconfig.examine(text, path, defaults=default)
    return config, [finding(problem) for problem in problems]


def finding(problem: ConfigProblem) -> Finding:
    mark = problem.mark
    span = span_of(mark) if mark.path is not None else None
    fix = None
    if problem.fix is not None:
        edit = problem.edit
        fix = Fix(problem.fix, Applicability.MANUAL)
        if edit is not None:
            how = Applicability.SAFE if edit.certain else Applicability.UNSAFE
            fix = Fix(problem.fix, how, edits=(Edit(span_of(edit.mark), edit.text),))
    return Finding(problem.code, Severity(problem.severity), problem.message, span=span, fix=fix)


def span_of(mark: Mark) -> Span:
    return Span(str(mark.path), mark.line, mark.column, mark.end_line, mark.end_column)
