"""DWN003: the bytes received are not the right ones. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import AGAIN, DETECT, OTHER_SOURCE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN003",
    DWN["DWN003"][0],
    Severity.ERROR,
    Text("The bytes received are not the right ones", "收到的内容不对"),
    Page(
        what=prose(
            """
            A file arrived whole, but its SHA-256 (or git hash) is not the one in the hub's listing. It was
            thrown away.
            """,
            """
            文件完整收到了，但它的 SHA-256（或 git 哈希）与平台清单中的不符。该文件已丢弃。
            """,
        ),
        why=prose(
            """
            A wrong byte in the weights gives a model that fails to load (`SafetensorError: HeaderTooLarge`),
            or one that answers nonsense. Usual reasons: a proxy or virus scanner that changes what passes, a
            mirror with an old or broken copy, bad memory or disk.
            """,
            """
            权重里错一个字节，模型就可能加载失败（`SafetensorError: HeaderTooLarge`），或胡言乱语。常见原因：
            代理或杀毒软件改动了内容、镜像上的副本过旧或损坏、内存或磁盘有问题。
            """,
        ),
        detect=DETECT,
        mend=joined(
            AGAIN,
            prose(
                """
                Nothing wrong was kept. If it happens again with the same file, take another source, and
                another network without the proxy.
                """,
                """
                错误的内容没有保留。如果同一文件反复如此，请换一个下载源，或换一个不经该代理的网络。
                """,
            ),
            OTHER_SOURCE,
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/hiyouga/LlamaFactory/issues/5825",
            "https://github.com/modelscope/modelscope/issues/1365",
        ),
    ),
)
