"""Advice is settings: every fix that can be one becomes a line of the patch to `.env`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from qtune.core.envpatch import Conflict, EnvPatch, merge
from qtune.core.origin import Level
from qtune.core.sources import Source
from qtune.core.table import BY_KEY
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix
from qtune.doctor.outcome import Recommendation
from qtune.doctor.scope import allowed, choice, may_list


def switch_source(facts: Facts, away_from: str) -> Fix | None:
    """The settings that put the hub which serves best in front, or None where `away_from` is that hub."""
    if not facts.sources or away_from != allowed(facts)[0].name:
        return None
    best = choice(facts)
    if best.source.name == away_from:
        return None
    title, applicability = best.source.title, Applicability.SAFE
    doubt = Text("", "")
    if not may_list(facts, best.source):
        owner, applicability = facts.goal.model.partition("/")[0], Applicability.UNSAFE
        doubt = Text(
            f"; see first who {owner} is there: the same name may be somebody else's",
            f"；请先确认那里的 {owner} 是谁：同名的可能是别人",
        )
    return Fix(
        Text(
            f"Use {title} first: {best.reason.en}{doubt.en}",
            f"优先使用 {title}：{best.reason.zh}{doubt.zh}",
        ),
        applicability,
        patch=_in_front(facts, best.source),
    )


def _in_front(facts: Facts, source: Source) -> EnvPatch:
    """In the user's own words: USE_MODELSCOPE says which hub, wherever it can."""
    by_sources = facts.setting("QTUNE_SOURCES").origin.level is not Level.DEFAULT
    if by_sources or source.kind == "mirror":
        rest = [other.name for other in allowed(facts) if other != source]
        return EnvPatch({"QTUNE_SOURCES": ",".join([source.name, *rest])})
    return EnvPatch({"USE_MODELSCOPE": "True" if source.kind == "modelscope" else "False"})


def applicable(finding: Finding, facts: Facts) -> Finding:
    """A patch for a key that something stronger than `.env` sets cannot work: it becomes MANUAL advice."""
    fix = finding.fix
    if fix is None or fix.patch is None or fix.applicability is Applicability.MANUAL:
        return finding
    commands = [
        command
        for key in (*fix.patch.set, *fix.patch.unset)
        if (command := overriding(key, facts)) is not None
    ]
    if not commands:
        return finding
    return replace(
        finding,
        fix=replace(fix, applicability=Applicability.MANUAL, command=" && ".join(commands)),
    )


def overriding(key: str, facts: Facts) -> str | None:
    """What to type so that `.env` counts for `key`, or None where it counts already."""
    if key not in BY_KEY:
        return None
    origin = facts.setting(key).origin
    if origin.level is Level.ENVIRON:
        return f"unset {origin.name or key}"
    if origin.level is Level.USER and origin.path is not None:
        return f"# remove {key} from {origin.path}"
    return None


def recommendations(findings: Iterable[Finding], facts: Facts) -> tuple[Recommendation, ...]:
    """Every key that the findings' fixes speak of, once; where two disagree, the earlier cause counts."""
    rows: dict[str, Recommendation] = {}
    for finding in findings:
        fix = finding.fix
        if fix is None or fix.patch is None:
            continue
        for key, value in {**fix.patch.set, **dict.fromkeys(fix.patch.unset)}.items():
            if key in rows:
                continue
            current = facts.setting(key).value if key in BY_KEY else ""
            reason = Text(f"{finding.code}: {fix.title.en}", f"{finding.code}：{fix.title.zh}")
            rows[key] = Recommendation(key, value, current, reason, fix.applicability, fix.command)
    return tuple(rows.values())


def patch(rows: Iterable[Recommendation], *, unsafe: bool = False) -> EnvPatch:
    """What `--fix` writes: the SAFE rows, with `unsafe` the UNSAFE ones too, never the MANUAL ones."""
    taken = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    chosen = [row for row in rows if row.applicability in taken]
    merged = merge(
        EnvPatch({row.key: row.value})
        if row.value is not None
        else EnvPatch({}, frozenset({row.key}))
        for row in chosen
    )
    assert not isinstance(merged, Conflict), "each key has one row"
    return merged
