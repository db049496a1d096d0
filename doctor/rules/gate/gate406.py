"""GATE406: the model is not offered where you are."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import OPEN_MODELS, REAL_FILE, VERIFY
from qtune.doctor.rules.tok.held import needs_no_token
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.REGION):
        # Elsewhere the same name may belong to somebody else: switch only for owners known to be the same.
        switch = switch_source(facts, source.name) if needs_no_token(facts) else None
        yield Finding(
            "GATE406",
            Severity.ERROR,
            Text(
                f"{source.title} does not offer {facts.goal.model} in this region",
                f"{source.title} 不在当前地区提供 {facts.goal.model}",
            ),
            evidence=evidence(source, gate, facts),
            fix=switch
            or Fix(
                Text(
                    "No token changes that: use another model, or another hub that has it",
                    "换 Token 也没有用：请改用其他模型，或其他提供该模型的平台",
                ),
                Applicability.MANUAL,
            ),
            url=model_page(source, facts),
            source=source.name,
        )


RULE = Rule(
    "GATE406",
    "not-in-this-region",
    Severity.ERROR,
    Text("The model is not available in your region", "模型在当前地区不可用"),
    Page(
        what=prose(
            "The authors do not offer this model in the region your address belongs to.",
            "作者没有在你所在的地区（按 IP 判断）提供这个模型。",
        ),
        why=prose(
            """
            The description can be read, the files answer 403, and it is the same without a token, with one,
            and with one that has accepted the licence. So this is easily taken for a problem with the token,
            which it is not.
            """,
            """
            模型简介能看，文件却返回 403；不带 Token、带 Token、同意了协议之后都一样。因此很容易被误认为是
            Token 的问题，其实不是。
            """,
        ),
        detect=joined(
            REAL_FILE,
            prose(
                'The hub says "This model is not available in your region", or answers with status 451.',
                "平台回答 “This model is not available in your region”，或返回状态码 451。",
            ),
        ),
        mend=joined(
            prose(
                """
                Read the licence first: it may exclude your region altogether. Then use another model, or a
                hub of your region where the same authors publish it, such as ModelScope.
                """,
                """
                请先看许可协议：它可能根本不允许在你的地区使用。然后换一个模型，或使用同一作者也发布了该模型的
                本地平台，例如 ModelScope。
                """,
            ),
            OPEN_MODELS,
        ),
        verify=VERIFY,
        sources=("https://github.com/huggingface/hub-docs/issues/1874",),
    ),
    needs=("gate", "tokens"),
    judge=_judge,
)
