"""Every cause for which a download ends, in one line each. Rule pages are written from this table."""

from __future__ import annotations

from qtune.core.text import Text

DWN: dict[str, tuple[str, Text]] = {
    "DWN001": (
        "offline-incomplete",
        Text("Offline, and the cache lacks files of this model.", "处于离线模式，而缓存中的模型不完整。"),
    ),
    "DWN002": (
        "no-source-left",
        Text("Every source allowed by the settings failed.", "设置允许的下载源全部失败。"),
    ),
    "DWN003": (
        "wrong-bytes",
        Text("The bytes received do not have the listed hash.", "收到的内容与清单中的哈希不符。"),
    ),
    "DWN004": (
        "hostile-listing",
        Text("A hub's listing names files that no disk should see.", "清单中包含不应写入磁盘的文件。"),
    ),
    "DWN005": (
        "nothing-selected",
        Text("No file of the model matches what was asked for.", "没有文件符合所要求的条件。"),
    ),
    "DWN006": (
        "other-size",
        Text("A source has this file in another size than listed.", "下载源上的文件大小与清单不符。"),
    ),
    "DWN007": (
        "cannot-write",
        Text("The disk refused a write.", "磁盘拒绝写入。"),
    ),
    "DWN008": (
        "not-the-same-owner",
        Text(
            "Another hub was not asked: the same name may belong to somebody else there.",
            "未改用其他下载源：同名仓库在那里可能属于别人。",
        ),
    ),
    "DWN009": (
        "keeps-breaking",
        Text("The transfer kept breaking without a single new byte.", "传输反复中断，且没有任何新数据。"),
    ),
    "DWN010": (
        "body-encoded",
        Text("Something on the road compresses the files.", "传输途中有设备压缩了文件内容。"),
    ),
    "DWN011": (
        "foreign-file",
        Text(
            "The target folder holds another file of the same name.",
            "目标文件夹中已有同名的其他文件。",
        ),
    ),
    "DWN012": (
        "lock-lost",
        Text(
            "Another process took over this download, or its lock was removed.",
            "下载被另一个进程接手，或锁文件被删除。",
        ),
    ),
}  # fmt: skip
