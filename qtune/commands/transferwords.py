"""What a download tells, in words: the phrases that the screen, the log and the summary share."""

from __future__ import annotations

import math
import shlex
import subprocess
import sys
import time
from collections.abc import Callable

from qtune.core import amounts
from qtune.core.download.events import Dropped, Event, Said, SourceStatus, Status, Waiting
from qtune.core.secret import redact
from qtune.core.text import Text
from qtune.doctor.report.characters import clean
from qtune.speech import current, say

_TITLES = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}
_WAITING_TOLD_EVERY_S = 60.0


def title(source: str) -> str:
    """A source as a person calls it: a hub's name, a mirror's host."""
    return _TITLES.get(source) or shown(source.partition("://")[2] or source)


def shown(text: str | Text) -> str:
    """What came from elsewhere, fit for a terminal and without secrets."""
    return clean(redact(text.to(current()) if isinstance(text, Text) else text))


def name(path: str) -> str:
    return shown(path).replace("\n", "\ufffd")


def percent(done: int, total: int) -> str:
    """100% only when nothing is left."""
    return f"{100 * done // total if total > 0 else 100}%"


def amount(done: int, total: int) -> str:
    return f"{amounts.size(done)} / {amounts.size(total)}"


def left(seconds: float) -> str:
    """From twenty seconds on in steps of five: nobody reads more out of it."""
    calm = 5 * round(seconds / 5) if seconds >= 20 else max(1, math.ceil(seconds))
    rest = amounts.duration(calm)
    return Text(f"about {rest.en} left", f"还剩约 {rest.zh}").to(current())


def waits(hub: str, seconds: float) -> str:
    pause = amounts.duration(math.ceil(seconds))
    return Text(f"{hub} asks to wait {pause.en}", f"{hub} 要求等待 {pause.zh}").to(current())


def source(status: SourceStatus, times: str) -> str:
    """`times` is the sign between the speed and the number of connections."""
    hub = shown(status.title)
    if status.waits_s is not None:
        return waits(hub, status.waits_s)
    return f"{hub} {amounts.rate(status.bytes_per_second)} {times} {status.connections}"


def sources(status: Status, times: str) -> list[str]:
    """Those that send or that are waited for."""
    busy = [s for s in status.sources if s.connections or s.waits_s is not None]
    return [source(s, times) for s in busy]


def retries(count: int) -> str:
    return say("1 retry" if count == 1 else f"{count} retries", f"重试 {count} 次")


def files(done: int, count: int) -> str:
    return say(f"{done}/{count} files", f"{done}/{count} 个文件")


def checking() -> str:
    return say("checking what is here", "正在校验本机已有的文件")


class Lines:
    """What is kept above a screen and told at once in a log. A hub that asks for pauses all the time is told
    of once a minute; each of them is counted down elsewhere."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def of(self, event: Event) -> str | None:
        if isinstance(event, Said):
            return shown(event.text)
        if isinstance(event, Dropped):
            return dropped(shown(event.title), event.why)
        if isinstance(event, Waiting):
            now, hub = self._clock(), event.source
            if hub not in self._told or now - self._told[hub] >= _WAITING_TOLD_EVERY_S:
                self._told[hub] = now
                return f"{waits(title(hub), event.seconds)} ({event.status})"
        return None


def dropped(hub: str, why: Text) -> str:
    reason = shown(why).rstrip(".。")
    if reason.startswith(hub):
        return reason + say("; it is not asked again", "；不再使用")
    return say(f"{hub} is not asked again: {reason}", f"不再使用 {hub}：{reason}")


def again() -> str:
    """The command that goes on, as it was typed."""
    words = ["qtune", *sys.argv[1:]]
    typed = subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
    return shown(typed)


def kept() -> str:
    """After ^C."""
    return say(
        f"Stopped; everything fetched is kept. Go on with: {again()}",
        f"已中断，已下载的内容全部保留。继续下载：{again()}",
    )
