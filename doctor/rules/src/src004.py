"""SRC004: `use_auth_token=`, which the libraries no longer take."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import CodeCall, Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.words import READ_ONLY, edit, span
from qtune.doctor.rules.words import joined, prose

_PACKAGES = ("transformers", "datasets", "huggingface_hub", "diffusers", "sentence_transformers")


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    for call in source.calls if source is not None else ():
        assert source is not None
        argument = call.keyword("use_auth_token")
        package = call.function.partition(".")[0]
        if argument is None or package not in _PACKAGES or argument.keyword_spot is None:
            continue
        twice = call.keyword("token") is not None
        yield Finding(
            "SRC004",
            Severity.WARNING,
            Text(
                f"{_called(call)} takes no use_auth_token any more: the argument is called token",
                f"{_called(call)} 已不再接受 use_auth_token：该参数现在叫 token",
            ),
            span=span(source, argument.keyword_spot),
            fix=Fix(
                Text("Rename it to token", "改名为 token"),
                Applicability.MANUAL if twice else Applicability.SAFE,
                edits=() if twice else (edit(source, argument.keyword_spot, "token"),),
            ),
        )


def _called(call: CodeCall) -> str:
    return ".".join(call.function.split(".")[-2:])


RULE = Rule(
    code="SRC004",
    name="use-auth-token",
    severity=Severity.WARNING,
    title=Text("An argument that the libraries no longer take", "库已不再接受的参数"),
    judge=_judge,
    tag="deprecated",
    page=Page(
        what=prose(
            "A function of `transformers`, `datasets` or `huggingface_hub` is called with `use_auth_token=`.",
            "以 `use_auth_token=` 调用了 `transformers`、`datasets` 或 `huggingface_hub` 的函数。",
        ),
        why=prose(
            """
            The argument has been called `token` since 2023, and the old name is gone: huggingface_hub 1,
            datasets 3 and the models of transformers 5 end with a `TypeError`; the tokenizers and configs of
            transformers 5 pass it over and send no token, so that a gated model answers 401.
            """,
            """
            该参数自 2023 年起叫 `token`，旧名称已被移除：huggingface_hub 1、datasets 3 以及 transformers 5 的模型类
            会以 `TypeError` 结束；transformers 5 的 tokenizer 和 config 则会忽略它、不发送 Token，
            访问门控模型会得到 401。
            """,
        ),
        detect=joined(
            prose(
                "The keyword in calls of these packages, under whatever name they were imported.",
                "检查对这些库的调用中的该关键字，无论以什么名称导入。",
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            Rename the argument. Best is to leave it out, and to put the token into `.env` or the environment as
            `HF_TOKEN`: it is then sent by itself.

            ```python
            AutoModel.from_pretrained("meta-llama/Llama-3.1-8B", token=True)
            ```
            """,
            """
            给参数改名。更好的做法是去掉它，把 Token 以 `HF_TOKEN` 写入 `.env` 或环境变量：这样会自动发送。

            ```python
            AutoModel.from_pretrained("meta-llama/Llama-3.1-8B", token=True)
            ```
            """,
        ),
        verify=prose(
            """
            Nothing should be printed:

            ```bash
            grep -rn use_auth_token --include='*.py' .
            ```
            """,
            """
            不应输出任何内容：

            ```bash
            grep -rn use_auth_token --include='*.py' .
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/huggingface_hub/concepts/migration",),
    ),
)
