"""A run config as findings: what its reader says is wrong, in the shape of the doctor's."""

from __future__ import annotations

import re
from pathlib import Path

from qtune.core import runconfig
from qtune.core.runconfig import Defaults
from qtune.core.runproblems import ConfigProblem, RunConfigError
from qtune.core.table import BY_KEY
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span

# A file is one of ours by its keys. `model` or `data` alone stand in many another YAML.
KEYS = frozenset(
    [
        "model",
        "method",
        "data",
        "tuning",
        "lora",
        "training",
        "max_length",
        "packing",
        "output_dir",
        "enable_thinking",
        "trust_remote_code",
    ]
)
_KEY = re.compile(r"^([A-Za-z_]\w*)[ \t]*:", re.M)


def is_ours(text: str) -> bool:
    """Two of our keys, or nothing but one: told line by line, so that a half-typed file is known as well."""
    found = set(_KEY.findall(text))
    ours = len(found & KEYS)
    return ours >= 2 or (ours == 1 and len(found) == 1)


def findings(document: str | bytes, path: Path, root: Path) -> list[Finding]:
    """`root` is where relative paths begin."""
    default = Defaults(BY_KEY["DEFAULT_MODEL"].default, root / "runs", root)
    try:
        raw = document.encode("utf-8", "replace") if isinstance(document, str) else document
        text = runconfig.decoded(raw, path)
    except RunConfigError as error:
        return [finding(problem) for problem in error.problems]
    _, problems = runconfig.examine(text, path, defaults=default)
    return [finding(problem) for problem in problems]


def finding(problem: ConfigProblem) -> Finding:
    mark = problem.mark
    span = None
    if mark.path is not None:
        span = Span(str(mark.path), mark.line, mark.column, mark.end_line, mark.end_column)
    fix = Fix(problem.fix, Applicability.MANUAL) if problem.fix is not None else None
    return Finding(problem.code, Severity(problem.severity), problem.message, span=span, fix=fix)
