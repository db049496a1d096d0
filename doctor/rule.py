"""What a rule is: a code, a judgement over facts, and the page that explains it in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qtune.core.text import Text
from qtune.doctor.finding import Finding, Severity

if TYPE_CHECKING:  # a page is read without any facts
    from qtune.doctor.facts import Facts, GoalKind

ALL_GOALS: frozenset[GoalKind] = frozenset({"download", "train", "push"})


@dataclass(frozen=True)
class Page:
    """What `qtune explain`, hover, SARIF help and the docs print: paragraphs of markdown."""

    what: Text
    why: Text
    detect: Text
    mend: Text
    verify: Text
    sources: tuple[str, ...] = ()


def nothing(facts: Facts) -> Iterable[Finding]:
    """The judgement of a code that only commands raise (DWN, TRN): it has a page, but nothing to look at."""
    return ()


@dataclass(frozen=True)
class Rule:
    """One cause. `needs` names the checks (without their hub) whose facts `judge` reads.

    A rule over facts that are Unknown says nothing. `severity` is the usual one; a finding may be milder.
    `tag` is how an editor shows the place: struck through, or faded as what has no effect.
    """

    code: str
    name: str
    severity: Severity
    title: Text
    page: Page
    needs: tuple[str, ...] = ()
    goals: frozenset[GoalKind] = ALL_GOALS
    judge: Callable[[Facts], Iterable[Finding]] = nothing
    tag: Literal["", "deprecated", "unnecessary"] = ""

    @property
    def reported(self) -> bool:
        """Can a report hold it? What only a command raises cannot be left out with `--skip`."""
        of_a_command = self.code in ("CFG090", "CFG091", "CFG092")
        return self.judge is not nothing or (self.code.startswith("CFG") and not of_a_command)
