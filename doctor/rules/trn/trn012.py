"""TRN012: transformers does not accept the training section. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN012",
    "arguments-rejected",
    Severity.ERROR,
    Text("transformers does not accept the training section", "transformers 不接受 training 部分"),
    Page(
        what=prose(
            """
            The installed transformers refuses a field or a combination of fields under `training:`.
            """,
            """
            已安装的 transformers 拒绝了 `training:` 下的某个字段或字段组合。
            """,
        ),
        why=prose(
            """
            Fields come and go with versions, and some exclude each other.
            """,
            """
            字段会随版本增减，有些字段还互相排斥。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Correct or remove the field that the message names. The documentation of your version has the
                list:
                """,
                """
                改正或删除提示中的字段。字段列表见你所用版本的文档：
                """,
            ),
            prose(
                """
                ```bash
                pip show transformers
                ```
                """,
                """
                ```bash
                pip show transformers
                ```

                可查看已安装的版本。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://huggingface.co/docs/transformers/main_classes/trainer",),
    ),
)
