"""DWN007: the disk refused a write. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import AGAIN, DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN007",
    DWN["DWN007"][0],
    Severity.ERROR,
    Text("The disk refused a write", "磁盘拒绝写入"),
    Page(
        what=prose(
            """
            A file could not be written to the cache or the target folder, for another reason than a full disk
            (that is DSK600).
            """,
            """
            无法把文件写入缓存或目标文件夹，且原因不是磁盘已满（那是 DSK600）。
            """,
        ),
        why=prose(
            """
            Often the cache belongs to root after a run with `sudo` or in a container, or it lies on a network
            disk that is read-only or went away ("Stale file handle"). "Input/output error" is the disk itself:
            it fails, and after a few such errors Linux makes it read-only.
            """,
            """
            常见原因：用 `sudo` 或在容器里运行过，缓存目录属于 root；或缓存所在的网络磁盘是只读的、
            已断开（"Stale file handle"）。"Input/output error" 说明磁盘本身出了故障，多次出错后 Linux 会把它变为只读。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                ls -ld ~/.cache/huggingface ~/.cache/huggingface/hub
                sudo chown -R "$USER" ~/.cache/huggingface
                ```

                Where the disk fails, `dmesg` has its errors. Then put the cache on another disk, in `.env`:

                ```
                HF_HOME=/data/huggingface
                ```
                """,
                """
                ```bash
                ls -ld ~/.cache/huggingface ~/.cache/huggingface/hub
                sudo chown -R "$USER" ~/.cache/huggingface
                ```

                磁盘故障可用 `dmesg` 查看。此时请在 `.env` 中把缓存放到其他磁盘：

                ```
                HF_HOME=/data/huggingface
                ```
                """,
            ),
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
