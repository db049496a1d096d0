"""A list of packages, judged from its text: versions that cannot be together, too old for the model, or for nothing.

Only what holds whatever else pip would choose is told. Requirements with a marker, an address or a variable
in them are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from qtune.core.text import Text
from qtune.doctor.documents.packages import bounds
from qtune.doctor.documents.packages.bounds import Bounds
from qtune.doctor.documents.packages.models import Wanted
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.pkg.architectures import FIRST_RELEASE
from qtune.doctor.rules.pkg.exclusions import NEEDS, Needs

LARGEST = 1 << 20  # characters


@dataclass(frozen=True)
class Asked:
    """One requirement. `line` are the lines to take out where it is to go, None where more stands on them."""

    name: str
    text: str
    bounds: Bounds
    span: Span
    extras: frozenset[str] = field(default_factory=frozenset)
    line: Span | None = None


def asked(text: str, span: Span, line: Span | None = None) -> Asked | None:
    """None for what is no plain requirement."""
    plain = _plain(text)
    return Asked(plain[0], text.strip(), plain[1], span, plain[2], line) if plain else None


@lru_cache(4096)  # an editor asks for every line again at every keystroke
def _plain(text: str) -> tuple[str, Bounds, frozenset[str]] | None:
    try:
        needed = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None
    limits = bounds.of(str(needed.specifier))
    if needed.url is not None or needed.marker is not None or limits is None:
        return None
    extras = frozenset(canonicalize_name(extra) for extra in needed.extras)
    return canonicalize_name(needed.name), limits, extras


def judged(rows: Sequence[Asked], models: Sequence[Wanted]) -> Iterator[Finding]:
    """`rows` are installed together."""
    by_name: dict[str, Asked] = {}
    limits: dict[str, Bounds] = {}
    for row in rows:
        by_name.setdefault(row.name, row)
        limits[row.name] = bounds.both(limits.get(row.name, Bounds()), row.bounds)
    yield from _excluded(by_name, limits)
    yield from _too_old(by_name, limits, models)
    yield from _for_nothing(by_name, limits)


# --- PKG702 ---------------------------------------------------------------------------------------


def _excluded(rows: dict[str, Asked], limits: dict[str, Bounds]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for need in NEEDS:
        one, other = rows.get(need.package), rows.get(need.other)
        if one is None or other is None or (one.name, other.name) in told:
            continue
        when, then = bounds.of(need.versions), bounds.of(need.needs)
        assert when is not None and then is not None
        if limits[need.package].within(when) and limits[need.other].apart(then):
            told.add((one.name, other.name))
            yield _exclusion(need, one, other)


def _exclusion(need: Needs, one: Asked, other: Asked) -> Finding:
    later, earlier = sorted((one, other), key=lambda row: (row.span.line, row.span.column))[::-1]
    wanted = f"{need.other}{need.needs}"
    return Finding(
        "PKG702",
        Severity.ERROR,
        Text(
            f"{one.text} needs {wanted}, and {other.text} is asked for: pip cannot install both "
            f"(lines {earlier.span.line} and {later.span.line})",
            f"{one.text} 需要 {wanted}，而这里要求 {other.text}：pip 无法同时安装"
            f"（第 {earlier.span.line} 行和第 {later.span.line} 行）",
        ),
        span=later.span,
        fix=manual(
            f"Ask for {wanted}, or for another {need.package}",
            f"改为 {wanted}，或换一个版本的 {need.package}",
        ),
    )


# --- PKG701 ---------------------------------------------------------------------------------------


def _too_old(
    rows: dict[str, Asked], limits: dict[str, Bounds], models: Iterable[Wanted]
) -> Iterator[Finding]:
    row = rows.get("transformers")
    if row is None:
        return
    for model in models:
        least = FIRST_RELEASE.get(model.type)
        enough = bounds.of(f">={least}.dev0") if least is not None else None
        if enough is None or not limits["transformers"].apart(enough):
            continue
        yield Finding(
            "PKG701",
            Severity.ERROR,
            Text(
                f"{model.name} ({model.said}) is of the type {model.type}, which transformers knows from {least} on; "
                f"{row.text} leaves no such version",
                f"{model.name}（{model.said}）的类型是 {model.type}，transformers 从 {least} 起才支持；"
                f"{row.text} 排除了这些版本",
            ),
            span=row.span,
            fix=Fix(
                Text(f"Ask for transformers>={least}", f"改为 transformers>={least}"),
                Applicability.UNSAFE,
                edits=(Edit(row.span, _rewritten(row, f">={least}")),),
            ),
        )
        return


def _rewritten(row: Asked, specifier: str) -> str:
    extras = f"[{','.join(sorted(row.extras))}]" if row.extras else ""
    return f"transformers{extras}{specifier}"


# --- HUB211 ---------------------------------------------------------------------------------------

_HUB_1 = Bounds(low=Version("1.0"))
_TRANSFORMERS_5 = Bounds(low=Version("5.0"))


def _for_nothing(rows: dict[str, Asked], limits: dict[str, Bounds]) -> Iterator[Finding]:
    hub = rows.get("huggingface-hub")
    because = next(
        (
            rows[name]
            for name, since in (("huggingface-hub", _HUB_1), ("transformers", _TRANSFORMERS_5))
            if name in rows and limits[name].within(since)
        ),
        None,
    )
    if because is None:
        return
    row = rows.get("hf-transfer")
    extra = hub is not None and "hf-transfer" in hub.extras
    if row is None and not extra:
        return
    shown = row if row is not None else hub
    assert shown is not None
    fix = None
    if row is not None and row.line is not None:
        title = Text("Remove the line", "删除这一行")
        fix = Fix(title, Applicability.UNSAFE, edits=(Edit(row.line, ""),))
    yield Finding(
        "HUB211",
        Severity.INFO,
        Text(
            f"{'hf_transfer' if row is not None else 'the extra hf_transfer'} does nothing any more: huggingface_hub "
            f"1 and later download without it, and {because.text} brings such a one",
            f"{'hf_transfer' if row is not None else 'hf_transfer 附加项'}已不起作用：huggingface_hub 1 及更高版本"
            f"不再使用它，而 {because.text} 会安装这样的版本",
        ),
        span=shown.span,
        fix=fix or manual("Remove it", "删除它"),
    )
