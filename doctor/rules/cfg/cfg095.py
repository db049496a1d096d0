"""CFG095: pyproject.toml, or the doctor's table in it, cannot be used. Judged by doctor.suppression."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import joined, prose

_KEYS = """
```toml
[tool.qtune.doctor]
ignore = ["HUB207"]
skip = ["speed"]
profile = "default"
fail-on = "warning"
network-errors = "warn"
strict = false
```
"""

RULE = Rule(
    "CFG095",
    "doctor-settings-unusable",
    Severity.ERROR,
    Text(
        "The doctor's settings in pyproject.toml cannot be used",
        "pyproject.toml 中 doctor 的设置无法使用",
    ),
    Page(
        what=prose(
            """
            `pyproject.toml` in this folder speaks of qtune, and it is not valid TOML, cannot be read, or its table
            `[tool.qtune.doctor]` holds a key or a value that qtune does not know.
            """,
            """
            当前文件夹的 `pyproject.toml` 提到了 qtune，但它不是合法的 TOML、无法读取，或者 `[tool.qtune.doctor]` 中有 qtune
            不认识的键或值。
            """,
        ),
        why=prose(
            """
            What it was meant to set does not count: a code may be told that should be quiet, or the exit code may not be
            the one that CI waits for.
            """,
            """
            本来要设置的内容不起作用：该忽略的代码会照样报告，退出码也可能不是 CI 期望的那个。
            """,
        ),
        detect=prose(
            """
            The file is read on every run; the other keys of the table count all the same.
            """,
            """
            每次运行都会读取该文件；表中其余正确的键照常生效。
            """,
        ),
        mend=joined(
            prose(
                "The keys, all of them optional; the command line overrides them:",
                "可用的键如下，都可省略；命令行选项优先：",
            ),
            prose(_KEYS, _KEYS),
        ),
        verify=prose(
            """
            Run `qtune doctor --offline` again: CFG095 is gone.
            """,
            """
            再次运行 `qtune doctor --offline`，不再出现 CFG095。
            """,
        ),
    ),
)
