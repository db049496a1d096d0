"""What is said when a download is over: what came from where, what was verified, reused and dropped."""

from __future__ import annotations

from qtune.commands import transferwords as words
from qtune.core import amounts
from qtune.core.download.events import Event, FileDone, Finished, Sent
from qtune.core.text import Text, plain
from qtune.speech import say


class Summary:
    """Listens to the end; `lines` are none before the snapshot is whole."""

    def __init__(self) -> None:
        self._verified = 0
        self._finished: Finished | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, FileDone):
            self._verified += 1
        elif isinstance(event, Finished):
            self._finished = event

    def lines(self) -> list[str]:
        if self._finished is None:
            return []
        whole = self._finished
        told = [_whole(whole, self._verified), *([_came(whole)] if whole.received else [])]
        told += [words.dropped(words.title(name), why) for name, why in whole.dropped]
        return told


def _whole(whole: Finished, verified: int) -> str:
    count, size = whole.files, amounts.size(whole.total)
    parts = [Text("1 file" if count == 1 else f"{count} files", f"{count} 个文件"), plain(size)]
    if not whole.received:
        parts.append(Text("all here already, nothing was fetched", "均已在本机，无需下载"))
    else:
        time = amounts.duration(max(1.0, whole.took_s))
        parts[1] = Text(f"{size} in {time.en}", f"{size}，用时 {time.zh}")
    # What was here already and whole is not hashed again, and not told as if it were.
    every = verified >= count
    if verified and whole.listed_by and (every or whole.received):
        name = words.shown(whole.listed_by)
        parts.append(
            Text(
                f"{'every file' if every else 'all that was fetched'} verified against {name}'s listing",
                f"{'所有文件' if every else '下载的内容'}均已按 {name} 的清单校验",
            )
        )
    return say(", ".join(p.en for p in parts), "，".join(p.zh for p in parts))


def _came(whole: Finished) -> str:
    parts = [_sent(sent) for sent in whole.sent if sent.received]
    if whole.reused:
        here = amounts.size(whole.reused)
        parts.append(Text(f"{here} were here already", f"本机已有 {here}"))
    if whole.retries:
        count = whole.retries
        parts.append(Text("1 retry" if count == 1 else f"{count} retries", f"重试 {count} 次"))
    return say(", ".join(p.en for p in parts), "，".join(p.zh for p in parts))


def _sent(sent: Sent) -> Text:
    size, name = amounts.size(sent.received), words.shown(sent.title)
    speed = amounts.rate(sent.received / sent.seconds) if sent.seconds > 0 else ""
    return Text(
        f"{size} from {name}" + (f" ({speed})" if speed else ""),
        f"来自 {name} {size}" + (f"（{speed}）" if speed else ""),
    )
