"""GATE405: the token is not allowed to see gated repositories, whatever its account may."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import ACCEPT, GATED_DOCS, REAL_FILE, VERIFY
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import counting, token_page
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.TOKEN_CANNOT_SEE_GATED):
        identity = known(facts.identity.get(source.name))
        narrow = identity is not None and identity.can_read_gated is False
        token, page = counting(source, facts), token_page(source, facts)
        yield Finding(
            "GATE405",
            Severity.ERROR,
            Text(
                f"{source.title} does not let this token read the gated model {facts.goal.model}",
                f"{source.title} 不允许这个 Token 读取门控模型 {facts.goal.model}",
            ),
            evidence=evidence(source, gate, facts),
            because="TOK306" if narrow else None,
            span=span_of(token.origin, facts) if token is not None else None,
            fix=Fix(
                Text(
                    f"At {page} allow the token to read public gated repositories, or make a Read token",
                    f"在 {page} 允许该 Token 读取公开的门控仓库，或新建一个 Read 权限的 Token",
                ),
                Applicability.MANUAL,
                url=page,
            ),
            url=model_page(source, facts),
            source=source.name,
        )


RULE = Rule(
    "GATE405",
    "token-cannot-see-gated",
    Severity.ERROR,
    Text("This token may not read gated models", "这个 Token 不能读取门控模型"),
    Page(
        what=prose(
            """
            The hub refused the files because of the token's own permissions: a fine-grained token reads gated
            repositories only when it was allowed to.
            """,
            "平台因为 Token 本身的权限而拒绝：细粒度 Token 只有被明确允许后才能读取门控仓库。",
        ),
        why=prose(
            """
            The account may have accepted the licence, and in the browser everything works; still every
            download answers

            ```
            403 Please enable access to public gated repositories in your fine-grained token settings to view this repository
            ```

            The Python client turns this into "check your connection".
            """,
            """
            账号可能早已同意协议，浏览器里也一切正常，但下载总是返回

            ```
            403 Please enable access to public gated repositories in your fine-grained token settings to view this repository
            ```

            而 Python 客户端会把它说成 “check your connection”。
            """,
        ),
        detect=joined(
            REAL_FILE,
            prose(
                "When `whoami` says so too, this finding is folded under TOK306.",
                "如果 `whoami` 也这样说明，这条会归到 TOK306 之下。",
            ),
        ),
        mend=joined(
            prose(
                """
                Open https://huggingface.co/settings/tokens, edit the token, and tick under "Repositories"

                ```
                Read access to contents of all public gated repos you can access
                ```

                Or make a new token of type "Read". And the licence must be accepted by the same account:
                """,
                """
                打开 https://huggingface.co/settings/tokens ，编辑该 Token，在 "Repositories" 下勾选

                ```
                Read access to contents of all public gated repos you can access
                ```

                或者新建一个 "Read" 类型的 Token。同一账号还必须同意许可协议：
                """,
            ),
            ACCEPT,
        ),
        verify=VERIFY,
        sources=(GATED_DOCS, "https://github.com/Stability-AI/generative-models/issues/215"),
    ),
    needs=("gate", "tokens", "identity", "envfile"),
    judge=_judge,
)
