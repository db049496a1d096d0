"""TOK301: what stands in the place of a token is none of this hub's."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact, TokenFact, TokenShape, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import glued, span_of
from qtune.doctor.rules.tok.held import (
    accepted,
    called,
    counting,
    hubs,
    key_of,
    needs_no_token,
    severity,
    token_page,
    turned_down,
    without,
)
from qtune.doctor.rules.tok.words import GET_A_TOKEN, MASKED, TAKE_AWAY, TOKEN_DOCS, VERIFY
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        token = counting(source, facts)
        if token is None or accepted(source, facts):
            continue
        wrong = _wrong(token.shape, source)
        if wrong is None:
            continue
        # An odd shape alone proves nothing: hubs have changed theirs before.
        guessed = token.shape == "malformed" and turned_down(source, facts) is None
        name = called(token, source)
        yield Finding(
            "TOK301",
            Severity.WARNING if guessed else severity(source, facts),
            Text(f"{name.en} is {wrong.en}", f"{name.zh}{wrong.zh}"),
            because="ENV810" if _unfilled(token, facts) else glued(token.origin, facts),
            span=span_of(token.origin, facts),
            fix=None if glued(token.origin, facts) else _fix(token, source, facts),
            source=source.name,
        )


def _wrong(shape: TokenShape, source: SourceFact) -> Text | None:
    other = "ModelScope" if source.kind == "huggingface" else "Hugging Face"
    begins = "hf_" if source.kind == "huggingface" else "ms-"
    if shape == "placeholder":
        return Text(
            "a placeholder out of an example, not a token", "是示例里的占位符，不是真正的 Token"
        )
    if shape == "other_hub":
        return Text(f"a token of {other}", f"是 {other} 的 Token")
    if shape == "malformed":
        return Text(
            f"not shaped like a token of {source.title} (those begin with {begins})",
            f"不像 {source.title} 的 Token（正确的以 {begins} 开头）",
        )
    return None


def _unfilled(token: TokenFact, facts: Facts) -> bool:
    envfile = known(facts.envfile)
    return envfile is not None and any(
        entry.unexpanded
        and entry.line == token.origin.line
        and envfile.path == str(token.origin.path)
        for entry in envfile.entries
    )


def _fix(token: TokenFact, source: SourceFact, facts: Facts) -> Fix:
    page, key = token_page(source, facts), key_of(source)
    if token.shape == "placeholder":
        title = Text(
            f"Remove the placeholder: without a {key}, access is anonymous",
            f"删除占位符：没有 {key} 时就是匿名访问",
        )
        return without(token, source, title, Applicability.SAFE, page)
    if needs_no_token(facts):
        title = Text(
            f"Remove it: {facts.goal.model} is public and needs no token",
            f"删除它：{facts.goal.model} 是公开模型，不需要 Token",
        )
        return without(token, source, title, Applicability.UNSAFE, page)
    return Fix(
        Text(f"Put a token from {page} there", f"换成在 {page} 获取的 Token"),
        Applicability.MANUAL,
        url=page,
    )


RULE = Rule(
    "TOK301",
    "token-malformed",
    Severity.ERROR,
    Text("This is not a token of that hub", "这不是该平台的 Token"),
    Page(
        what=prose(
            """
            The value in `HF_TOKEN` (or `MODELSCOPE_API_TOKEN`) cannot be a token of that hub: a placeholder
            copied from an example (`hf_xxxxxxxx`, `hf_your_actual_token_here`, `<token>`), a token of the
            other hub, or some other text.
            """,
            """
            `HF_TOKEN`（或 `MODELSCOPE_API_TOKEN`）里的值不可能是该平台的 Token：可能是从示例里抄来的占位符
            （`hf_xxxxxxxx`、`hf_your_actual_token_here`、`<token>`）、另一个平台的 Token，或别的文字。
            """,
        ),
        why=prose(
            """
            A bad token is worse than none. The hub answers 401 to every request that carries one, for public
            models as well: `401 Client Error: Unauthorized for url` on a model that needs no login.
            """,
            """
            错误的 Token 比没有更糟。只要请求带着它，平台一律返回 401，公开模型也不例外：明明不需要登录的模型
            也会报 `401 Client Error: Unauthorized for url`。
            """,
        ),
        detect=joined(
            prose(
                """
                By its shape: Hugging Face's tokens are `hf_` and letters and digits (`hf_oauth_…` and
                `hf_jwt_…` exist too), ModelScope's are `ms-…` or a UUID. The shape is a rule of thumb, so a
                token that the hub accepts is never called malformed.
                """,
                """
                根据形状判断：Hugging Face 的 Token 是 `hf_` 加字母和数字（也有 `hf_oauth_…`、`hf_jwt_…`），
                ModelScope 的是 `ms-…` 或 UUID。形状只是经验规则，所以只要平台接受，就绝不会报这一条。
                """,
            ),
            MASKED,
        ),
        mend=joined(
            prose(
                """
                If the model is public (all Qwen models are), just remove the line. `qtune doctor --fix`
                removes a placeholder.
                """,
                "如果模型是公开的（Qwen 系列都是），直接删除这一行即可。`qtune doctor --fix` 会删除占位符。",
            ),
            TAKE_AWAY,
            GET_A_TOKEN,
        ),
        verify=VERIFY,
        sources=(TOKEN_DOCS, "https://github.com/huggingface/huggingface_hub/issues/2847"),
    ),
    needs=("tokens", "identity", "gate", "envfile"),
    judge=_judge,
)
