"""A report in which every text from elsewhere tries to break out of whatever format it is put in."""

from __future__ import annotations

from dataclasses import replace

from qtune.core.envpatch import EnvPatch
from qtune.core.secret import Secret
from qtune.core.text import plain
from qtune.doctor.facts import Goal, Unknown
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.outcome import Report
from tests.doctor.build import healthy
from tests.doctor.report import worlds
from tests.doctor.report.worlds import EVERY

CANARY = "zq8-canary-0123456789<&]abcdef"  # met as a secret by report()
SHAPED = "hf_" + "Qz9" * 11 + "q"
TEXTS = (
    "\x00\x07\x1b[2J\x1b[31mred\x9b1m\r\x0b\x0c",
    "::error::one\n::stop-commands::two\r\n##[error]three\n::set-output name=x::y",
    "a]]>b</testcase><failure message='x\"'/>&amp;&#0;<!--",
    "half \udcff\ud83d a character \ufffe\uffff",
    "[words](javascript:alert(1)) ![i](https://evil.example/i.png) <script>alert(1)</script> <b>",
    "| a | `b` ``` ````\n# head\n- item\n1. one\n@everyone see #1 **bold** ~~gone~~ $x^2$",
    "{0} {words} {{}} %s %0A %25",
    "\u202egnp.exe\u2028\u2029\u200b\ufeff",
    "a,b:c;d=e",
    f"secret {CANARY} and {SHAPED}",
    "",
)


def report() -> Report:
    Secret(CANARY)
    findings = []
    for number, text in enumerate(TEXTS):
        words = plain(text)
        span = Span(f"/project/{text or 'empty'}", number, 2, number, 5)
        edit = Edit(replace(span, line=number + 1, end_line=number + 1), text)
        fix = Fix(
            words,
            list(Applicability)[number % 3],
            EnvPatch({"HF_TOKEN": CANARY, "OTHER": text}, frozenset({"HF_ENDPOINT"})),
            (edit,),
            command=text,
            url=text,
        )
        because = "HUB200" if number else None
        severity = list(Severity)[number % 3]
        findings.append(
            Finding(
                ("HUB200", "ENV804", "CFG001")[number % 3],
                severity,
                words,
                (words, words),
                because,
                span if number % 2 else None,
                fix,
                text,
                text,
            )
        )
    # A source is named by an address that was judged before; a secret cannot be in it.
    unknown = {text: Unknown("timeout", text, 5) for text in TEXTS if CANARY not in text}
    facts = healthy(goal=Goal("train", TEXTS[4], run_config=TEXTS[5]), speed=unknown)
    facts = replace(facts, disk=Unknown("crashed", TEXTS[2]))
    return worlds.report(facts, *findings)


WORLDS = (*EVERY, report)
