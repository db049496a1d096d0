"""One line that says what was looked at and how each part stands, so that "fine" is visible beside "broken"."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from qtune.core.text import Text as Said
from qtune.doctor.finding import Severity
from qtune.doctor.outcome import Report
from qtune.doctor.report.passes import went_well
from qtune.doctor.report.view import View

# (name, prefixes of codes, kinds of checks), along the road
_AREAS: tuple[tuple[Said, tuple[str, ...], tuple[str, ...]], ...] = (
    (Said("network", "网络"), ("NET",), ("reach",)),
    (Said("hubs", "下载源"), ("HUB",), ("listing", "storage", "speed")),
    (Said("tokens", "Token"), ("TOK",), ("tokens", "identity")),
    (Said("access", "权限"), ("GATE",), ("gate",)),
    (Said("GPU", "GPU"), ("GPU", "MEM"), ("accelerator", "torch")),
    (Said("disk", "磁盘"), ("DSK",), ("disk", "model")),
    (Said("packages", "依赖包"), ("PKG",), ("packages", "imports")),
    (Said(".env", ".env"), ("ENV",), ("envfile",)),
    (Said("config", "训练配置"), ("CFG",), ()),
    (Said("data", "数据"), ("DAT",), ("dataset",)),
)


def areas(report: Report, view: View) -> Iterator[Text]:
    line = ""
    for mark, name in standing(report, view):
        part = f"  {mark} {name}"
        if line and cell_len(line + part) > view.width:
            yield Text(line)
            line = ""
        line += part
    if line:
        yield Text(line)


def standing(report: Report, view: View) -> Iterator[tuple[str, str]]:
    """A glyph and a name for each part that was looked at."""
    for name, prefixes, kinds in _AREAS:
        mark = _mark(report, prefixes, kinds, view)
        if mark:
            yield mark, name.to(view.lang)


def _mark(report: Report, prefixes: tuple[str, ...], kinds: tuple[str, ...], view: View) -> str:
    glyphs = view.glyphs
    found = {f.severity for f in report.findings if f.code.rstrip("0123456789") in prefixes}
    if Severity.ERROR in found:
        return glyphs.error
    if Severity.WARNING in found:
        return glyphs.warning
    files = report.facts.goal.kind == "check"  # then a check is called as its file is
    checks = [c for c in report.checks if c.check.partition(".")[0] in kinds and not files]
    states = {c.state for c in checks}
    if "crashed" in states:
        return glyphs.error
    made = [c.check for c in checks if c.state == "ok"]
    if made and not any(went_well(report.facts, check) for check in made):
        return glyphs.error  # at every hub that was looked at: another area's finding says why
    if any(c.state == "unknown" and c.needed and c.because is None for c in checks):
        return glyphs.unknown  # what was made beside it does not make up for it
    if made or (found and not states):
        return glyphs.ok
    if "unknown" in states:
        return glyphs.unknown
    return glyphs.skipped if states else ""
