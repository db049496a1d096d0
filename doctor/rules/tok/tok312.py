"""TOK312: ModelScope does not accept the token."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import (
    counting,
    hubs,
    misshapen,
    severity,
    token_page,
    turned_down,
    without,
)
from qtune.doctor.rules.tok.words import MASKED, VERIFY
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        token, words = counting(source, facts), turned_down(source, facts)
        if source.kind != "modelscope" or token is None or words is None:
            continue
        where, page = token.origin.describe(), token_page(source, facts)
        title = Text(
            f"Remove this token: public models need none; for a private one make a new token at {page}",
            f"删除这个 Token：公开模型不需要；私有模型请在 {page} 新建一个",
        )
        yield Finding(
            "TOK312",
            severity(source, facts),
            Text(
                f"ModelScope does not accept the token {token.masked} from {where.en}",
                f"ModelScope 不接受来自{amid(where)}的 Token {token.masked}",
            ),
            evidence=(Text(f'the hub says: "{words}"', f"平台的原话：“{words}”"),) if words else (),
            because=misshapen(token),
            span=span_of(token.origin, facts),
            fix=without(token, source, title, Applicability.UNSAFE, page),
            url=page,
            source=source.name,
        )


RULE = Rule(
    "TOK312",
    "modelscope-token-not-accepted",
    Severity.ERROR,
    Text("ModelScope does not accept the token", "ModelScope 不接受这个 Token"),
    Page(
        what=prose(
            "ModelScope says that the token in `MODELSCOPE_API_TOKEN` is not valid.",
            "ModelScope 表示 `MODELSCOPE_API_TOKEN` 里的 Token 无效。",
        ),
        why=prose(
            """
            Private models cannot be read with it. Public models, all Qwen models among them, need no token on
            ModelScope at all. A frequent cause: accounts of modelscope.cn and modelscope.ai are separate, and
            a token of one is unknown to the other.
            """,
            """
            用它无法读取私有模型。ModelScope 上的公开模型（包括所有 Qwen 模型）根本不需要 Token。常见原因：
            modelscope.cn 与 modelscope.ai 的账号互不相通，一边的 Token 在另一边无效。
            """,
        ),
        detect=joined(
            prose(
                """
                `GET /openapi/v1/users/me` with the token is refused. It is a warning where the model's files
                can be read all the same, and an error where not.
                """,
                """
                带着 Token 请求 `GET /openapi/v1/users/me` 被拒绝。如果模型文件仍能读取，则只是警告，否则为错
                误。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            For public models delete the line in `.env`:

            ```
            MODELSCOPE_API_TOKEN=
            ```

            For a private model make a token at https://modelscope.cn/my/myaccesstoken (with an account of
            modelscope.ai: https://www.modelscope.ai/my/myaccesstoken, and set
            `MODELSCOPE_ENDPOINT=https://www.modelscope.ai`).
            """,
            """
            如果是公开模型，清空 `.env` 中的这一行：

            ```
            MODELSCOPE_API_TOKEN=
            ```

            如果是私有模型，请在 https://modelscope.cn/my/myaccesstoken 新建 Token（modelscope.ai 的账号则用
            https://www.modelscope.ai/my/myaccesstoken ，并设置
            `MODELSCOPE_ENDPOINT=https://www.modelscope.ai`）。
            """,
        ),
        verify=VERIFY,
        sources=("https://modelscope.cn/docs/models/download",),
    ),
    needs=("tokens", "identity", "gate", "envfile"),
    judge=_judge,
)
