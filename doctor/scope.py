"""Which hub serves the goal, as far as the facts tell; a finding about another hub is not the user's problem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from qtune.core.download.standin import Standing, standing
from qtune.core.hub.interface import AccessState
from qtune.core.origin import DEFAULT, Level
from qtune.core.sources import Choice, Measurement, Source, pick
from qtune.core.table import BY_NAME
from qtune.core.text import Text
from qtune.doctor.endings import ending
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Severity

_REFUSED = Text("access is refused", "访问被拒绝")
_BAD_TOKEN = Text("the token is not accepted", "Token 不被接受")
_MISSING = Text("the model is not there", "没有该模型")
_LIMITED = Text("it asks to wait: too many requests", "请求过多，需要等待")
_NOT_SERVED = Text("it serves no files itself", "它自己不提供文件")
_DISABLED = Text("it has disabled the model", "该模型已被停用")
_REGION = Text("it does not offer the model in this region", "当前地区不提供该模型")
_REASONS = {
    AccessState.MISSING_OR_PRIVATE: _MISSING,
    AccessState.NO_REVISION: _MISSING,
    AccessState.BAD_TOKEN: _BAD_TOKEN,
    AccessState.RATE_LIMITED: _LIMITED,
    AccessState.DISABLED: _DISABLED,
    AccessState.REGION: _REGION,
}
# Refusals that nothing the user does will lift: such a hub is no better than one without the model.
_FINAL = (_MISSING, _DISABLED, _REGION)


def allowed(facts: Facts) -> tuple[Source, ...]:
    return tuple(Source(fact.kind, fact.endpoint) for fact in facts.sources)


def measurements(facts: Facts) -> tuple[Measurement, ...]:
    return tuple(_measured(facts, source.name) for source in facts.sources)


def _measured(facts: Facts, source: str) -> Measurement:
    reach = known(facts.reach.get(source))
    gate = known(facts.gate.get(source))
    storage = known(facts.storage.get(source))
    speed = known(facts.speed.get(source))
    if reach is None:
        return Measurement(source, None)
    if reach.failed is not None:
        return Measurement(source, False, ending(reach, reach.failed))
    if gate is not None and gate.relay is not None:
        return Measurement(source, False, _NOT_SERVED)
    if gate is not None and not gate.ok:
        reason = _REASONS.get(gate.access.state, _REFUSED)
        return Measurement(source, False, reason, has_model=reason not in _FINAL)
    if storage is not None and storage.failed is not None:
        reason = Text(
            f"its large files come from {storage.host}, which cannot be reached",
            f"大文件来自 {storage.host}，而该主机无法访问",
        )
        return Measurement(source, False, reason, has_model=True)
    if speed is not None and not speed.ok:
        stalled = Text(
            f"not one byte of its weights came from {speed.host}",
            f"没有从 {speed.host} 收到权重文件的任何数据",
        )
        return Measurement(source, False, stalled, has_model=True)
    rate = speed.best if speed is not None else None
    return Measurement(source, True if gate is not None else None, None, gate is not None, rate)


def choice(facts: Facts) -> Choice:
    """As `qtune run` would choose, had it measured what the doctor measured."""
    key = "QTUNE_SOURCES" if _setting(facts, "QTUNE_SOURCES") else "USE_MODELSCOPE"
    fact = facts.setting(key)
    value, origin = fact.value, fact.origin
    if fact.problem is not None:  # told by ENV805; what counts is the default
        value, origin = BY_NAME[key].default, DEFAULT
    where = origin.describe()
    first = Text(f"{key}={value} ({where.en})", f"{key}={value}（{where.zh}）")
    return pick(allowed(facts), measurements(facts), first, missing_bytes(facts))


def missing_bytes(facts: Facts) -> int | None:
    """What is still to be downloaded, as the first hub lists it that could be asked."""
    for source in facts.sources:
        listing = known(facts.listing.get(source.name))
        if listing is not None:
            return listing.missing
    return None


def _setting(facts: Facts, key: str) -> str:
    fact = facts.setting(key)
    return fact.value if fact.origin.level is not Level.DEFAULT else ""


def stands_in(facts: Facts, source: Source) -> bool:
    """May `source` serve without the user having chosen it? The same bytes, or as the download decides."""
    listed = known(facts.listing.get(allowed(facts)[0].name)) is not None
    return listed or may_list(facts, source)


def may_list(facts: Facts, source: Source) -> bool:
    """May `source` say by itself which files the model has, as it would once the settings name it first?"""
    first = allowed(facts)[0]
    gate = known(facts.gate.get(first.name))
    place = standing(
        source,
        first,
        facts.goal.model,
        named=bool(_setting(facts, "QTUNE_SOURCES")),
        absent=gate is not None and gate.access.state is AccessState.MISSING_OR_PRIVATE,
    )
    return place is not Standing.STRANGER


def scoped(findings: Iterable[Finding], facts: Facts) -> list[Finding]:
    """Drops what does not touch the goal, and softens what another hub makes up for."""
    if not facts.sources:
        return list(findings)
    serving, first = choice(facts).source, allowed(facts)[0]
    kept: list[Finding] = []
    for finding in findings:
        if finding.source in ("", serving.name):
            kept.append(finding)
        elif finding.source == first.name:
            made_up = finding.severity is Severity.ERROR and stands_in(facts, serving)
            kept.append(replace(finding, severity=Severity.WARNING) if made_up else finding)
    return kept
