"""CFG014: the field cannot be checked. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG014",
    CAUSES["CFG014"].name,
    Severity.WARNING,
    Text("The field cannot be checked", "无法检查这个字段"),
    Page(
        what=prose(
            """
            The field is not in qtune's list of the library's fields, and the installed version of the library
            is another one than the list was made from. It is passed on as it is.
            """,
            """
            qtune 的字段表里没有这个字段，而已安装的库版本又与生成该表时的不同。字段会原样传给库。
            """,
        ),
        why=prose(
            """
            It may be new in your version, or a typing error. In the second case the library refuses it when
            training starts (TRN011, TRN012), after the download.
            """,
            """
            它可能是你所用版本的新字段，也可能是拼写错误。如果是后者，库会在训练开始时拒绝它（TRN011、
            TRN012），那时模型已经下载完了。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Compare the name with the documentation of the version you have:

            ```bash
            pip show transformers peft trl
            ```
            """,
            """
            对照你所装版本的文档核对名称：

            ```bash
            pip show transformers peft trl
            ```
            """,
        ),
        verify=VERIFY,
        sources=(
            "https://huggingface.co/docs/peft/package_reference/lora",
            "https://huggingface.co/docs/transformers/main_classes/trainer",
        ),
    ),
)
