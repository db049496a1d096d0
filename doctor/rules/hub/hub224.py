"""HUB224: what stands for a model is no repository id; raised by core.hub before anything is asked."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    code="HUB224",
    name="repository-id",
    severity=Severity.ERROR,
    title=Text("The model's name is no repository id", "模型名不是有效的仓库 id"),
    page=Page(
        what=prose(
            """
            A model is named `owner/name`, as on its page: `Qwen/Qwen3-4B`. What was given cannot be such a
            name: it has quotes or spaces in it, is a whole web address, a path, or has too many slashes.
            """,
            """
            模型名的形式是 `owner/name`，与其页面一致：`Qwen/Qwen3-4B`。
            给出的内容不可能是模型名：含有引号或空格、是完整网址、是路径，或斜杠太多。
            """,
        ),
        why=prose(
            """
            Sent as it is, it comes back as "not found" or as a wrong-token error: ModelScope answers a
            quoted name with 404, and libraries make "Authentication token does not exist" of it. A local
            path with a typo ends the same way.
            """,
            """
            原样发送只会得到“找不到”或 Token 错误：名字带引号时 ModelScope 返回 404，
            各个库又把它变成 "Authentication token does not exist"。写错的本地路径也是同样的下场。
            """,
        ),
        detect=prose(
            """
            The name is checked before any request is made: one or two parts of letters, digits, `.`, `_` and
            `-`, without `..` or `--`.
            """,
            """
            在发送任何请求之前检查：由一到两段字母、数字、`.`、`_`、`-` 组成，不含 `..` 和 `--`。
            """,
        ),
        mend=prose(
            """
            ```
            DEFAULT_MODEL=Qwen/Qwen3-4B
            ```

            For a folder on this machine give its path with `./` or `/` in front, and check that it exists.
            """,
            """
            ```
            DEFAULT_MODEL=Qwen/Qwen3-4B
            ```

            本机上的文件夹请以 `./` 或 `/` 开头写出路径，并确认它存在。
            """,
        ),
        verify=prose(
            """
            The name is accepted when the doctor gets as far as asking a hub:

            ```bash
            qtune doctor Qwen/Qwen3-4B
            ```
            """,
            """
            诊断程序能走到询问下载源这一步，就说明名字有效：

            ```bash
            qtune doctor Qwen/Qwen3-4B
            ```
            """,
        ),
        sources=(
            "https://github.com/modelscope/modelscope/issues/568",
            "https://github.com/vllm-project/vllm/issues/2329",
        ),
    ),
)
