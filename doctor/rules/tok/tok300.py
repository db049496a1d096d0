"""TOK300: there is no token, and this repository may need one."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.tok.held import hubs, key_of, state, token_page, tokens_for, unread
from qtune.doctor.rules.tok.words import GET_A_TOKEN, OR_MODELSCOPE, TOKEN_DOCS, VERIFY
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        tokens, gate = tokens_for(source, facts), state(source, facts)
        wanted = gate in (AccessState.GATED_NO_TOKEN, AccessState.MISSING_OR_PRIVATE)
        if tokens is None or tokens.found or not wanted:
            continue
        if unread(source, facts) is not None:  # TOK305: there is one, in another place
            continue
        hub, key = source.title, key_of(source)
        file = source.kind == "huggingface"
        missing = "HUB221" if source.kind == "modelscope" else "GATE400"
        yield Finding(
            "TOK300",
            Severity.INFO,
            Text(
                f"there is no {hub} token: {key} is not set"
                + (", and `hf auth login` has left no file" if file else ""),
                f"没有 {hub} 的 Token：{key} 未设置"
                + ("，也没有 `hf auth login` 留下的文件" if file else ""),
            ),
            because="GATE401" if gate is AccessState.GATED_NO_TOKEN else missing,
            fix=Fix(
                Text(
                    f"Make a token at {token_page(source, facts)} and write {key}=… into .env",
                    f"在 {token_page(source, facts)} 创建 Token，并在 .env 中写入 {key}=…",
                ),
                Applicability.MANUAL,
                url=token_page(source, facts),
            ),
            source=source.name,
        )


RULE = Rule(
    "TOK300",
    "token-missing",
    Severity.INFO,
    Text("No token, where one may be needed", "没有 Token，而这里可能需要"),
    Page(
        what=prose(
            """
            No access token was found, and the repository you asked for is gated or private (or does not
            exist: the hub gives strangers the same answer).
            """,
            """
            没有找到 Token，而你要的仓库是门控或私有仓库（也可能根本不存在：对匿名用户，平台的回答是一样
            的）。
            """,
        ),
        why=prose(
            """
            A token is needed for three things only:

            - gated models, whose licence must be accepted first: Meta's LLaMA, Google's Gemma and others;
            - private models, your own or your team's;
            - higher limits than an anonymous address gets when downloading a lot.

            Public models need none. `token=None` is no error in transformers either: it means anonymous.
            """,
            """
            只有三种情况需要 Token：

            - 门控模型，需要先同意许可协议：Meta 的 LLaMA、Google 的 Gemma 等；
            - 私有模型，你自己的或团队的；
            - 高频下载时，想要比匿名用户更高的限额。

            公开模型不需要 Token。在 transformers 里 `token=None` 也不是错误，只表示匿名访问。
            """,
        ),
        detect=prose(
            """
            Nothing holds a token (option, environment, your config, `.env`, the file of `hf auth login`), and
            the hub refused a real file of the model. For a model that can be read without one, qtune says
            nothing.
            """,
            """
            所有位置（命令行选项、环境变量、用户配置、`.env`、`hf auth login` 的文件）都没有 Token，而且平台拒
            绝了对模型真实文件的访问。如果模型无需 Token 就能读取，qtune 不会提示。
            """,
        ),
        mend=joined(GET_A_TOKEN, OR_MODELSCOPE),
        verify=VERIFY,
        sources=(TOKEN_DOCS, "https://huggingface.co/docs/hub/models-gated"),
    ),
    needs=("tokens", "gate", "dotenvs"),
    judge=_judge,
)
