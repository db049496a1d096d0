"""DWN009: the transfer keeps breaking. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import AGAIN, DETECT, OTHER_SOURCE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN009",
    DWN["DWN009"][0],
    Severity.ERROR,
    Text("The transfer keeps breaking", "传输反复中断"),
    Page(
        what=prose(
            """
            The connection broke again and again, and the last attempts brought not one new byte.
            """,
            """
            连接一再断开，最近几次尝试没有带来任何新数据。
            """,
        ),
        why=prose(
            """
            The road to the host of the large files is bad: an unsteady proxy, a firewall that cuts long
            connections, a hub out of order.
            """,
            """
            通往大文件主机的线路不好：代理不稳定、防火墙切断长连接，或平台故障。
            """,
        ),
        detect=DETECT,
        mend=joined(
            AGAIN,
            prose(
                """
                ```bash
                qtune doctor
                ```

                shows the road to that host and its speed. On a slow line give stalls more time:

                ```
                HF_HUB_DOWNLOAD_TIMEOUT=60
                ```
                """,
                """
                ```bash
                qtune doctor
                ```

                会显示通往该主机的线路和速度。线路很慢时，可以放宽停滞的时限：

                ```
                HF_HUB_DOWNLOAD_TIMEOUT=60
                ```
                """,
            ),
            OTHER_SOURCE,
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/huggingface/xet-core/issues/850",
            "https://github.com/modelscope/modelscope/issues/1518",
        ),
    ),
)
