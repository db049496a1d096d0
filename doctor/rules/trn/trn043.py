"""TRN043: training was not started by qtune run. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN043",
    "not-offline",
    Severity.ERROR,
    Text("Training was not started by qtune run", "训练不是由 qtune run 启动的"),
    Page(
        what=prose(
            """
            `python -m qtune.train` was started without `HF_HUB_OFFLINE=1`.
            """,
            """
            启动 `python -m qtune.train` 时没有设置 `HF_HUB_OFFLINE=1`。
            """,
        ),
        why=prose(
            """
            Training is offline on purpose: everything was downloaded and verified before, and a library must
            not go to a hub behind your back.
            """,
            """
            训练有意离线进行：所有文件事先都已下载并校验，不允许库在背后再去访问平台。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                qtune run sft.yaml
                ```

                sets everything that the training process needs.
                """,
                """
                ```bash
                qtune run sft.yaml
                ```

                会设置好训练进程所需的一切。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://github.com/unslothai/unsloth/issues/3680",),
    ),
)
