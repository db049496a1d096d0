"""ENV803: a comment right behind a value became part of it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.table import BY_NAME
from qtune.core.text import Text
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, known
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import DOTENV, LINE, ON_THIS_MACHINE, SHOW
from qtune.doctor.rules.places import called, entry_span
from qtune.doctor.rules.words import prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    for entry in envfile.entries if envfile is not None else ():
        assert envfile is not None
        if entry.hash_column and _takes_no_hash(entry.key) and envfile.last(entry.key) is entry:
            yield _finding(envfile, entry)


def _takes_no_hash(key: str) -> bool:
    """A folder may have a `#` in its name, and a password one; no other value of ours can."""
    row = BY_NAME.get(key)
    return row is not None and row.kind != "path" and not row.key.endswith("_PROXY")


def _finding(envfile: EnvFile, entry: EnvEntry) -> Finding:
    line, column = entry.line, entry.hash_column
    return Finding(
        "ENV803",
        Severity.WARNING,
        Text(
            f"{entry.key} ({called(envfile)} line {line}): the # belongs to the value, because no space stands before it",
            f"{entry.key}（{called(envfile)} 第 {line} 行）：# 前面没有空格，因此它被当成值的一部分",
        ),
        span=entry_span(envfile, entry),
        fix=Fix(
            Text("Put a space before the #", "在 # 前面加一个空格"),
            Applicability.SAFE,
            edits=(Edit(Span(envfile.path, line, column, line, column), " "),),
        ),
    )


RULE = Rule(
    "ENV803",
    "inline-comment",
    Severity.WARNING,
    Text("A comment became part of a value", "注释被当成了值的一部分"),
    Page(
        what=prose(
            """
            A `#` begins a comment only at the start of a line or behind a space. Here one stands right behind
            the value:

            ```
            USE_MODELSCOPE=False#use Hugging Face
            ```

            The value is `False#use Hugging Face`.
            """,
            """
            `#` 只有在行首或空格之后才是注释的开始。而这里它紧跟在值后面：

            ```
            USE_MODELSCOPE=False#use Hugging Face
            ```

            于是值成了 `False#use Hugging Face`。
            """,
        ),
        why=prose(
            """
            A switch with such a value falls back to its default, a token is not accepted, a model is not
            found; and the line looks right.
            """,
            "开关会退回默认值，Token 不被接受，模型找不到，而这一行看起来却没有问题。",
        ),
        detect=ON_THIS_MACHINE,
        mend=LINE,
        verify=SHOW,
        sources=(DOTENV,),
    ),
    needs=("envfile",),
    judge=_judge,
)
