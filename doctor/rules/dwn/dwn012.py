"""DWN012: the lock of a download was lost to another process. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import AGAIN, DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN012",
    DWN["DWN012"][0],
    Severity.ERROR,
    Text("Another process took over this download", "下载被另一个进程接手"),
    Page(
        what=prose(
            """
            One process at a time writes to a model's folder in the cache, and its lock, a file `writer.1` in
            `.qtune/` there, is gone or another's now. So this one stopped before it wrote more.
            """,
            """
            同一时间只有一个进程写入缓存中某个模型的目录。它的锁（该目录 `.qtune/` 下的 `writer.1`）已被删除，
            或已属于另一个进程，因此本进程停止写入。
            """,
        ),
        why=prose(
            """
            The process was stopped (^Z, a debugger, a laptop that slept) or its machine had lost the shared disk
            for more than a minute, and another one that waited for the same model took its place. Or somebody
            removed the folder or the lock while the download ran.
            """,
            """
            进程被暂停（^Z、调试器、电脑休眠），或本机与共享磁盘断开超过一分钟，
            而另一个等待同一模型的进程接手了下载。也可能有人在下载过程中删除了目录或锁文件。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Nothing is lost, and there is no lock to remove by hand: one whose process is gone is passed over.
                A download that is to pause for longer is better ended with ^C than stopped with ^Z.
                """,
                """
                已下载的内容不会丢失，也不需要手动删除锁：持有者已不在的锁会被自动跳过。
                需要暂停较长时间时，请用 ^C 结束，而不要用 ^Z 挂起。
                """,
            ),
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
