"""CFG002: the run config is not UTF-8. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG002",
    CAUSES["CFG002"].name,
    Severity.ERROR,
    Text("The run config is not UTF-8", "训练配置不是 UTF-8 编码"),
    Page(
        what=prose(
            """
            The run config holds bytes that are no UTF-8 text. Files saved as GBK or UTF-16 by Windows
            programs are the usual case.
            """,
            """
            训练配置中有不属于 UTF-8 的字节。常见于 Windows 程序以 GBK 或 UTF-16 保存的文件。
            """,
        ),
        why=prose(
            """
            Guessing the encoding would turn Chinese paths and comments into other text, silently.
            """,
            """
            如果猜测编码，中文路径和注释就可能悄悄变成乱码。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Save it as UTF-8 in your editor (VS Code: the encoding in the status bar), or

            ```bash
            iconv -f GBK -t UTF-8 sft.yaml > sft-utf8.yaml
            ```
            """,
            """
            在编辑器中另存为 UTF-8（VS Code：点击状态栏里的编码），或

            ```bash
            iconv -f GBK -t UTF-8 sft.yaml > sft-utf8.yaml
            ```
            """,
        ),
        verify=VERIFY,
    ),
)
