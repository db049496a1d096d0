"""DWN001: offline, and the model is not complete. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "DWN001",
    DWN["DWN001"][0],
    Severity.ERROR,
    Text("Offline, and the model is not complete", "离线模式下模型不完整"),
    Page(
        what=prose(
            """
            No request may be sent (`--offline` or `HF_HUB_OFFLINE=1`), and the cache does not hold every file
            of the model.
            """,
            """
            不允许发送任何请求（`--offline` 或 `HF_HUB_OFFLINE=1`），而缓存里的模型文件不全。
            """,
        ),
        why=prose(
            """
            The flag is often left over from an experiment; then everything looks like a network fault
            although the network is fine.
            """,
            """
            这个开关常常是以前试验时留下的，结果网络明明正常，看起来却像断网。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            With a network, download first:

            ```bash
            unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
            qtune download Qwen/Qwen3-4B
            ```

            and remove the line from `.env`. Without a network, download on another machine and copy the
            folder `models--Qwen--Qwen3-4B` of its cache (`HF_HOME/hub`), links included:

            ```bash
            rsync -a ~/.cache/huggingface/hub/models--Qwen--Qwen3-4B offline-machine:.cache/huggingface/hub/
            ```
            """,
            """
            有网络时，先下载：

            ```bash
            unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
            qtune download Qwen/Qwen3-4B
            ```

            并删除 `.env` 中的那一行。没有网络时，在另一台机器上下载，再把缓存（`HF_HOME/hub`）里的
            `models--Qwen--Qwen3-4B` 文件夹连同其中的链接一起复制过来：

            ```bash
            rsync -a ~/.cache/huggingface/hub/models--Qwen--Qwen3-4B offline-machine:.cache/huggingface/hub/
            ```
            """,
        ),
        verify=VERIFY,
        sources=("https://github.com/vllm-project/vllm/issues/3719",),
    ),
)
