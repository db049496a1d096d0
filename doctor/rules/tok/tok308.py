"""TOK308: something is to be uploaded, and no token at hand may write."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import Identity
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact, TokenFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.hub.serving import serving
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import (
    WRITES,
    counting,
    key_of,
    misshapen,
    token_page,
    tokens_for,
    turned_down,
    unread,
)
from qtune.doctor.rules.tok.words import MASKED, TOKEN_DOCS
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    source = serving(facts) if facts.goal.kind == "push" else None
    tokens = tokens_for(source, facts) if source is not None else None
    if source is None or source.kind == "mirror" or tokens is None:
        return
    token = counting(source, facts)
    if token is None:
        yield _none(source, facts)
    elif tokens.disabled:
        yield _kept_back(source, token, facts)
    else:
        identity = known(facts.identity.get(source.name))
        valid = identity is not None and turned_down(source, facts) is None
        if identity is not None and valid and source.kind == "huggingface":
            yield from _narrow(source, token, identity, facts)


def _none(source: SourceFact, facts: Facts) -> Finding:
    key, page, hub = key_of(source), token_page(source, facts), source.title
    return Finding(
        "TOK308",
        Severity.ERROR,
        Text(
            f"uploading to {hub} needs a token, and there is none",
            f"上传到 {hub} 需要 Token，而现在没有",
        ),
        because="TOK305" if unread(source, facts) is not None else None,
        fix=_fix(source, page, f"{key}=…"),
        url=page,
        source=source.name,
    )


def _kept_back(source: SourceFact, token: TokenFact, facts: Facts) -> Finding:
    where = token.origin.describe()
    return Finding(
        "TOK308",
        Severity.ERROR,
        Text(
            f"uploading to {source.title} needs the token from {where.en}, and "
            "HF_HUB_DISABLE_IMPLICIT_TOKEN keeps it from being sent",
            f"上传到 {source.title} 需要来自{amid(where)}的 Token，"
            "而 HF_HUB_DISABLE_IMPLICIT_TOKEN 禁止发送它",
        ),
        because="TOK311",
        source=source.name,
    )


def _narrow(
    source: SourceFact, token: TokenFact, identity: Identity, facts: Facts
) -> Iterable[Finding]:
    where, page = token.origin.describe(), token_page(source, facts)
    may = {permission for grant in identity.grants for permission in grant.permissions}
    if identity.role == "read":
        reason = Text("it is of the type “Read”", "它是 “Read” 类型")
    elif identity.role == "fineGrained" and not may & WRITES:
        reason = Text(
            "it is fine-grained, and none of its permissions is to write",
            "它是细粒度 Token，且没有任何写权限",
        )
    else:
        return
    yield Finding(
        "TOK308",
        Severity.ERROR,
        Text(
            f"the token {token.masked} from {where.en} may not upload: {reason.en}",
            f"来自{amid(where)}的 Token {token.masked} 不能上传：{reason.zh}",
        ),
        because=misshapen(token),
        span=span_of(token.origin, facts),
        fix=_fix(source, page, key_of(source)),
        url=page,
        source=source.name,
    )


def _fix(source: SourceFact, page: str, written: str) -> Fix:
    if source.kind == "modelscope":
        title = Text(
            f"Make a token at {page} and write it into .env: {written}",
            f"在 {page} 创建 Token，写入 .env：{written}",
        )
    else:
        title = Text(
            f"Make a token of the type “Write” at {page}, or give a fine-grained one “Write access to "
            f"contents/settings of selected repos”, and put it into {written}",
            f"在 {page} 创建 “Write” 类型的 Token，或为细粒度 Token 勾选 “Write access to "
            f"contents/settings of selected repos”，并填入 {written}",
        )
    return Fix(title, Applicability.MANUAL, url=page)


RULE = Rule(
    code="TOK308",
    name="push-needs-write",
    severity=Severity.ERROR,
    title=Text("No token that may upload", "没有可用于上传的 Token"),
    needs=("tokens", "identity"),
    goals=frozenset({"push"}),
    judge=_judge,
    page=Page(
        what=prose(
            """
            The goal is an upload (`--for push`), and the token that would be sent may not write: there is none,
            it is kept back by a setting, it is of the type "Read", or it is fine-grained without a permission
            to write.
            """,
            """
            目标是上传（`--for push`），而将要发送的 Token 没有写权限：没有 Token、被设置禁止发送、
            是 "Read" 类型，或是没有写权限的细粒度 Token。
            """,
        ),
        why=prose(
            """
            An upload comes after the training. Found out then, it costs hours of waiting for nothing, and on a
            rented machine perhaps the result. The hub answers 403 "You don't have the rights to write".
            """,
            """
            上传发生在训练之后。到那时才发现，几小时的等待就落空了；在租用的机器上甚至可能丢失结果。
            此时平台会返回 403 "You don't have the rights to write"。
            """,
        ),
        detect=joined(
            prose(
                """
                Hugging Face's `whoami-v2` tells the token's type and permissions; nothing is uploaded, and no
                repository is made. Whether the account may write to the very repository is not asked: its name
                is not known yet. ModelScope tells no permissions, so there only a missing token is found.
                """,
                """
                Hugging Face 的 `whoami-v2` 会给出 Token 的类型和权限；不会上传任何内容，也不会创建仓库。
                账号能否写入具体的仓库不在检查之列，因为此时还不知道仓库名。
                ModelScope 不提供权限信息，因此只能发现缺少 Token。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            1. Open https://huggingface.co/settings/tokens and click "New token".
            2. Choose "Write"; or "Fine-grained", and tick "Write access to contents/settings of selected
               repos" for your account or organisation.
            3. Put it into `.env`:

            ```
            HF_TOKEN=hf_...
            ```

            For ModelScope copy the token from https://modelscope.cn/my/myaccesstoken to `MODELSCOPE_API_TOKEN`.
            """,
            """
            1. 打开 https://huggingface.co/settings/tokens ，点击 "New token"。
            2. 选择 "Write"；或选择 "Fine-grained"，为你的账号或组织勾选
               "Write access to contents/settings of selected repos"。
            3. 写入 `.env`：

            ```
            HF_TOKEN=hf_...
            ```

            ModelScope 的 Token 请从 https://modelscope.cn/my/myaccesstoken 复制到 `MODELSCOPE_API_TOKEN`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --for push
            ```
            """,
            """
            ```bash
            qtune doctor --for push
            ```

            这条问题应当消失。
            """,
        ),
        sources=(TOKEN_DOCS, "https://huggingface.co/docs/huggingface_hub/guides/upload"),
    ),
)
