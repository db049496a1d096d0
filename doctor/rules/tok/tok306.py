"""TOK306: the token's permissions do not fit what is wanted of it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import counting, hubs, state, token_page
from qtune.doctor.rules.tok.words import TOKEN_DOCS, VERIFY
from qtune.doctor.rules.words import amid, prose

# Refusals that only a gated repository gives to a token that is valid.
_GATED = (AccessState.TOKEN_CANNOT_SEE_GATED, AccessState.NOT_ACCEPTED)


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        identity = known(facts.identity.get(source.name))
        token = counting(source, facts)
        if source.kind == "modelscope" or identity is None or not identity.valid or token is None:
            continue
        where, page = token.origin.describe(), token_page(source, facts)
        if identity.can_read_gated is False and state(source, facts) in _GATED:
            yield Finding(
                "TOK306",
                Severity.ERROR,
                Text(
                    f"the fine-grained token {token.masked} from {where.en} may not read gated "
                    f"repositories, and {facts.goal.model} is one",
                    f"来自{amid(where)}的细粒度 Token {token.masked} 没有读取门控仓库的权限，"
                    f"而 {facts.goal.model} 正是门控仓库",
                ),
                evidence=(
                    Text(
                        "whoami: canReadGatedRepos is false", "whoami：canReadGatedRepos 为 false"
                    ),
                ),
                span=span_of(token.origin, facts),
                fix=Fix(
                    Text(
                        f"At {page} edit this token and tick “Read access to contents of all public "
                        "gated repos you can access”",
                        f"在 {page} 编辑该 Token，勾选 “Read access to contents of all public gated "
                        "repos you can access”",
                    ),
                    Applicability.MANUAL,
                    url=page,
                ),
                source=source.name,
            )
        elif identity.role == "write" and facts.goal.kind != "push":
            yield Finding(
                "TOK306",
                Severity.INFO,
                Text(
                    f"the token {token.masked} from {where.en} may write; a Read token is enough here",
                    f"来自{amid(where)}的 Token {token.masked} 有写权限；这里用 Read 权限就够了",
                ),
                span=span_of(token.origin, facts),
                fix=Fix(
                    Text(f"Make a Read token at {page}", f"在 {page} 创建一个 Read 权限的 Token"),
                    Applicability.MANUAL,
                    url=page,
                ),
                source=source.name,
            )


RULE = Rule(
    "TOK306",
    "token-role",
    Severity.ERROR,
    Text("The token's permissions do not fit", "Token 的权限不合适"),
    Page(
        what=prose(
            """
            The token is valid, but its permissions are not the ones needed. Either it is fine-grained without
            the permission to read gated repositories (an error when the model is gated), or it may write
            although nothing is going to be uploaded (a note).
            """,
            """
            Token 有效，但权限不合适：要么是细粒度 Token，却没有读取门控仓库的权限（模型是门控模型时为错误）；
            要么带有写权限，而这里并不需要上传（仅作提示）。
            """,
        ),
        why=prose(
            """
            With such a fine-grained token the hub answers 403 even to an account that has accepted the
            licence. The Python client reports it as `LocalEntryNotFoundError … check your connection`, and
            transformers says that it could not connect to huggingface.co. Nothing is wrong with the
            connection.

            A token that may write can delete your repositories when it leaks. Reading needs no such thing.
            """,
            """
            用这样的细粒度 Token，即使账号已经同意了许可协议，平台也会返回 403。Python 客户端把它报成
            `LocalEntryNotFoundError … check your connection`，transformers 则说连不上 huggingface.co。其实网
            络没有任何问题。

            有写权限的 Token 一旦泄露，别人就能删掉你的仓库；只下载时用不着它。
            """,
        ),
        detect=prose(
            """
            `whoami-v2` tells the role and, for a fine-grained token, `canReadGatedRepos`. The error is raised
            only when a file of the model was really refused.
            """,
            """
            `whoami-v2` 会给出 Token 的角色；细粒度 Token 还会给出 `canReadGatedRepos`。只有模型文件确实被拒绝
            时才会报错。
            """,
        ),
        mend=prose(
            """
            Open https://huggingface.co/settings/tokens, edit the token, and under "Repositories" tick

            ```
            Read access to contents of all public gated repos you can access
            ```

            The token itself stays the same, so `.env` need not change. Or make a new token of type "Read": it
            can read every gated model that the account has been given access to.
            """,
            """
            打开 https://huggingface.co/settings/tokens ，编辑该 Token，在 "Repositories" 下勾选

            ```
            Read access to contents of all public gated repos you can access
            ```

            Token 本身不变，所以不用改 `.env`。也可以新建一个 "Read" 类型的 Token：账号有权访问的门控模型它都
            能读取。
            """,
        ),
        verify=VERIFY,
        sources=(
            TOKEN_DOCS,
            "https://github.com/Stability-AI/generative-models/issues/215",
            "https://huggingface.co/docs/hub/models-gated",
        ),
    ),
    needs=("tokens", "identity", "gate", "envfile"),
    judge=_judge,
)
