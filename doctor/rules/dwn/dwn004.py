"""DWN004: the hub's listing cannot be trusted. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import DETECT, OTHER_SOURCE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN004",
    DWN["DWN004"][0],
    Severity.ERROR,
    Text("The hub's listing cannot be trusted", "平台返回的文件清单不可信"),
    Page(
        what=prose(
            """
            The listing names files with paths that would leave the model's folder (`../`), that no file
            system can hold, or without a usable hash or size. Then none of it is believed.
            """,
            """
            清单中有会跳出模型文件夹的路径（`../`）、任何文件系统都放不下的名字，或缺少可用的哈希和大小。此时
            整份清单都不予采信。
            """,
        ),
        why=prose(
            """
            A mirror, or whoever sits between you and the hub, could otherwise write files anywhere on your
            disk.
            """,
            """
            否则镜像，或处在你和平台之间的人，就能往你磁盘的任意位置写文件。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Do not use that source. Take the official hub or ModelScope, and remove the mirror from
                `HF_ENDPOINT`, `QTUNE_MIRRORS` and `QTUNE_SOURCES`.
                """,
                """
                不要再用这个下载源。改用官方平台或 ModelScope，并从 `HF_ENDPOINT`、`QTUNE_MIRRORS` 和
                `QTUNE_SOURCES` 中删除该镜像。
                """,
            ),
            OTHER_SOURCE,
        ),
        verify=VERIFY,
    ),
)
