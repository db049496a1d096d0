"""TOK303: Hugging Face does not accept the token."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact, TokenFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import (
    counting,
    hubs,
    misshapen,
    needs_no_token,
    severity,
    token_page,
    tokens_for,
    turned_down,
    without,
)
from qtune.doctor.rules.tok.words import (
    GET_A_TOKEN,
    MASKED,
    OR_MODELSCOPE,
    TAKE_AWAY,
    TOKEN_DOCS,
    VERIFY,
    WHICH_COUNTS,
)
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        token, words = counting(source, facts), turned_down(source, facts)
        if source.kind == "modelscope" or token is None or words is None:
            continue
        where = token.origin.describe()
        yield Finding(
            "TOK303",
            severity(source, facts),
            Text(
                f"Hugging Face does not accept the token {token.masked} from {where.en}: "
                "invalid, expired or revoked",
                f"Hugging Face 不接受来自{amid(where)}的 Token {token.masked}：无效、已过期或已被撤销",
            ),
            evidence=tuple(_evidence(token, words, source, facts)),
            because=misshapen(token),
            span=span_of(token.origin, facts),
            fix=_fix(token, source, facts),
            url=token_page(source, facts),
            source=source.name,
        )


def _evidence(token: TokenFact, words: str, source: SourceFact, facts: Facts) -> Iterable[Text]:
    if words:
        yield Text(f'the hub says: "{words}"', f"平台的原话：“{words}”")
    tokens = tokens_for(source, facts)
    other = next(
        (one for one in (tokens.found if tokens else ()) if one.fingerprint != token.fingerprint),
        None,
    )
    if other is not None:
        where = other.origin.describe()
        yield Text(
            f"another token, {other.masked} from {where.en}, counts once this one is gone",
            f"去掉它之后，来自{amid(where)}的另一个 Token {other.masked} 就会生效",
        )


def _fix(token: TokenFact, source: SourceFact, facts: Facts) -> Fix:
    page = token_page(source, facts)
    if needs_no_token(facts):
        title = Text(
            f"Remove this token: {facts.goal.model} is public and needs none",
            f"删除这个 Token：{facts.goal.model} 是公开模型，不需要 Token",
        )
        return without(token, source, title, Applicability.UNSAFE, page)
    return Fix(
        Text(
            f"Replace it by a new one from {page}; if {facts.goal.model} is public, removing it is enough",
            f"在 {page} 新建一个并替换；如果 {facts.goal.model} 是公开模型，删除即可",
        ),
        Applicability.MANUAL,
        url=page,
    )


RULE = Rule(
    "TOK303",
    "token-not-accepted",
    Severity.ERROR,
    Text("Hugging Face does not accept the token", "Hugging Face 不接受这个 Token"),
    Page(
        what=prose(
            """
            Hugging Face answered 401 to the token itself: it was mistyped, has expired, or was revoked. The
            finding names the place the token came from, down to the line of `.env`.
            """,
            """
            Hugging Face 对这个 Token 本身返回了 401：可能抄错了、已过期，或已被撤销。报告会指出它来自哪里，精
            确到 `.env` 的行号。
            """,
        ),
        why=prose(
            """
            A bad token breaks public models too. You see

            ```
            HTTPError: 401 Client Error: Unauthorized for url
            Invalid credentials in Authorization header
            ```

            on a model that anybody may download, because the hub checks the token before it looks at the
            model. A stale `HF_TOKEN` in the environment or in `.env` also hides a fresh `hf auth login`,
            which is why the login succeeds and the download still fails.
            """,
            """
            错误的 Token 会让公开模型也无法下载。明明是任何人都能下载的模型，却会看到

            ```
            HTTPError: 401 Client Error: Unauthorized for url
            Invalid credentials in Authorization header
            ```

            因为平台会先检查 Token，再看模型。环境变量或 `.env` 里过时的 `HF_TOKEN` 还会盖住刚刚完成的
            `hf auth login`，所以会出现“登录成功、下载仍然失败”的情况。
            """,
        ),
        detect=joined(
            prose(
                """
                `GET /api/whoami-v2` with the token answers 401, or a file of the model is refused with
                "Invalid credentials". A timeout, a rate limit or a server error is never called an invalid
                token.
                """,
                """
                带着 Token 请求 `GET /api/whoami-v2` 得到 401，或访问模型文件时被以 “Invalid credentials”拒
                绝。超时、限流和服务器错误都不会被说成 Token 无效。
                """,
            ),
            MASKED,
        ),
        mend=joined(
            prose(
                "For a public model, remove the token. `qtune doctor --fix --unsafe-fixes` does it in `.env`.",
                "如果是公开模型，删除该 Token 即可；`qtune doctor --fix --unsafe-fixes` 会在 `.env` 中代劳。",
            ),
            TAKE_AWAY,
            WHICH_COUNTS,
            prose(
                "For a gated or private model you need a good one.",
                "门控或私有模型则需要一个有效的 Token。",
            ),
            GET_A_TOKEN,
            OR_MODELSCOPE,
        ),
        verify=VERIFY,
        sources=(
            TOKEN_DOCS,
            "https://github.com/huggingface/huggingface_hub/issues/2847",
            "https://github.com/huggingface/huggingface_hub/issues/2586",
            "https://github.com/huggingface/huggingface_hub/issues/2765",
        ),
    ),
    needs=("tokens", "identity", "gate", "envfile"),
    judge=_judge,
)
