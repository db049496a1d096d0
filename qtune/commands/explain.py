"""`qtune explain`: a rule's page, offline and in the user's language."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.doctor.rule import Rule


@click.command(
    "explain",
    help=say(
        "Explain CODE (TOK303, token-not-accepted); a prefix such as TOK lists its codes.",
        "解释 CODE（TOK303 或 token-not-accepted）；给出前缀（如 TOK）则列出该类代码。",
    ),
)
@click.argument("code")
def command(code: str) -> int:
    import shutil

    from qtune.commands.project import survey
    from qtune.commands.prose import flowed
    from qtune.doctor.page import markdown
    from qtune.doctor.rules import one

    survey()  # for the language
    wanted = code.strip().upper()
    rule = one(wanted) or _named(wanted)
    if rule is not None:
        width = min(88, max(40, shutil.get_terminal_size().columns))
        sys.stdout.write(flowed(markdown(rule, current()), width))
        return 0
    from qtune.doctor.rules import RULES

    listed = [r for r in RULES if r.code.rstrip("0123456789") == wanted]
    if not listed:
        raise _unknown(code)
    for rule in listed:
        print(f"{rule.code:<7}  {rule.title.to(current())}")
    return 0


def _named(name: str) -> Rule | None:
    from qtune.doctor.rules import RULES

    return next((rule for rule in RULES if rule.name.upper() == name), None)


def _unknown(code: str) -> Exception:
    import difflib

    from qtune.core.errors import UsageError
    from qtune.core.text import Text
    from qtune.doctor.rules import RULES

    names = {name: rule for rule in RULES for name in (rule.code, rule.name.upper())}
    wanted = code.strip().upper()
    near = [names[name] for name in difflib.get_close_matches(wanted, names, n=5, cutoff=0.6)]
    near = near or [r for r in RULES if wanted[:3] and r.code.startswith(wanted[:3])][:5]
    fix = Text("`qtune doctor --list` shows all codes.", "`qtune doctor --list` 可列出全部代码。")
    if near:
        unique = list(dict.fromkeys(rule.code for rule in near))
        shown = [r for r in RULES if r.code in unique]
        fix = Text(
            "Near it:\n" + "\n".join(f"{r.code}  {r.title.en}" for r in shown),
            "相近的代码：\n" + "\n".join(f"{r.code}  {r.title.zh}" for r in shown),
        )
    return UsageError(
        "CFG090", Text(f"no code is called {code!r}", f"没有名为 {code!r} 的代码"), fix
    )
