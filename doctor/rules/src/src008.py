"""SRC008: a token stands in source code, or in what a notebook saved."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import CodeToken, Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.words import span
from qtune.doctor.rules.tok.words import MASKED, TOKEN_DOCS
from qtune.doctor.rules.words import joined, prose

_MOST = 20
_PAGES = {
    "huggingface": "https://huggingface.co/settings/tokens",
    "modelscope": "https://modelscope.cn/my/myaccesstoken",
}
_KEYS = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    for token in source.tokens[:_MOST] if source is not None else ():
        assert source is not None
        yield Finding(
            "SRC008",
            Severity.WARNING,
            _message(token),
            span=span(source, token.spot),
            fix=_fix(token),
            url=_PAGES[token.hub],
        )


def _message(token: CodeToken) -> Text:
    if token.kept == "output":
        return Text(
            f"a saved output of this notebook shows what looks like a token ({token.masked})",
            f"本 notebook 保存的输出里有疑似 Token 的内容（{token.masked}）",
        )
    return Text(
        f"what looks like a token stands here ({token.masked}), and goes wherever the file goes",
        f"这里有疑似 Token 的内容（{token.masked}），文件到哪里，它就到哪里",
    )


def _fix(token: CodeToken) -> Fix:
    page, key = _PAGES[token.hub], _KEYS[token.hub]
    if token.kept == "output":
        title = Text(
            "Clear the outputs; if the notebook was shared, revoke the token",
            "清除输出；如果 notebook 已分享过，请撤销该 Token",
        )
    else:
        title = Text(
            f"Put it into .env as {key}, which is read by itself; if the file was shared, revoke the token",
            f"把它以 {key} 写入 .env（会自动读取）；如果文件已分享过，请撤销该 Token",
        )
    return Fix(title, Applicability.MANUAL, url=page)


RULE = Rule(
    code="SRC008",
    name="token-in-source",
    severity=Severity.WARNING,
    title=Text("A token stands in the code", "代码中写有 Token"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            A Python file or a notebook holds a token of Hugging Face (`hf_…`) or of ModelScope (`ms-…`): in
            `login("hf_…")`, as `token=`, in a variable, in a comment, or in the output that a notebook saved.
            """,
            """
            Python 文件或 notebook 中含有 Hugging Face（`hf_…`）或 ModelScope（`ms-…`）的 Token：写在
            `login("hf_…")`、`token=`、变量、注释里，或在 notebook 保存的输出里。
            """,
        ),
        why=prose(
            """
            Code is shared: by git, by mail, as a screenshot, with an assistant. Whoever reads the token can act
            as you. TOK310 tells of the same in files that git already keeps.
            """,
            """
            代码会被分享：通过 git、邮件、截图，或交给 AI 助手。看到 Token 的人就能以你的身份操作。
            已被 git 管理的文件由 TOK310 说明。
            """,
        ),
        detect=joined(
            prose(
                """
                The shape decides, which is a rule of thumb: `hf_` and at least 30 letters of which 12 differ, or
                `ms-` and a UUID, without words such as "example". An example that looks too real is found too.
                """,
                """
                靠形状判断，属于经验规则：`hf_` 加至少 30 个字母（其中 12 个互不相同），或 `ms-` 加 UUID，
                且不含 "example" 之类的词。过于逼真的示例也会被报告。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            Put it into `.env`, which git must ignore, and leave it out of the code: every library reads
            `HF_TOKEN` from the environment, and `qtune exec` brings it there.

            ```bash
            qtune login hf
            qtune exec -- python train.py
            ```

            Of a notebook, clear the outputs before it is saved or sent:

            ```bash
            jupyter nbconvert --clear-output --inplace notebook.ipynb
            ```
            """,
            """
            写入 `.env`（git 必须忽略该文件），不要写进代码：各个库都会从环境变量读取 `HF_TOKEN`，
            `qtune exec` 会把它放进环境。

            ```bash
            qtune login hf
            qtune exec -- python train.py
            ```

            notebook 请在保存或发送之前清除输出：

            ```bash
            jupyter nbconvert --clear-output --inplace notebook.ipynb
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune check train.py
            ```

            A token that was shared is only safe once it is revoked on the hub's page.
            """,
            """
            ```bash
            qtune check train.py
            ```

            已经泄露的 Token，只有在平台页面上撤销之后才安全。
            """,
        ),
        sources=(TOKEN_DOCS,),
    ),
)
