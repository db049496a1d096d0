"""CFG093: a suppression that silences nothing. Judged by doctor.suppression."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG093",
    "unused-suppression",
    Severity.WARNING,
    Text("A suppression silences nothing", "这条忽略已经没有对应的问题"),
    Page(
        what=prose(
            """
            `# qtune: ignore[CODE]`, `# qtune: ignore-file[CODE]` or `[tool.qtune.doctor] ignore` names a code that was
            judged, and there is no such finding in the place that it speaks of.
            """,
            """
            `# qtune: ignore[代码]`、`# qtune: ignore-file[代码]` 或 `[tool.qtune.doctor] ignore` 写明的代码已经检查过，
            而它所指的位置并没有这个问题。
            """,
        ),
        why=prose(
            """
            The cause is gone, or the line has moved. Left in place, it would silence the same problem when it comes back,
            and nobody would know.
            """,
            """
            原因可能是问题已经解决，或者那一行挪了位置。留着它，同样的问题再次出现时也会被悄悄忽略。
            """,
        ),
        detect=prose(
            """
            Only where all that the code's rule reads was known: nothing is said after `--offline`, a timeout, or for codes
            that `--only`, `--skip` or `--profile` left out. Measured speeds change by the hour, so a suppression of what
            they show (HUB207) is never called unused; what holds for a whole file or project is called unused only where
            the project's own files decide, because another machine may still need it.
            """,
            """
            只在该规则需要的事实全部已知时判断：使用了 `--offline`、检查超时，或该代码被 `--only`、`--skip`、
            `--profile` 排除时，都不会提示。
            网速时刻在变，因此对测速结果（HUB207）的忽略从不算作多余；对整个文件或项目生效的忽略，只有在仅凭项目自身的文件就能判断时
            才会提示，因为别的机器可能仍然需要它。
            """,
        ),
        mend=prose(
            """
            Remove the code, or the whole comment. In `.env` this does it:

            ```bash
            qtune doctor --fix
            ```
            """,
            """
            删去这个代码，或整条注释。在 `.env` 中可以用：

            ```bash
            qtune doctor --fix
            ```
            """,
        ),
        verify=prose(
            """
            Run `qtune doctor` again: the code is neither among the findings nor among the suppressed ones.
            """,
            """
            再次运行 `qtune doctor`：该代码既不在问题中，也不在已忽略的问题中。
            """,
        ),
    ),
)
