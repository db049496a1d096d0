"""The doctor's last report about each model of a project, in the user's cache: what an editor knows of the world.

A file that is damaged, somebody else's, of another version, or inside the workspace is no report: a cloned
repository must not bring its own. Nothing is looked at, and reading one again costs a stat.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtune.core.locations import user_cache
from qtune.core.secret import redact
from qtune.doctor import privatefiles
from qtune.doctor.privatefiles import Stamp

if TYPE_CHECKING:  # whoever has no report yet needs none of the types
    from qtune.doctor.facts import Facts
    from qtune.doctor.finding import Finding
    from qtune.doctor.outcome import Report

SCHEMA = 1  # of what stands beside the facts
KEPT = 40
LARGEST = 4 << 20


@dataclass(frozen=True)
class LastReport:
    """`findings` are those that were told; `taken` is when the examination began, with its zone."""

    facts: Facts
    findings: tuple[Finding, ...]
    taken: datetime
    root: Path = Path()


def save(report: Report, root: Path, folder: Path | None = None) -> Path | None:
    """Keeps `report` as the last one about its model in the project at `root`; None where that cannot be."""
    place = folder or _folder()
    if not privatefiles.outside(place, root):
        return None
    text = json.dumps(_document(report, root))
    target = place / _name(root, report.facts.goal.model)
    if len(text) > LARGEST or not privatefiles.write(target, text):
        return None
    privatefiles.forget(place, ".json", KEPT)
    return target


def report(root: Path, model: str | None = None, folder: Path | None = None) -> LastReport | None:
    """The last report about `model` in the project at `root`; with None the newest about any."""
    for path in _candidates(root, model, folder or _folder()):
        found = _cached(path)
        if found is not None and _is_about(found, root, model):
            return found
    return None


def whole(root: Path, model: str | None = None, folder: Path | None = None) -> Report | None:
    """The same with everything that was reported, for whoever shows it as a page."""
    from qtune.doctor import codec

    for path in _candidates(root, model, folder or _folder()):
        try:
            document = json.loads(privatefiles.read(path, LARGEST)[1])
            last = _last(document)
            if _is_about(last, root, model):
                return _report(document["report"], last)
        except (OSError, *codec.UNREADABLE):
            continue
    return None


def _folder() -> Path:
    return user_cache() / "reports"


def _name(root: Path, model: str) -> str:
    return f"{_prefix(root)}{_hash(model)}.json"


def _prefix(root: Path) -> str:
    return _hash(os.path.normcase(root.resolve())) + "-"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _is_about(found: LastReport, root: Path, model: str | None) -> bool:
    """The file's name says so too, but a name can be given to any file."""
    same = os.path.normcase(found.root) == os.path.normcase(root.resolve())
    return same and (model is None or found.facts.goal.model == model)


def _candidates(root: Path, model: str | None, folder: Path) -> list[Path]:
    """The newest first."""
    if not privatefiles.outside(folder, root) or not privatefiles.is_ours(folder):
        return []
    if model is not None:
        return [folder / _name(root, model)]
    return privatefiles.newest(folder, _prefix(root), ".json")


_read_before: dict[Path, tuple[Stamp, LastReport | None]] = {}


def _cached(path: Path) -> LastReport | None:
    stamp = privatefiles.stamp(path)
    if stamp is None:
        _read_before.pop(path, None)
        return None
    before = _read_before.get(path)
    if before is not None and before[0] == stamp:
        return before[1]
    from qtune.doctor import codec

    found: LastReport | None
    try:
        stamp, text = privatefiles.read(path, LARGEST)
        found = _last(json.loads(text))
    except (OSError, *codec.UNREADABLE):
        found = None
    while len(_read_before) >= KEPT:
        _read_before.pop(next(iter(_read_before)), None)
    _read_before[path] = (stamp, found)
    return found


# --- what stands in them --------------------------------------------------------------------------

# Words of ours that are read back as what they are, even where a secret happens to spell one.
_OURS = frozenset(
    ("severity", "applicability", "state", "code", "because", "check", "scope", "flaw",
     "root", "model")
)  # fmt: skip


def _document(report: Report, root: Path) -> dict[str, Any]:
    """A facts file, which `--facts` can read too, with what was said of the facts beside them."""
    from qtune.doctor import codec

    said = {
        "schema": SCHEMA,
        "root": str(root.resolve()),
        "model": report.facts.goal.model,
        "started": report.started,
        "took_ms": report.took_ms,
        "suppressed": list(report.suppressed),
        "findings": [codec.to_plain(finding) for finding in report.findings],
        "checks": [codec.to_plain(check) for check in report.checks],
        "recommended": [codec.to_plain(row) for row in report.recommended],
        "patch": codec.to_plain(report.patch),
        "ignored": [
            {"finding": codec.to_plain(item.finding), "by": codec.to_plain(item.by)}
            for item in report.ignored
        ],
    }
    return {**codec.document(report.facts), "report": _redacted(said)}


def _redacted(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key in _OURS else redact(value)
    if isinstance(value, dict):
        return {name: _redacted(item, name) for name, item in value.items()}
    return [_redacted(item, key) for item in value] if isinstance(value, list | tuple) else value


def _last(document: Any) -> LastReport:
    """Raises one of codec.UNREADABLE."""
    from qtune.doctor import codec
    from qtune.doctor.finding import Finding

    said = document["report"]
    if said["schema"] != SCHEMA:
        raise ValueError(f"schema {said['schema']}")
    facts = codec.from_document(document)
    taken = datetime.fromisoformat(said["started"])
    if taken.tzinfo is None or said["model"] != facts.goal.model:
        raise ValueError("not as it was written")
    findings = tuple(codec.from_plain(finding, Finding) for finding in said["findings"])
    return LastReport(facts, findings, taken, Path(said["root"]))


def _report(said: dict[str, Any], last: LastReport) -> Report:
    from qtune.core.envpatch import EnvPatch
    from qtune.doctor.codec import from_plain
    from qtune.doctor.facts import Suppression
    from qtune.doctor.finding import Finding
    from qtune.doctor.outcome import CheckState, Recommendation, Report
    from qtune.doctor.suppression.settle import Ignored

    return Report(
        findings=last.findings,
        checks=tuple(from_plain(check, CheckState) for check in said["checks"]),
        facts=last.facts,
        recommended=tuple(from_plain(row, Recommendation) for row in said["recommended"]),
        patch=from_plain(said["patch"], EnvPatch),
        suppressed=tuple(from_plain(code, str) for code in said["suppressed"]),
        started=last.taken.isoformat(timespec="seconds"),
        took_ms=from_plain(said["took_ms"], int),
        ignored=tuple(
            Ignored(from_plain(item["finding"], Finding), from_plain(item["by"], Suppression))
            for item in said["ignored"]
        ),
    )
