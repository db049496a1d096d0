"""SRC003: ModelScope is asked for the branch `main`, which is Hugging Face's name for it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.functions import repo_calls
from qtune.doctor.rules.src.words import NOTHING_LEFT, READ_ONLY, replaced, span
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    for found in repo_calls(source) if source is not None else ():
        assert source is not None
        revision = found.call.keyword("revision") or found.call.keyword("version")
        if found.hub != "modelscope" or revision is None or revision.value.text != "main":
            continue
        literal = revision.value.literal
        here = literal == revision.value.spot
        fix = Fix(
            Text('Write "master"', '改为 "master"'),
            # A repository may have a branch of that name all the same.
            Applicability.UNSAFE if here else Applicability.MANUAL,
            edits=(replaced(source, literal, "master"),) if here and literal is not None else (),
        )
        yield Finding(
            "SRC003",
            Severity.WARNING,
            Text(
                'on ModelScope the default branch is called master: revision="main" is seldom found there',
                'ModelScope 的默认分支叫 master：revision="main" 在那里通常不存在',
            ),
            span=span(source, revision.value.spot),
            fix=fix,
        )


RULE = Rule(
    code="SRC003",
    name="revision-of-other-hub",
    severity=Severity.WARNING,
    title=Text("ModelScope is asked for the branch main", "向 ModelScope 请求 main 分支"),
    judge=_judge,
    page=Page(
        what=prose(
            'A function of ModelScope is called with `revision="main"`.',
            '以 `revision="main"` 调用了 ModelScope 的函数。',
        ),
        why=prose(
            """
            The default branch is `main` on Hugging Face and `master` on ModelScope. Code that was moved from one
            hub to the other asks for a branch that is not there, and gets "404, no such revision" (code
            10990101004), or an empty directory without any error.
            """,
            """
            默认分支在 Hugging Face 上叫 `main`，在 ModelScope 上叫 `master`。从一个平台搬到另一个平台的代码会请求
            不存在的分支，得到 404（代码 10990101004），或者没有任何报错却得到一个空目录。
            """,
        ),
        detect=joined(
            prose(
                """
                Functions and classes of `modelscope` and `modelscope_hub` whose `revision` is the literal
                `"main"`. A repository may have a branch of that name all the same; the hub is not asked.
                """,
                """
                检查 `modelscope` 与 `modelscope_hub` 的函数和类，其 `revision` 为字面量 `"main"`。
                个别仓库也可能真有名为 main 的分支；这里不会去询问平台。
                """,
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            Leave `revision` out, or write what it is called there:

            ```python
            snapshot_download("Qwen/Qwen3-4B", revision="master")
            ```
            """,
            """
            去掉 `revision`，或写成它在那里的名字：

            ```python
            snapshot_download("Qwen/Qwen3-4B", revision="master")
            ```
            """,
        ),
        verify=NOTHING_LEFT,
        sources=("https://modelscope.cn/docs/models/download",),
    ),
)
