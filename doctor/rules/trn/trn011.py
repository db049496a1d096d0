"""TRN011: peft does not accept the lora section. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN011",
    "lora-rejected",
    Severity.ERROR,
    Text("peft does not accept the lora section", "peft 不接受 lora 部分"),
    Page(
        what=prose(
            """
            The installed peft refuses a field or a value under `lora:`.
            """,
            """
            已安装的 peft 拒绝了 `lora:` 下的某个字段或值。
            """,
        ),
        why=prose(
            """
            Most errors are found before the download; this one only the library itself can see, for example
            `target_modules` that the model does not have.
            """,
            """
            大多数错误在下载前就能发现；这一类只有库自己才知道，例如模型里没有的 `target_modules`。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Correct the field that the message names. What fits every model:

                ```yaml
                lora: {r: 8, lora_alpha: 16, target_modules: all-linear}
                ```
                """,
                """
                改正提示中的字段。适用于所有模型的写法：

                ```yaml
                lora: {r: 8, lora_alpha: 16, target_modules: all-linear}
                ```
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://huggingface.co/docs/peft/package_reference/lora",),
    ),
)
