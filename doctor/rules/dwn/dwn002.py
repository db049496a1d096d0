"""DWN002: every source failed. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import AGAIN, DETECT, OTHER_SOURCE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN002",
    DWN["DWN002"][0],
    Severity.ERROR,
    Text("Every source failed", "所有下载源都失败了"),
    Page(
        what=prose(
            """
            Every hub and mirror that the settings allow was tried for a file, and none could give it. The
            message says what each of them answered.
            """,
            """
            设置允许的每个平台和镜像都试过了，都无法提供某个文件。提示中列出了各自的回答。
            """,
        ),
        why=prose(
            """
            The download is not complete. The reasons may differ: one hub out of reach, the other without the
            model.
            """,
            """
            下载没有完成。各自的原因可能不同：一个连不上，另一个没有这个模型。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                qtune doctor
                ```

                looks at each of them and names the first cause.
                """,
                """
                ```bash
                qtune doctor
                ```

                会逐个检查，并指出最先要解决的原因。
                """,
            ),
            OTHER_SOURCE,
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
