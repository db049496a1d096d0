"""What is wrong with one file, judged from its text: the editor and `qtune check` ask this function.

No network, nothing heavy imported; any text is judged, however broken. What is known besides the text is
handed in as a World.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from qtune.core import envfile, secret
from qtune.core.envfile import EnvDocument
from qtune.doctor.documents.kinds import Kind, is_template, kind_of, use_of
from qtune.doctor.documents.masking import masked
from qtune.doctor.documents.world import NOTHING_ELSE, World
from qtune.doctor.facts import Dataset, Facts, Goal, Known, Suppression
from qtune.doctor.finding import Finding
from qtune.doctor.rule import Rule
from qtune.doctor.rules import one

if TYPE_CHECKING:
    from qtune.doctor.documents.dataset import Rows
    from qtune.doctor.suppression.settle import Ignored

# The rules that a `.env` decides by itself; a test names those that need more, and why.
DOTENV = (
    "ENV800", "ENV801", "ENV802", "ENV803", "ENV804", "ENV805", "ENV810",
    "TOK301", "TOK302",
    "HUB203", "HUB204", "HUB211",
    "GPU510",
)  # fmt: skip
PACKAGES = ("PKG701", "PKG702", "HUB211")
DATASET = ("DAT900", "DAT901", "DAT903", "DAT907")
SECONDS = 2.0  # for the rows of one file
HEAD = 1 << 16


@dataclass(frozen=True)
class Checked:
    """`kind` None: no file of ours, and not judged. `rows` were looked at, where it is a data set.

    `whole` False: there are more rows than there was time for.
    """

    kind: Kind | None
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    rows: int = 0
    whole: bool = True


def check(
    document: str | bytes | BinaryIO,
    path: Path,
    root: Path | None = None,
    given: Sequence[Suppression] = (),
    among: Rows | None = None,
    world: World = NOTHING_ELSE,
) -> Checked:
    """`document` is what stands, or is being typed, in the file called `path`.

    `root` is where relative paths of a run config begin (the working folder), `given` what the project
    suppresses, `among` the rows of the data sets that were judged before: those to train on come first.
    `world` is what else is known, and may be nothing.
    """
    with secret.scope():
        checked = _check(document, path, root, given, among, world)
        ignored = tuple(
            replace(item, finding=masked([item.finding])[0]) for item in checked.ignored
        )
        return replace(checked, findings=masked(checked.findings), ignored=ignored)


def _check(
    document: str | bytes | BinaryIO,
    path: Path,
    root: Path | None,
    given: Sequence[Suppression],
    among: Rows | None,
    world: World,
) -> Checked:
    head = _head(document)
    kind = kind_of(path, head)
    if kind is None:
        return Checked(None)
    if kind == "dataset":
        return _dataset(document, path, given, among)
    whole = document if isinstance(document, str | bytes) else document.read()
    if kind == "dotenv":
        return _dotenv(whole, path, given, world)
    if kind == "python":
        from qtune.doctor.documents.source import python

        return settled("python", *python.judged(python.decoded(whole), path, given, world))
    if kind == "notebook":
        from qtune.doctor.documents.source import notebook, notebookfile

        book = notebookfile.read(
            whole if isinstance(whole, str) else whole.decode("utf-8", "replace")
        )
        if book is None:
            return Checked("notebook")
        checked = settled("notebook", *notebook.judged(book, path, given, world))
        findings, ignored = notebook.in_file(checked.findings, checked.ignored, book, path)
        return replace(checked, findings=findings, ignored=ignored)
    if kind in ("requirements", "pyproject"):
        return _packages(kind, whole, path, given, world)
    return _runconfig(whole, path, root or Path.cwd(), given, world)


def _packages(
    kind: Kind, document: str | bytes, path: Path, given: Sequence[Suppression], world: World
) -> Checked:
    from qtune.doctor.documents.packages import judging as packages
    from qtune.doctor.documents.packages import pyproject, requirements
    from qtune.doctor.documents.packages.models import wanted

    text = document if isinstance(document, str) else requirements.decoded(document)
    if len(text) > packages.LARGEST:
        return Checked(kind)
    found: list[Finding] = []
    if kind == "pyproject":
        found += pyproject.problems(text, path)
        groups = pyproject.groups(text, str(path))
    else:
        groups = [[*requirements.rows(text, str(path))]]
    models = wanted(path.parent, world) if any(groups) else ()
    for group in groups:
        found += (one for one in packages.judged(group, models) if one not in found)
    facts = Facts(Goal("train", ""), suppressions=tuple(given))
    return settled(kind, found, found, facts, _rules(PACKAGES))


def _head(document: str | bytes | BinaryIO) -> str:
    if isinstance(document, str):
        return document
    if isinstance(document, bytes):
        return document[:HEAD].decode("utf-8", "replace")
    head = document.read(HEAD)
    document.seek(0)
    return head.decode("utf-8", "replace")


def _dotenv(
    document: str | bytes, path: Path, given: Sequence[Suppression], world: World
) -> Checked:
    from qtune.doctor.documents.env import dotenv
    from qtune.doctor.scope import scoped

    parsed = _parsed(document, path)
    facts = dotenv.facts(parsed)
    rules = _rules(code for code in DOTENV if not (is_template(path) and code.startswith("TOK")))
    judged = [finding for rule in rules for finding in rule.judge(facts)]
    others = [*dotenv.problems(parsed, facts), *dotenv.beside(parsed, facts, world)]
    found = [*scoped(judged, facts), *others]
    judged += others
    comments: tuple[Suppression, ...] = ()
    if "qtune:" in parsed.text:
        from qtune.doctor.suppression.comments import in_env

        comments = in_env(parsed)
    return settled("dotenv", found, judged, replace(facts, suppressions=(*comments, *given)), rules)


def _parsed(document: str | bytes, path: Path) -> EnvDocument:
    if isinstance(document, bytes):
        return envfile.decoded(document, path)
    if len(document) > envfile.LARGEST:
        return envfile.decoded(document.encode("utf-8", "replace"), path)
    from qtune.doctor.documents.env.effective import parsed

    return parsed(document, path)


def _runconfig(
    document: str | bytes, path: Path, root: Path, given: Sequence[Suppression], world: World
) -> Checked:
    from qtune.core.rundefaults import MAX_BYTES
    from qtune.doctor.documents.run import config as runconfig

    report = world.report(None)
    model = report.facts.setting("DEFAULT_MODEL").value if report is not None else ""
    config, found = runconfig.examined(document, path, root, model)
    text = document if isinstance(document, str) else document.decode("utf-8-sig", "replace")
    if report is not None:
        from qtune.doctor.documents.run import budget

        found += budget.findings(config, text, path, world)
    comments: tuple[Suppression, ...] = ()
    rules: tuple[Rule, ...] = ()
    if "qtune:" in text and len(text) <= MAX_BYTES:
        from qtune.doctor.rules import RULES
        from qtune.doctor.suppression.comments import in_yaml

        comments = in_yaml(text, path)
        rules = tuple(rule for rule in RULES if rule.code.startswith("CFG0"))
    goal = Goal("train", "", run_config=str(path))
    return settled("runconfig", found, found, Facts(goal, suppressions=(*comments, *given)), rules)


def _dataset(
    document: str | bytes | BinaryIO,
    path: Path,
    given: Sequence[Suppression],
    among: Rows | None,
) -> Checked:
    from qtune.doctor.documents.dataset import Rows, survey

    if isinstance(document, str):
        document = document.encode("utf-8", "surrogatepass")
    file = io.BytesIO(document) if isinstance(document, bytes) else document
    seen = among if among is not None else Rows()
    found = survey(file, str(path), use_of(path), "auto", seen, time.monotonic() + SECONDS)
    data = Known(Dataset((found,), row_by_row=True))
    facts = Facts(Goal("train", ""), dataset=data, suppressions=tuple(given))
    rules = _rules(DATASET)
    judged = [finding for rule in rules for finding in rule.judge(facts)]
    checked = settled("dataset", judged, judged, facts, rules)
    return replace(checked, rows=found.rows, whole=found.whole)


def _rules(codes: Iterable[str]) -> tuple[Rule, ...]:
    return tuple(rule for code in codes if (rule := one(code)) is not None)


def settled(
    kind: Kind,
    found: Sequence[Finding],
    judged: Sequence[Finding],
    facts: Facts,
    rules: Sequence[Rule],
) -> Checked:
    """In the order of the lines, without what is suppressed, and with what is wrong with suppressions here."""
    ignored: tuple[Ignored, ...] = ()
    if facts.suppressions:
        from qtune.doctor.judgement import unjudged
        from qtune.doctor.suppression.settle import OWN, settle

        own = _rules(OWN) if any(s.scope != "project" for s in facts.suppressions) else ()
        rules = (*rules, *(rule for rule in own if rule not in rules))
        kept, ignored = settle(found, judged, facts, rules, lambda r: unjudged(r, facts, found))
        places = {s.path for s in facts.suppressions if s.scope == "project"}
        found = [f for f in kept if f.code not in OWN or (f.span and f.span.path not in places)]
    return Checked(kind, tuple(sorted(found, key=_place)), ignored)


def _place(finding: Finding) -> tuple[int, int, str]:
    span = finding.span
    return (span.line, span.column, finding.code) if span is not None else (0, 0, finding.code)
