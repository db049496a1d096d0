"""ENV801: a setting that stands twice in `.env`."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.table import BY_NAME
from qtune.core.text import Text
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Related, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import DOTENV, ON_THIS_MACHINE, SHOW
from qtune.doctor.rules.places import called, entry_span
from qtune.doctor.rules.words import prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    if envfile is None:
        return
    by_key: dict[str, list[EnvEntry]] = {}
    for entry in envfile.entries:
        by_key.setdefault(entry.key, []).append(entry)
    for key, (*earlier, last) in by_key.items():
        if not earlier:
            continue
        lines = [str(entry.line) for entry in earlier]
        yield Finding(
            "ENV801",
            Severity.WARNING if key in BY_NAME else Severity.INFO,
            Text(
                f"{key} stands more than once in {called(envfile)}: line {last.line} counts, "
                f"line {' and '.join(lines)} does not",
                f"{key} 在 {called(envfile)} 中出现多次：第 {last.line} 行生效，第 {'、'.join(lines)} 行无效",
            ),
            evidence=_values(earlier, last),
            span=entry_span(envfile, earlier[0]),
            fix=_fix(envfile, earlier, last),
            related=(Related(entry_span(envfile, last), Text("this line counts", "这一行生效")),),
        )


def _values(earlier: list[EnvEntry], last: EnvEntry) -> tuple[Text, ...]:
    if last.key not in BY_NAME:
        return ()
    return tuple(
        Text(
            f"line {entry.line}: {entry.key}={entry.shown}",
            f"第 {entry.line} 行：{entry.key}={entry.shown}",
        )
        for entry in (*earlier, last)
    )


def _fix(envfile: EnvFile, earlier: list[EnvEntry], last: EnvEntry) -> Fix:
    """The earlier lines go. They never counted, so nothing changes; but a token in one would be lost."""
    secret = any(entry.looks_secret for entry in (*earlier, last)) or last.key not in BY_NAME
    return Fix(
        Text(
            f"Remove the earlier {last.key}, which never counted",
            f"删除前面从未生效的 {last.key}",
        ),
        Applicability.UNSAFE if secret else Applicability.SAFE,
        edits=tuple(
            Edit(Span(envfile.path, entry.line, 1, entry.end_line + 1, 1), "") for entry in earlier
        ),
    )


RULE = Rule(
    "ENV801",
    "duplicate-setting",
    Severity.WARNING,
    Text("A setting stands twice in .env", ".env 中有重复的设置"),
    Page(
        what=prose(
            "The same name stands on several lines of `.env`. The last one counts, the others do nothing.",
            "同一个名称在 `.env` 中出现了多行。最后一行生效，其余的不起作用。",
        ),
        why=prose(
            """
            Whoever edits one of the earlier lines wonders why nothing changes. Often an old token survives
            this way.
            """,
            "如果你改的是前面的那一行，就会奇怪为什么毫无变化。旧 Token 常常就这样一直留着。",
        ),
        detect=ON_THIS_MACHINE,
        mend=prose(
            """
            Keep one line. `qtune doctor --fix` removes the earlier ones of a setting that holds no secret;
            lines with tokens it leaves alone, unless you add `--unsafe-fixes`.
            """,
            """
            只保留一行。对不含秘密的设置，`qtune doctor --fix` 会删除前面的行；含 Token 的行不会动，除非加上
            `--unsafe-fixes`。
            """,
        ),
        verify=SHOW,
        sources=(DOTENV,),
    ),
    needs=("envfile",),
    judge=_judge,
    tag="unnecessary",
)
