"""`qtune doctor --list`: every check and every rule that the options select."""

from __future__ import annotations

import json

from qtune.core.text import Lang, Text
from qtune.doctor.checks import FAMILIES
from qtune.doctor.examine import Options, selected
from qtune.doctor.facts import GoalKind
from qtune.doctor.report.layout import pad
from qtune.doctor.rule import Rule, nothing

_NETWORK = Text("network", "联网")


def render(options: Options, goal: GoalKind, form: str, lang: Lang) -> str:
    rules = [rule for rule in selected(options, goal) if rule.judge is not nothing]
    wanted = {need for rule in rules for need in rule.needs}
    checks = [family for family in FAMILIES.values() if family.name in wanted]
    if form == "json":
        document = {
            "schema": 1,
            "checks": [
                {
                    "check": c.name,
                    "network": c.network,
                    "needs": list(c.needs),
                    "seconds": c.seconds,
                }
                for c in checks
            ],
            "rules": [
                {
                    "code": rule.code,
                    "name": rule.name,
                    "severity": rule.severity.value,
                    "network": _network(rule),
                    "title": rule.title.to(lang),
                }
                for rule in rules
            ],
        }
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    network = _NETWORK.to(lang)
    lines = [Text("Checks", "检查").to(lang)]
    for check in checks:
        after = Text("after ", "先进行 ").to(lang) + ", ".join(check.needs) if check.needs else ""
        mark = network if check.network else ""
        lines.append(
            f"  {check.name:<12}  {check.seconds:>3.0f} s  {pad(mark, 7)}  {after}".rstrip()
        )
    lines += ["", Text("Rules", "规则").to(lang)]
    widest = max((len(rule.name) for rule in rules), default=0)
    for rule in rules:
        mark = network if _network(rule) else ""
        title = rule.title.to(lang)
        lines.append(f"  {rule.code:<7}  {rule.name:<{widest}}  {pad(mark, 7)}  {title}".rstrip())
    return "\n".join(lines) + "\n"


def _network(rule: Rule) -> bool:
    return any(FAMILIES[need].network for need in rule.needs)
