"""GATE407: the hub has taken the repository down."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import OPEN_MODELS, REAL_FILE, VERIFY
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.DISABLED):
        yield Finding(
            "GATE407",
            Severity.ERROR,
            Text(
                f"{source.title} has disabled {facts.goal.model}",
                f"{source.title} 已停用 {facts.goal.model}",
            ),
            evidence=evidence(source, gate, facts),
            fix=Fix(
                Text(
                    "Use another model; its page may say why it was taken down",
                    "请改用其他模型；模型页面可能说明了下架原因",
                ),
                Applicability.MANUAL,
                url=model_page(source, facts),
            ),
            url=model_page(source, facts),
            source=source.name,
        )


RULE = Rule(
    "GATE407",
    "repository-disabled",
    Severity.ERROR,
    Text("The hub has disabled this repository", "平台已停用该仓库"),
    Page(
        what=prose(
            """
            The hub itself has switched this repository off, for example after a complaint about its content
            or licence.
            """,
            "平台停用了这个仓库，例如因为内容或许可证被投诉。",
        ),
        why=prose(
            """
            Nobody can download it, with or without a token. The Python client words it as "check your
            connection".
            """,
            "有没有 Token 都无法下载。Python 客户端会把它说成 “check your connection”。",
        ),
        detect=joined(
            REAL_FILE,
            prose(
                'The hub says "Access to this resource is disabled."',
                "平台回答 “Access to this resource is disabled.”",
            ),
        ),
        mend=joined(
            prose(
                """
                Look at the model's page for a reason or a successor. What already lies in your cache can
                still be used offline.
                """,
                "在模型页面看看原因或替代品。已经下载到缓存里的文件仍可离线使用。",
            ),
            OPEN_MODELS,
        ),
        verify=VERIFY,
        sources=("https://huggingface.co/content-policy",),
    ),
    needs=("gate", "tokens"),
    judge=_judge,
)
