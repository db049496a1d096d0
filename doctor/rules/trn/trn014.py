"""TRN014: the machine lacks the device that was asked for. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN014",
    "device-unavailable",
    Severity.ERROR,
    Text("The machine lacks the device that was asked for", "这台机器没有所要求的设备"),
    Page(
        what=prose(
            """
            `QTUNE_DEVICE` asks for a device that torch does not see, or `QTUNE_DTYPE` for a number format
            that the device cannot compute in.
            """,
            """
            `QTUNE_DEVICE` 要求的设备 torch 看不到，或 `QTUNE_DTYPE` 要求的数值格式该设备不支持。
            """,
        ),
        why=prose(
            """
            Going on with another device without saying so would take days instead of hours.
            """,
            """
            不声不响地换一个设备，几小时的训练可能变成几天。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```
                QTUNE_DEVICE=auto
                QTUNE_DTYPE=auto
                ```

                `qtune doctor` tells why torch does not see the GPU (GPU500, GPU501, GPU504).
                """,
                """
                ```
                QTUNE_DEVICE=auto
                QTUNE_DTYPE=auto
                ```

                `qtune doctor` 会说明 torch 为什么看不到 GPU（GPU500、GPU501、GPU504）。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
