"""GATE403: access was asked for, and the authors have not decided."""

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
    for source, gate in refusals(facts, AccessState.PENDING):
        page, hub = model_page(source, facts), source.title
        yield Finding(
            "GATE403",
            Severity.ERROR,
            Text(
                f"the request for access to {facts.goal.model} on {hub} awaits its authors' review",
                f"{facts.goal.model} 在 {hub} 上的访问申请仍在等待作者审核",
            ),
            evidence=evidence(source, gate, facts),
            fix=Fix(
                Text(
                    "Wait for the authors, or use an open model meanwhile, such as Qwen/Qwen3-4B",
                    "等待作者审核，或先用 Qwen/Qwen3-4B 等开放模型",
                ),
                Applicability.MANUAL,
                url=page,
            ),
            url=page,
            source=source.name,
        )


RULE = Rule(
    "GATE403",
    "access-pending",
    Severity.ERROR,
    Text("The request for access is pending", "访问申请正在审核"),
    Page(
        what=prose(
            "You have asked for access to this gated model, and its authors have not decided yet.",
            "你已申请访问这个门控模型，但作者还没有处理。",
        ),
        why=prose(
            "Until they do, every file answers 403. Neither another token nor another network changes that.",
            "在此之前，所有文件都会返回 403。换 Token、换网络都没有用。",
        ),
        detect=joined(
            REAL_FILE,
            prose(
                'The hub says: "Your request … is awaiting a review from the repo authors".',
                "平台的原话是：“Your request … is awaiting a review from the repo authors”。",
            ),
        ),
        mend=joined(
            prose(
                """
                Wait: hours to days, the authors decide. The state of all your requests is at
                https://huggingface.co/settings/gated-repos. You can ask on the model's "Community" tab.
                """,
                """
                耐心等待：由作者决定，可能要几小时到几天。所有申请的状态见
                https://huggingface.co/settings/gated-repos 。也可以在模型的 "Community" 页留言询问。
                """,
            ),
            OPEN_MODELS,
        ),
        verify=VERIFY,
        sources=(GATED_DOCS,),
    ),
    needs=("gate", "tokens"),
    judge=_judge,
)
