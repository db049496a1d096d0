"""CFG094: a suppression that cannot be understood. Judged by doctor.suppression."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG094",
    "unknown-suppression",
    Severity.WARNING,
    Text("A suppression cannot be understood", "无法理解的忽略"),
    Page(
        what=prose(
            """
            A comment that begins with `# qtune: ignore` names no code, a code that does not exist or one that no report
            can hold, or it stands inside a value; or `ignore` in pyproject.toml does so.
            """,
            """
            以 `# qtune: ignore` 开头的注释没有写明代码，写了不存在或不会出现在报告里的代码，或者写进了值里；
            pyproject.toml 中的 `ignore` 同理。
            """,
        ),
        why=prose(
            """
            It silences nothing, though whoever wrote it believes so. Inside a value it also changes that value.
            """,
            """
            它不起任何作用，而写下它的人以为有用。如果写进了值里，还会改变那个值。
            """,
        ),
        detect=prose(
            """
            Each comment is read together with the lines around it; the codes are looked up in the list of rules.
            """,
            """
            逐条读取注释及其前后的行，并在规则列表中查找写明的代码。
            """,
        ),
        mend=prose(
            """
            At the end of the line, or on the line above, with a blank before the `#` and outside of quotes:

            ```dotenv
            HF_ENDPOINT=https://hub.example.com  # qtune: ignore[HUB204] our own mirror
            # qtune: ignore-file[HUB207] the office line is what it is
            ```
            """,
            """
            写在该行末尾或上一行，`#` 前留一个空格，并写在引号之外：

            ```dotenv
            HF_ENDPOINT=https://hub.example.com  # qtune: ignore[HUB204] 公司自建镜像
            # qtune: ignore-file[HUB207] 办公室网络只有这个速度
            ```
            """,
        ),
        verify=prose(
            """
            Run `qtune doctor` again: the finding that was meant is counted as suppressed in the last lines.
            """,
            """
            再次运行 `qtune doctor`：想忽略的问题会计入最后几行的“已忽略”。
            """,
        ),
    ),
)
