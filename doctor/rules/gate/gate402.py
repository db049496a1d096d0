"""GATE402: the account behind the token has not been let in yet."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import ACCEPT, GATED_DOCS, OPEN_MODELS, REAL_FILE, VERIFY
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.NOT_ACCEPTED):
        page, hub = model_page(source, facts), source.title
        identity = known(facts.identity.get(source.name))
        name = identity.name if identity is not None else ""
        account = Text(
            f"the account {name}" if name else "the account of this token",
            f"账号 {name} " if name else "该 Token 的账号",
        )
        yield Finding(
            "GATE402",
            Severity.ERROR,
            Text(
                f"{account.en} has no access to {facts.goal.model} on {hub}: its licence is not accepted",
                f"{account.zh}没有 {facts.goal.model} 的访问权限：尚未在 {hub} 同意许可协议",
            ),
            evidence=evidence(source, gate, facts),
            fix=Fix(
                Text(
                    f"Accept the licence at {page}, logged in as the token's account",
                    f"用该 Token 的账号登录，在 {page} 同意许可协议",
                ),
                Applicability.MANUAL,
                url=page,
            ),
            url=page,
            source=source.name,
        )


RULE = Rule(
    "GATE402",
    "licence-not-accepted",
    Severity.ERROR,
    Text("The licence has not been accepted", "尚未同意许可协议"),
    Page(
        what=prose(
            """
            The token is good, but the account it belongs to has not been given access to this gated model: on
            its page, the licence was not accepted.
            """,
            "Token 有效，但它所属的账号还没有获得这个门控模型的访问权限：没有在模型页面上同意许可协议。",
        ),
        why=prose(
            """
            A token says who you are, not that you may. Every download ends with

            ```
            403 Client Error: ... you are not in the authorized list.
            ```

            A common trap: the licence was accepted with one account, and the token is of another.
            """,
            """
            Token 只说明你是谁，不代表你有权限。任何下载都会以此告终：

            ```
            403 Client Error: ... you are not in the authorized list.
            ```

            常见的坑：用一个账号同意了协议，Token 却是另一个账号的。
            """,
        ),
        detect=REAL_FILE,
        mend=joined(
            ACCEPT,
            prose(
                "`.env` need not change: the same token works afterwards.",
                "`.env` 无需改动，同意之后同一个 Token 就能用。",
            ),
            OPEN_MODELS,
        ),
        verify=VERIFY,
        sources=(GATED_DOCS, "https://github.com/ariG23498/gemma3-object-detection/issues/5"),
    ),
    needs=("gate", "tokens", "identity"),
    judge=_judge,
)
