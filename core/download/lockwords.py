"""What a lock says: for whom one waits, and to whom it was lost."""

from __future__ import annotations

from pathlib import Path

from qtune.core.download.holder import Holder
from qtune.core.errors import DownloadError
from qtune.core.text import Text


def waiting(holder: Holder | None) -> Text:
    if holder is None:
        return Text(
            "Another process is downloading this model; waiting for it",
            "另一个进程正在下载该模型，等待其完成",
        )
    who = holder.describe()
    return Text(
        f"Another process is downloading this model ({who.en}); waiting for it",
        f"另一个进程正在下载该模型（{who.zh}），等待其完成",
    )


def taken_over(state: Path, successor: Holder | None) -> DownloadError:
    if successor is None:
        what = Text(
            f"The lock of this download in {state} was removed while it ran",
            f"下载过程中，{state} 中的锁文件被删除",
        )
    else:
        who = successor.describe()
        what = Text(
            f"This download was silent for so long that another one took its place ({who.en})",
            f"本次下载长时间没有响应，已由另一个下载接手（{who.zh}）",
        )
    return DownloadError(
        "DWN012",
        what,
        Text(
            "Nothing is lost. Run the same command again: it waits for the other one, or goes on where this "
            "one stopped.",
            "已下载的内容不会丢失。请重新运行同一命令：会等待另一个下载完成，或从中断处继续。",
        ),
    )
