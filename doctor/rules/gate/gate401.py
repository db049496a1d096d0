"""GATE401: the model is gated, and nobody has logged in."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SettingFact, SourceFact, TokenFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import ACCEPT, GATED_DOCS, OPEN_MODELS, REAL_FILE, VERIFY
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import (
    counting,
    kept_back,
    key_of,
    misshapen,
    token_page,
    tokens_for,
    trusted,
    unread,
    weak_ca,
)
from qtune.doctor.rules.tok.words import GET_A_TOKEN, TOKEN_DOCS
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.GATED_NO_TOKEN):
        held = _held_back(source, facts)
        hub, model = source.title, facts.goal.model
        token = counting(source, facts)
        yield Finding(
            "GATE401",
            Severity.ERROR,
            Text(
                f"{model} is gated on {hub}, and no token was sent{held.en}",
                f"{model} 在 {hub} 上是门控模型，而请求没有带 Token{held.zh}",
            ),
            evidence=evidence(source, gate, facts),
            because=_because(source, facts),
            span=span_of(token.origin, facts) if token is not None else None,
            fix=_fix(source, facts),
            url=model_page(source, facts),
            source=source.name,
        )


def _held_back(source: SourceFact, facts: Facts) -> Text:
    """Why a token that is there was not sent."""
    token, tokens = counting(source, facts), tokens_for(source, facts)
    if token is None or tokens is None:
        return Text("", "")
    where = token.origin.describe()
    reason = Text(f"it may not go to {source.endpoint}", f"它不能发往 {source.endpoint}")
    ca = weak_ca(token, source, facts)
    if ca is not None:
        place = ca.origin.describe()
        reason = Text(
            f"SSL_CERT_FILE ({place.en}) is named in a place that is trusted less",
            f"SSL_CERT_FILE（{place.zh}）所在之处的可信度低于它",
        )
    if tokens.disabled:
        reason = Text("HF_HUB_DISABLE_IMPLICIT_TOKEN is on", "HF_HUB_DISABLE_IMPLICIT_TOKEN 已开启")
    elif token.shape != "ok":
        reason = Text("it cannot be one", "它不是可用的 Token")
    return Text(
        f": there is one in {where.en}, but {reason.en}",
        f"：{amid(where).lstrip()}中有一个，但{reason.zh}",
    )


def _because(source: SourceFact, facts: Facts) -> str | None:
    if unread(source, facts) is not None:
        return "TOK305"
    if kept_back(source, facts):
        return "TOK311"
    token, tokens = counting(source, facts), tokens_for(source, facts)
    if token is None or tokens is None or tokens.disabled or tokens.may_go:
        return None
    return misshapen(token) or "HUB204"


def _fix(source: SourceFact, facts: Facts) -> Fix:
    if kept_back(source, facts):
        return Fix(
            Text("Let the token be sent", "允许发送 Token"),
            Applicability.UNSAFE,
            patch=EnvPatch({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "False"}),
        )
    if not trusted(source, facts):
        return _official(source, facts)
    token = counting(source, facts)
    if token is not None and (ca := weak_ca(token, source, facts)) is not None:
        return _name_ca_there(token, ca)
    page, tokens_page, key = model_page(source, facts), token_page(source, facts), key_of(source)
    return Fix(
        Text(
            f"Accept the licence at {page}, make a Read token at {tokens_page}, and write it into "
            f".env: {key}=hf_…",
            f"在 {page} 同意许可协议，在 {tokens_page} 创建 Read 权限的 Token，再写入 .env：{key}=hf_…",
        ),
        Applicability.MANUAL,
        url=page,
    )


def _name_ca_there(token: TokenFact, ca: SettingFact) -> Fix:
    """Whoever names the CA could read the token; so it must stand where the token does."""
    held = token.origin.describe()
    return Fix(
        Text(
            f"If you trust {ca.value}, name it where the token is ({held.en}); else remove the line",
            f"如果信任 {ca.value}，请在 Token 所在之处（{held.zh}）设置它；否则删除这一行",
        ),
        Applicability.MANUAL,
        command=f"export SSL_CERT_FILE={shlex.quote(ca.value)}"
        if token.origin.level >= Level.ENVIRON
        else "",
    )


def _official(source: SourceFact, facts: Facts) -> Fix:
    """A mirror has no accounts and gets no token: gated files come from the official hub."""
    title = Text(
        f"Download gated models from the official hub: {source.endpoint} gets no token",
        f"门控模型请从官方平台下载：{source.endpoint} 不会收到 Token",
    )
    endpoint = facts.setting("HF_ENDPOINT")
    if source.kind == "mirror" or endpoint.origin.level is Level.DEFAULT:
        return Fix(title, Applicability.MANUAL, url=model_page(source, facts))
    return Fix(title, Applicability.UNSAFE, patch=EnvPatch(unset=frozenset({"HF_ENDPOINT"})))


RULE = Rule(
    "GATE401",
    "gated-without-token",
    Severity.ERROR,
    Text("The model is gated, and no token was sent", "门控模型，而请求没有带 Token"),
    Page(
        what=prose(
            """
            The model exists, but its files are only for accounts that have accepted its licence. The request
            came without a token, so the hub cannot know who is asking. Meta's LLaMA models are the best known
            of this kind.
            """,
            """
            模型存在，但只有同意了许可协议的账号才能下载文件。请求没有带 Token，平台无从知道是谁在下载。最常见
            的例子是 Meta 的 LLaMA 系列。
            """,
        ),
        why=prose(
            """
            Every download ends with

            ```
            HTTPError: 401 Client Error: Unauthorized for url
            Access to model meta-llama/Llama-2-7b-hf is restricted.
            ```
            """,
            """
            任何下载都会以此告终：

            ```
            HTTPError: 401 Client Error: Unauthorized for url
            Access to model meta-llama/Llama-2-7b-hf is restricted.
            ```
            """,
        ),
        detect=REAL_FILE,
        mend=joined(
            prose("First ask for access:", "首先申请访问权限："),
            ACCEPT,
            GET_A_TOKEN,
            prose(
                """
                The token goes to the official hub only. Behind a mirror (`HF_ENDPOINT=https://hf-mirror.com`)
                gated models cannot be had safely: remove that line for them. A company's own hub belongs into
                `QTUNE_TRUSTED_HOSTS`.

                A model gated on Hugging Face may be on ModelScope under another owner, with the licence
                accepted there.
                """,
                """
                Token 只会发往官方平台。通过镜像（`HF_ENDPOINT=https://hf-mirror.com`）无法安全地下载门控模
                型：请为此删除该行。公司内部的 hub 请写入 `QTUNE_TRUSTED_HOSTS`。

                Hugging Face 上的门控模型，在 ModelScope 上可能以另一个所有者名发布，在那边同意协议即可。
                """,
            ),
            OPEN_MODELS,
        ),
        verify=VERIFY,
        sources=(GATED_DOCS, TOKEN_DOCS),
    ),
    needs=("gate", "tokens", "envfile", "dotenvs"),
    judge=_judge,
)
