"""HUB223: a hub's answer makes no sense; raised by core wherever an answer is read."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    code="HUB223",
    name="nonsense-answer",
    severity=Severity.ERROR,
    title=Text("The hub's answer makes no sense", "下载源的响应无法理解"),
    page=Page(
        what=prose(
            """
            The hub answered, and the answer is not what it should be: broken JSON, a listing without sizes
            or hashes, a file name that leads out of its folder, far more bytes than such an answer has, or
            redirects without an end.
            """,
            """
            下载源有响应，但内容不对：JSON 损坏、文件列表缺少大小或哈希、文件名指向目录之外、
            响应体大得离谱，或者跳转没完没了。
            """,
        ),
        why=prose(
            """
            Whoever answered is not the hub that it should be, or something on the way changed the answer.
            qtune takes nothing from such an answer: a listing that is wrong once would put wrong files under
            the right names.
            """,
            """
            应答者不是应有的下载源，或者途中有设备改动了响应。qtune 不会采用其中的任何内容：
            错误的列表会把错误的文件安到正确的名字上。
            """,
        ),
        detect=prose(
            """
            Every answer is checked for form and size before it is used. This code comes as the error of a
            command or of a check; it is not a check of its own.
            """,
            """
            每个响应在使用前都会检查格式和大小。这个代码以命令或检查报错的形式出现，不是单独的检查项。
            """,
        ),
        mend=prose(
            """
            - A mirror or a hub of your own is set: remove `HF_ENDPOINT` or `MODELSCOPE_ENDPOINT` and try
              the hub's own address.
            - A proxy rewrites answers: try without it, `NO_PROXY=huggingface.co`.
            - Otherwise use the other hub, and try again later.
            """,
            """
            - 设置了镜像或自建 hub：删除 `HF_ENDPOINT` 或 `MODELSCOPE_ENDPOINT`，改用官方地址再试。
            - 代理改写了响应：试试不经代理，`NO_PROXY=huggingface.co`。
            - 其他情况：换另一个下载源，或稍后再试。
            """,
        ),
        verify=prose(
            """
            The first command should show JSON that begins with the model's id:

            ```bash
            curl -s https://huggingface.co/api/models/Qwen/Qwen3-4B | head -c 300
            qtune doctor -v
            ```
            """,
            """
            第一条命令应当显示以模型 id 开头的 JSON：

            ```bash
            curl -s https://huggingface.co/api/models/Qwen/Qwen3-4B | head -c 300
            qtune doctor -v
            ```
            """,
        ),
        sources=("https://github.com/huggingface/huggingface_hub/issues/4637",),
    ),
)
