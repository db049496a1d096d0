"""How a transfer fails, in words: what happened, and which of several errors is shown."""

from __future__ import annotations

from qtune.core.download.roster import Supplier
from qtune.core.errors import DownloadError, HubError, QtuneError, Refused, Unreachable
from qtune.core.hub.answers import nonsense
from qtune.core.hub.interface import RepoFile
from qtune.core.text import Text

_TOO_EARLY = (408, 425)  # the host gave up waiting for the request; it would rather have it later


def passing(error: HubError) -> bool:
    """May the same request succeed in a moment?"""
    if isinstance(error, Unreachable):
        return error.stage not in ("url", "proxy")
    if error.status in _TOO_EARLY:
        return True
    return error.status is not None and error.status >= 500 and not isinstance(error, Refused)


def asks_too_long(supplier: Supplier, status: int, seconds: float) -> Refused:
    return Refused(
        "HUB208",
        Text(
            f"{supplier.title} asks to wait {seconds:.0f} s ({status})",
            f"{supplier.title} 要求等待 {seconds:.0f} 秒（{status}）",
        ),
        Text(
            "Run the same command again later: it goes on where it stopped.",
            "请稍后重新运行同一命令：会从中断处继续。",
        ),
        source=supplier.name,
        status=status,
        retry_after=seconds,
    )


def cut_short(file: RepoFile, at: int, supplier: Supplier) -> Unreachable:
    return Unreachable(
        "DWN009",
        Text(
            f"{supplier.title} broke {file.path} off at byte {at} of {file.size}",
            f"{supplier.title} 在 {file.size} 字节中的第 {at} 字节处中断了 {file.path}",
        ),
        _AGAIN,
        source=supplier.name,
    )


def too_slow(file: RepoFile, supplier: Supplier) -> Unreachable:
    return Unreachable(
        "DWN009",
        Text(
            f"{supplier.title}: a connection for {file.path} stopped moving while others went on",
            f"{supplier.title}：{file.path} 的一个连接停滞，而其他连接正常",
        ),
        _AGAIN,
        source=supplier.name,
    )


def other_content(file: RepoFile, supplier: Supplier) -> DownloadError:
    return DownloadError(
        "DWN006",
        Text(
            f"{supplier.title} lists other content for {file.path}",
            f"{supplier.title} 清单中的 {file.path} 内容不同",
        ),
        Text("Use another source: see QTUNE_SOURCES.", "请换一个下载源：见 QTUNE_SOURCES。"),
    )


_AGAIN = Text(
    "Run the same command again: it goes on where it stopped. `qtune doctor` looks for the cause.",
    "请重新运行同一命令：会从中断处继续。`qtune doctor` 可帮助查找原因。",
)


def ranges_refused(supplier: Supplier) -> HubError:
    return nonsense(
        supplier.hub.source, "neither a part nor the whole file", "既不返回片段也不返回完整文件"
    )


def storage_refuses(supplier: Supplier) -> Refused:
    return Refused(
        "HUB201",
        Text(
            f"{supplier.title}: the host that holds the large files refuses every address the hub gives",
            f"{supplier.title}：存放大文件的主机拒绝了下载源给出的所有地址",
        ),
        Text(
            "Check this machine's clock, or use another source.", "请检查本机时间，或换一个下载源。"
        ),
        source=supplier.name,
        status=403,
    )


def wrong_bytes(file: RepoFile, supplier: Supplier) -> DownloadError:
    return DownloadError(
        "DWN003",
        Text(
            f"{supplier.title} sent {file.path} with bytes that do not have the listed hash",
            f"{supplier.title} 发来的 {file.path} 与清单中的哈希不符",
        ),
        Text(
            "Nothing wrong was kept. Use another source (QTUNE_SOURCES), or look for a proxy that changes "
            "what it passes on.",
            "错误的内容没有保留。请换一个下载源（QTUNE_SOURCES），或检查是否有代理篡改了内容。",
        ),
    )


def verdict(file: RepoFile, errors: list[QtuneError]) -> QtuneError:
    """The error to show: of one source its own; of several what each of them said, under the code of
    the one that says most: wrong bytes, then a gate or a token, then that no source is left."""
    telling = list({id(error): error for error in errors}.values())
    if len(telling) == 1:
        error = telling[0]
        if isinstance(error, HubError) and passing(error):
            return DownloadError("DWN009", error.message, _AGAIN)
        return error
    message = Text(
        f"No source could give {file.path}:\n" + "\n".join(f"  {e.message.en}" for e in telling),
        f"没有下载源能提供 {file.path}：\n" + "\n".join(f"  {e.message.zh}" for e in telling),
    )
    for prefix in ("DWN003", "TOK", "GATE401", "GATE402", "GATE403", "GATE404", "GATE405"):
        best = next((e for e in telling if e.code.startswith(prefix)), None)
        if best is not None:
            return DownloadError(best.code, message, best.fix)
    return DownloadError("DWN002", message, telling[0].fix or _AGAIN)
