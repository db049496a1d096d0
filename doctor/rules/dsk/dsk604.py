"""DSK604: a network file system that does not answer, or on which no file can be locked."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Place, Volume
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, output, written_cache
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    cache, runs = written_cache(facts), output(facts)
    if cache is not None and (cache.silent or cache.volume.locks in ("refused", "silent")):
        yield _finding(cache, "HF_HOME")
    if runs is not None and runs.silent:  # a run locks nothing there
        yield _finding(runs, "QTUNE_OUTPUT_DIR")


def _finding(place: Place, key: str) -> Finding:
    en, zh = (
        f"The disk of {place.path}{_kind(place.volume)}",
        f"{place.path} 所在的磁盘{_kind(place.volume)}",
    )
    if place.silent:
        message, said = Text(f"{en} does not answer", f"{zh}没有响应"), place.error
    else:
        message = Text(f"No file can be locked on {en[0].lower()}{en[1:]}", f"{zh}无法锁定文件")
        said = place.volume.said
    return Finding(
        "DSK604",
        Severity.ERROR if place.silent else Severity.WARNING,
        message,
        (in_both(said),) if said else (),
        fix=manual(
            f"Set {key} to a folder on a local disk",
            f"把 {key} 设到本地磁盘上的目录",
            command="grep -E ' (nfs|cifs|fuse|9p)' /proc/mounts",
        ),
    )


def _kind(volume: Volume) -> str:
    return f" ({volume.kind}, {volume.source})" if volume.kind else ""


RULE = Rule(
    code="DSK604",
    name="network-file-system",
    severity=Severity.ERROR,
    title=Text("A network file system that does not work", "网络文件系统异常"),
    needs=("disk", "listing"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            The cache or the run's folder lies on a disk of another machine (NFS, SMB, sshfs, 9p), and that
            does not answer, or no file can be locked there.
            """,
            """
            缓存或输出目录位于另一台机器的磁盘上（NFS、SMB、sshfs、9p），而它没有响应，或无法在上面锁定文件。
            """,
        ),
        why=prose(
            """
            Whoever asks a file system whose server is gone waits for ever, and cannot even be killed: the
            download seems to hang. A lock is what keeps two downloads of one model from each other; without
            it, `huggingface_hub` stops or waits without end. qtune keeps a lock of another kind, which needs
            nothing of the file system, so for qtune alone this is only a warning.
            """,
            """
            服务器已失联的文件系统会让访问它的程序一直等待，甚至无法被结束，看起来就像下载卡住了。
            文件锁用来防止两个进程同时下载同一个模型；没有它，`huggingface_hub` 会报错或无限等待。
            qtune 使用另一种不依赖文件系统的锁，因此对 qtune 来说这只是警告。
            """,
        ),
        detect=prose(
            """
            A small file is written in a thread that is left behind after 4 s. On a file system of the kinds
            nfs, cifs, smb3, 9p, afs, webdav and fuse.*, as the system's own list of mounts has it, a file is
            locked and unlocked in a child process that has 2 s. A network file system on which both work is
            no finding.
            """,
            """
            在单独的线程中写入一个小文件，4 秒无结果即放弃。如果系统的挂载列表显示类型为
            nfs、cifs、smb3、9p、afs、webdav 或 fuse.*，再由子进程在 2 秒内对一个文件加锁、解锁。
            两者都正常的网络文件系统不会提示。
            """,
        ),
        mend=prose(
            """
            Put the cache on a local disk, in `.env`:

            ```
            HF_HOME=/local/huggingface
            ```

            If it must be the network's: on NFS before version 4, the lock service (`rpc.statd`, `lockd`) must
            run on both machines, or the mount have the option `local_lock=flock`, with which two machines no
            longer see each other's locks. Whoever runs the server can say more.
            """,
            """
            在 `.env` 中把缓存放到本地磁盘：

            ```
            HF_HOME=/local/huggingface
            ```

            如果必须使用网络磁盘：NFSv4 以前的版本需要两端都运行锁服务（`rpc.statd`、`lockd`），
            或在挂载时加上 `local_lock=flock`（此时不同机器看不到彼此的锁）。详情请咨询服务器管理员。
            """,
        ),
        verify=prose(
            """
            The first command should come back at once, without an error:

            ```bash
            flock ~/.cache/huggingface/try true
            qtune doctor --only DSK604
            ```
            """,
            """
            第一条命令应当立即返回且不报错：

            ```bash
            flock ~/.cache/huggingface/try true
            qtune doctor --only DSK604
            ```
            """,
        ),
        sources=("https://man7.org/linux/man-pages/man5/nfs.5.html",),
    ),
)
