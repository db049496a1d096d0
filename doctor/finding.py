"""A finding is data: what is wrong, how it is known, and what would mend it. Telling it is a report's work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qtune.core.envpatch import EnvPatch
from qtune.core.errors import QtuneError
from qtune.core.text import Text


class Severity(StrEnum):
    ERROR = "error"  # the goal will fail
    WARNING = "warning"  # slow, risky or wasteful
    INFO = "info"

    @property
    def rank(self) -> int:
        return {"error": 0, "warning": 1, "info": 2}[self.value]


class Applicability(StrEnum):
    SAFE = "SAFE"  # `--fix` applies it
    UNSAFE = "UNSAFE"  # only with --unsafe-fixes
    MANUAL = "MANUAL"  # only the user can do it


@dataclass(frozen=True)
class Span:
    """A place in a file, 1-based; the end is exclusive."""

    path: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0


@dataclass(frozen=True)
class Edit:
    """Replace the text of `span` by `text`; several edits of a fix do not overlap."""

    span: Span
    text: str


@dataclass(frozen=True)
class Fix:
    """One way to mend a finding: a patch to `.env`, edits of a file, a command, or a page to open.

    `chmod` is a file and the mode to give it (0o600), `gitignore` a .gitignore and the line to add,
    `reencode` a file to write again as plain UTF-8, its text unchanged. Edits come before the patch.
    """

    title: Text
    applicability: Applicability
    patch: EnvPatch | None = None
    edits: tuple[Edit, ...] = ()
    command: str = ""
    url: str = ""
    chmod: tuple[str, int] | None = None
    gitignore: tuple[str, str] | None = None
    reencode: str = ""


@dataclass(frozen=True)
class Related:
    """Another place that has to do with a finding: the line that counts instead, the import before it."""

    span: Span
    message: Text


@dataclass(frozen=True)
class Finding:
    """`source` is the hub it speaks of, "" for none: what does not touch the goal is dropped by it.

    `because` is the code it follows from; a report folds it under that. `url` is a page about the very
    thing, such as the model's; where there is none, reports name the rule's own page.
    """

    code: str
    severity: Severity
    message: Text
    evidence: tuple[Text, ...] = ()
    because: str | None = None
    span: Span | None = None
    fix: Fix | None = None
    url: str = ""
    source: str = ""
    related: tuple[Related, ...] = ()


def finding_of(error: QtuneError) -> Finding:
    """What kept the doctor from looking, told like any other cause."""
    fix = None if error.fix is None else Fix(error.fix, Applicability.MANUAL)
    return Finding(error.code, Severity.ERROR, error.message, fix=fix)
