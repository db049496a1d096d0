"""HUB205: a mirror that serves nothing itself; raised by core.hub when it sends every request on."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    code="HUB205",
    name="mirror-capability",
    severity=Severity.ERROR,
    title=Text("The mirror serves nothing itself", "镜像自己不提供任何文件"),
    page=Page(
        what=prose(
            """
            The mirror in `HF_ENDPOINT` or `QTUNE_MIRRORS` answers a request for a file by sending it on to
            huggingface.co, without the marks (`X-Repo-Commit`) that a hub's answer carries.
            """,
            """
            `HF_ENDPOINT` 或 `QTUNE_MIRRORS` 中的镜像收到文件请求后，只是转到 huggingface.co，
            响应里也没有下载源应有的标记（`X-Repo-Commit`）。
            """,
        ),
        why=prose(
            """
            Going through such a mirror is no help where huggingface.co is blocked, and `huggingface_hub`
            reports it as "check your connection". hf-mirror.com was seen to do this in August 2026; what a
            mirror can do changes from month to month.
            """,
            """
            在 huggingface.co 被屏蔽的地方，这样的镜像毫无帮助，而 `huggingface_hub` 只会提示
            "check your connection"。2026 年 8 月有人观察到 hf-mirror.com 就是如此；
            镜像的能力随时可能变化。
            """,
        ),
        detect=prose(
            """
            This code comes as the error of a command or of a check, when the answer to a request for a real
            file is a redirect to the official hub. It is not a check of its own.
            """,
            """
            请求真实文件时，如果响应是跳转到官方站点，命令或检查就会以这个代码报错；它不是单独的检查项。
            """,
        ),
        mend=prose(
            """
            Take the mirror out, and use ModelScope or the official hub:

            ```
            USE_MODELSCOPE=True
            ```
            """,
            """
            去掉这个镜像，改用 ModelScope 或官方站点：

            ```
            USE_MODELSCOPE=True
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            curl -sI https://hf-mirror.com/Qwen/Qwen3-4B/resolve/main/config.json | grep -iE '^HTTP|location|x-repo-commit'
            ```

            A mirror that serves shows `x-repo-commit`.
            """,
            """
            ```bash
            curl -sI https://hf-mirror.com/Qwen/Qwen3-4B/resolve/main/config.json | grep -iE '^HTTP|location|x-repo-commit'
            ```

            能提供文件的镜像会显示 `x-repo-commit`。
            """,
        ),
        sources=(
            "https://github.com/huggingface/huggingface_hub/issues/4637",
            "https://github.com/padeoe/hf-mirror-site/issues/50",
        ),
    ),
)
