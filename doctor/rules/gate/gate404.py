"""GATE404: the authors said no."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import GATED_DOCS, OPEN_MODELS, REAL_FILE, VERIFY
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.REJECTED):
        yield Finding(
            "GATE404",
            Severity.ERROR,
            Text(
                f"the authors of {facts.goal.model} rejected the request for access on {source.title}",
                f"{facts.goal.model} 的作者拒绝了在 {source.title} 上的访问申请",
            ),
            evidence=evidence(source, gate, facts),
            fix=Fix(
                Text(
                    "Use another model, such as Qwen/Qwen3-4B", "改用其他模型，例如 Qwen/Qwen3-4B"
                ),
                Applicability.MANUAL,
            ),
            url=model_page(source, facts),
            source=source.name,
        )


RULE = Rule(
    "GATE404",
    "access-rejected",
    Severity.ERROR,
    Text("The request for access was rejected", "访问申请被拒绝"),
    Page(
        what=prose(
            "The authors of this gated model rejected your account's request for access.",
            "这个门控模型的作者拒绝了你的账号的访问申请。",
        ),
        why=prose(
            "Every file answers 403, and it stays so: the decision belongs to the account, not to a token.",
            "所有文件都会返回 403，而且不会改变：拒绝针对的是账号，不是某个 Token。",
        ),
        detect=joined(
            REAL_FILE,
            prose(
                'The hub\'s answer contains the word "rejected".',
                "平台的回答中包含 “rejected” 一词。",
            ),
        ),
        mend=joined(
            prose(
                """
                Requests cannot be repeated. If you think it was a mistake, write to the authors (the
                "Community" tab of the model's page). Otherwise take another model.
                """,
                "申请不能重复提交。如果认为有误，可以在模型页面的 “Community” 页联系作者；否则请换一个模型。",
            ),
            OPEN_MODELS,
        ),
        verify=VERIFY,
        sources=(GATED_DOCS,),
    ),
    needs=("gate", "tokens"),
    judge=_judge,
)
