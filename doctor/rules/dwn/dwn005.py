"""DWN005: no file matches. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "DWN005",
    DWN["DWN005"][0],
    Severity.ERROR,
    Text("No file matches", "没有符合条件的文件"),
    Page(
        what=prose(
            """
            Nothing is left to download. Either `--include` and `--exclude` leave no file; or the model would
            come from a hub whose owner of that name nobody vouches for, and the repository holds only files
            that could run code (`.bin`, `.pt`, `.py`).
            """,
            """
            没有可下载的文件。要么 `--include` 和 `--exclude` 排除了所有文件；要么模型来自一个发布者身份未经确
            认的平台，而仓库里只有可能执行代码的文件（`.bin`、`.pt`、`.py`）。
            """,
        ),
        why=prose(
            """
            Going on would leave you with an empty folder. Weights as `.bin` or `.pt` are pickles: loading one
            can run code, so they are taken only from a hub that you chose yourself.
            """,
            """
            继续下去只会得到一个空文件夹。`.bin`、`.pt` 格式的权重是 pickle，加载时可能执行任意代码，因此只从
            你自己选定的平台下载。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Patterns are matched against whole paths; `*` matches slashes too, and `folder/` means all below
            it. Quote them, or the shell fills them in:

            ```bash
            qtune download Qwen/Qwen3-4B --include '*.safetensors' --include '*.json'
            ```

            If you trust the publisher on that hub, choose it, for example `QTUNE_SOURCES=modelscope`.
            """,
            """
            通配符按完整路径匹配，`*` 也匹配斜杠，`folder/` 表示其下的所有文件。请加引号，否则会被 shell 展
            开：

            ```bash
            qtune download Qwen/Qwen3-4B --include '*.safetensors' --include '*.json'
            ```

            如果信任该平台上的发布者，请明确选择它，例如 `QTUNE_SOURCES=modelscope`。
            """,
        ),
        verify=VERIFY,
    ),
)
