"""TOK307: the fine-grained token does not cover the repository, though its account does."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import counting, hubs, out_of_scope, token_page
from qtune.doctor.rules.tok.words import MASKED, TOKEN_DOCS, VERIFY
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        token, identity = counting(source, facts), known(facts.identity.get(source.name))
        if token is None or identity is None or not out_of_scope(source, facts):
            continue
        model, page = facts.goal.model, token_page(source, facts)
        owner, where = model.partition("/")[0], token.origin.describe()
        shown = ", ".join(identity.scopes[:6]) or "—"
        yield Finding(
            "TOK307",
            Severity.ERROR,
            Text(
                f"the fine-grained token {token.masked} from {where.en} is not allowed to read {model}, "
                f"although its account belongs to {owner}",
                f"来自{amid(where)}的细粒度 Token {token.masked} 无权读取 {model}，尽管其账号属于 {owner}",
            ),
            evidence=(
                Text(
                    f"whoami: the token is limited to {shown}", f"whoami：该 Token 的范围是 {shown}"
                ),
            ),
            span=span_of(token.origin, facts),
            fix=Fix(
                Text(
                    f"At {page} edit this token and add {model} or {owner}, with “Read access to contents "
                    "of selected repos”",
                    f"在 {page} 编辑该 Token，添加 {model} 或 {owner}，"
                    "勾选 “Read access to contents of selected repos”",
                ),
                Applicability.MANUAL,
                url=page,
            ),
            url=page,
            source=source.name,
        )


RULE = Rule(
    code="TOK307",
    name="token-scope",
    severity=Severity.ERROR,
    title=Text("The token's scope leaves this repository out", "Token 的授权范围不包括这个仓库"),
    needs=("identity", "gate", "tokens"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            The token is fine-grained: it holds a list of accounts, organisations and repositories, with what it
            may do in each. The model belongs to its account, or to an organisation of that account, and is not
            on the list, or is there without the permission to read its contents.
            """,
            """
            这是细粒度 Token：它带有一份清单，列出可访问的账号、组织和仓库以及各自的权限。
            该模型属于这个账号，或属于账号所在的组织，但不在清单上，或者清单上没有读取内容的权限。
            """,
        ),
        why=prose(
            """
            A private repository outside the list does not exist for this token: the hub answers 404 "Repository
            not found", while the same person sees the model in the browser. People then look for a typo.
            """,
            """
            清单之外的私有仓库对这个 Token 来说并不存在：平台返回 404 "Repository not found"，
            而同一个人在浏览器中能看到该模型，于是大家都去找拼写错误。
            """,
        ),
        detect=joined(
            prose(
                """
                The hub's `whoami-v2` tells the token's role, its list, and the account's organisations. This is
                a finding only where the files were refused and the owner is the account or one of its
                organisations; for other owners nobody can tell, and GATE400 says so. Gated models are TOK306's.

                An organisation may also demand single sign-on, or that its administrators approve each token.
                `whoami-v2` does not tell that, and the wording of such a refusal could not be verified: the
                hub's own words stand under the finding about the refusal.
                """,
                """
                平台的 `whoami-v2` 会给出 Token 的角色、清单以及账号所在的组织。
                只有文件被拒绝、且所有者就是该账号或其所在组织时才会报告；其他所有者无从判断，由 GATE400 说明。
                门控模型由 TOK306 说明。

                组织还可能要求单点登录（SSO），或要求管理员批准每个 Token。`whoami-v2` 不会透露这些，
                这类拒绝的措辞也未能核实：平台的原话会列在相应的诊断结果下面。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            1. Open https://huggingface.co/settings/tokens and edit the token.
            2. Under "Repositories permissions" choose the repository, or under "Org permissions" the
               organisation, and tick "Read access to contents of selected repos" (or "of all repos").
            3. Save. The token stays the same; nothing is to be changed in `.env`.

            Or make a token of the type "Read": it may read whatever its account may read.
            """,
            """
            1. 打开 https://huggingface.co/settings/tokens ，编辑该 Token。
            2. 在 "Repositories permissions" 中选择该仓库，或在 "Org permissions" 中选择该组织，
               勾选 "Read access to contents of selected repos"（或 "of all repos"）。
            3. 保存。Token 不变，`.env` 无需修改。

            也可以新建一个 "Read" 类型的 Token：账号能读的它都能读。
            """,
        ),
        verify=VERIFY,
        sources=(
            TOKEN_DOCS,
            "https://huggingface.co/docs/hub/enterprise-hub-tokens-management",
            "https://github.com/Stability-AI/generative-models/issues/215",
        ),
    ),
)
