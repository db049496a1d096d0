"""CFG006: a value has the wrong type. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG006",
    CAUSES["CFG006"].name,
    Severity.ERROR,
    Text("A value has the wrong type", "值的类型不对"),
    Page(
        what=prose(
            """
            A value in the run config is of another kind than its key takes: a word for a number, a list for a
            single value, a number for a table.
            """,
            """
            训练配置中某个值的类型与键要求的不同：该写数字的写了文字、该写单个值的写了列表、该写一组键值的写了
            数字。
            """,
        ),
        why=prose(
            """
            YAML has surprises: `1e-4` without a dot is a number here but a piece of text for some YAML
            readers, `no` is the truth value false, `"8"` in quotes is text.
            """,
            """
            YAML 有些容易踩的坑：不带小数点的 `1e-4` 在这里是数字，但有的解析器会当成文字；`no` 表示“否”；带引
            号的 `"8"` 是文字。
            """,
        ),
        detect=DETECT,
        mend=joined(
            EXAMPLE,
            prose(
                """
                Numbers stand without quotes and without a unit; `lora:` and `training:` are tables of
                `key: value`.
                """,
                """
                数字不加引号、不带单位；`lora:` 和 `training:` 是一组 `key: value`。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
