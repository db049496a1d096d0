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
            Nothing is left to download: `--include` and `--exclude` leave no file, or the repository holds no
            weights of a kind that qtune takes (safetensors).
            """,
            """
            没有可下载的文件：`--include` 和 `--exclude` 排除了所有文件，或仓库里没有 qtune 接受的权重格式
            （safetensors）。
            """,
        ),
        why=prose(
            """
            Going on would leave you with an empty folder. Weights as `.bin` or `.pt` are pickles: loading one
            can run code.
            """,
            """
            继续下去只会得到一个空文件夹。`.bin`、`.pt` 格式的权重是 pickle，加载时可能执行任意代码。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Patterns are matched against whole paths; `*` matches slashes too. Quote them, or the shell fills
            them in:

            ```bash
            qtune download Qwen/Qwen3-4B --include '*.safetensors' --include '*.json'
            ```

            Where a repository has several formats, see its "Files" page for what there is.
            """,
            """
            通配符按完整路径匹配，`*` 也匹配斜杠。请加引号，否则会被 shell 展开：

            ```bash
            qtune download Qwen/Qwen3-4B --include '*.safetensors' --include '*.json'
            ```

            仓库里到底有哪些文件，请看它的 “Files” 页面。
            """,
        ),
        verify=VERIFY,
    ),
)
