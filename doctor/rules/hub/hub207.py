"""HUB207: the download would take long, and it is measured why, and what would be faster."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import duration, rate, size
from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.sources import WORTH_SECONDS, WORTH_SWITCHING
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact, Speed, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.serving import listing, measured, serving
from qtune.doctor.rules.net.blame import stalls
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both

# Rules of thumb: below these nobody would act on the finding.
_LONG_S = 3600.0  # longer than this is long, unless the line is simply that fast
_SLOW = 2e6  # bytes per second


def judge(facts: Facts) -> Iterable[Finding]:
    used = serving(facts)
    if used is None:
        return
    first = facts.sources[0]
    found = listing(facts)
    todo = found.missing if found is not None else None
    if todo == 0:
        return
    for source in {first.name: first, used.name: used}.values():
        seen = known(facts.speed.get(source.name))
        if seen is not None and not seen.ok:
            yield _stalled(facts, source, seen)
    slower = _slower(facts, first, used, todo)
    if slower is not None:
        yield slower
        return
    speed = known(facts.speed.get(used.name))
    if speed is not None:
        yield from _long(facts, used, speed, todo)


def _stalled(facts: Facts, source: SourceFact, speed: Speed) -> Finding:
    return Finding(
        "HUB207",
        Severity.ERROR,
        Text(
            f"{source.titled}: not one byte of {speed.path} came from {speed.host}",
            f"{source.titled}：没有从 {speed.host} 收到 {speed.path} 的任何数据",
        ),
        (in_both(speed.single.failure),) if speed.single.failure else (),
        fix=switch_source(facts, source.name) or _else(facts),
        source=source.name,
    )


def _slower(facts: Facts, first: SourceFact, used: SourceFact, todo: int | None) -> Finding | None:
    """The hub that the settings put first, against the one that was measured to be clearly faster."""
    slow, fast = known(facts.speed.get(first.name)), known(facts.speed.get(used.name))
    if first == used or slow is None or fast is None or not (slow.ok and fast.ok):
        return None
    if slow.best * WORTH_SWITCHING >= fast.best:
        return None
    takes = Text("", "")
    if todo is not None:
        before, after = todo / slow.best, todo / fast.best
        if before - after < WORTH_SECONDS:
            return None
        was, will = duration(before), duration(after)
        takes = Text(
            f": the {size(todo)} still missing take {was.en} instead of {will.en}",
            f"：尚缺的 {size(todo)} 需要 {was.zh}，而不是 {will.zh}",
        )
    return Finding(
        "HUB207",
        Severity.WARNING,
        Text(
            f"{first.titled} gives {rate(slow.best)} here, {used.titled} {rate(fast.best)}{takes.en}",
            f"{first.titled} 在这里的速度是 {rate(slow.best)}，{used.titled} 是 {rate(fast.best)}{takes.zh}",
        ),
        (*measured(first, slow), *measured(used, fast)),
        because="NET111" if stalls(slow) else None,
        fix=switch_source(facts, first.name),
        source=first.name,
    )


def _long(facts: Facts, used: SourceFact, speed: Speed, todo: int | None) -> Iterable[Finding]:
    if todo is None or not speed.ok or speed.best >= _SLOW or todo / speed.best <= _LONG_S:
        return
    takes = duration(todo / speed.best)
    yield Finding(
        "HUB207",
        Severity.WARNING,
        Text(
            f"{used.titled} gives {rate(speed.best)}: the {size(todo)} still missing take about {takes.en}",
            f"{used.titled} 的速度只有 {rate(speed.best)}：尚缺的 {size(todo)} 大约需要 {takes.zh}",
        ),
        measured(used, speed),
        because="NET111" if stalls(speed) else None,
        fix=_else(facts),
        source=used.name,
    )


def _else(facts: Facts) -> Fix:
    """What is left where no other hub was measured to be faster."""
    connections, fallback = facts.setting("QTUNE_CONNECTIONS"), facts.setting("QTUNE_FALLBACK")
    if connections.value == "1":
        return Fix(
            Text(
                "Let qtune use several connections: they help where each one is throttled",
                "允许 qtune 使用多个连接：单连接被限速时有效",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({"QTUNE_CONNECTIONS"})),
        )
    if fallback.origin.level is not Level.DEFAULT and len(facts.sources) == 1:
        return Fix(
            Text(
                "Allow the other hub too, so that it can be measured: QTUNE_FALLBACK=True",
                "允许使用另一个下载源，以便测速比较：QTUNE_FALLBACK=True",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({"QTUNE_FALLBACK": "True"}),
        )
    return manual(
        "Start the download and leave it: it can be stopped and goes on where it was",
        "先开始下载，让它慢慢跑：中断后会从断点继续",
        command=f"qtune download {facts.goal.model}",
    )


RULE = Rule(
    code="HUB207",
    name="throughput",
    severity=Severity.WARNING,
    title=Text("The download would take long", "下载会很慢"),
    needs=("listing", "speed"),
    judge=judge,
    page=Page(
        what=prose(
            """
            The hub that your settings put first was measured to be clearly slower than another that they
            allow, or the only hub there is takes more than an hour at less than 2 MB/s, or the file's
            bytes do not come at all.
            """,
            """
            实测表明：你的设置优先使用的下载源，明显慢于另一个允许使用的源；
            或者唯一可用的源速度低于 2 MB/s、需要一小时以上；又或者根本收不到文件数据。
            """,
        ),
        why=prose(
            """
            Qwen3-4B is 8 GB: at 10 MB/s that is 13 minutes, at 200 kB/s eleven hours. Which hub is fast
            depends on where you are and on the hour, so no table can tell; a measurement can.
            """,
            """
            Qwen3-4B 有 8 GB：10 MB/s 只要 13 分钟，200 kB/s 就要 11 个小时。
            哪个源快取决于你所在的位置和时段，没有哪张表说得准，只能靠实测。
            """,
        ),
        detect=prose(
            """
            The doctor reads a piece of the very file that will be downloaded (at most 16 MiB for all hubs
            together, three seconds a time, one hub after the other), with one connection and with
            several.

            Rules of thumb, all of them: another hub must be 1.5 times as fast and save at least half a
            minute to be recommended; several connections that bring 1.5 times as much mean that each one
            is throttled; long is more than an hour at less than 2 MB/s. Two measurements of an ordinary
            line easily differ by a quarter.
            """,
            """
            诊断程序会读取即将下载的那个文件的一小段（所有源合计不超过 16 MiB，每次三秒，逐个测量），
            分别用单连接和多连接。

            以下都是经验阈值：另一个源要快 1.5 倍以上、且至少节省半分钟才会推荐；
            多连接总速度达到单连接的 1.5 倍，说明单连接被限速；
            低于 2 MB/s 且超过一小时算作很慢。普通网络两次测量相差四分之一很正常。
            """,
        ),
        mend=prose(
            """
            `qtune doctor --fix` puts the faster hub in front, for example

            ```
            USE_MODELSCOPE=True
            ```

            Where each connection is throttled, let qtune use several; this is the default:

            ```
            QTUNE_CONNECTIONS=auto
            ```

            A proxy that stands before ModelScope in China often makes it slow: `NO_PROXY=modelscope.cn`.
            And a slow download need not be watched: `qtune download` goes on where it was interrupted.
            """,
            """
            `qtune doctor --fix` 会把更快的源放到前面，例如

            ```
            USE_MODELSCOPE=True
            ```

            单连接被限速时，让 qtune 使用多个连接（默认就是如此）：

            ```
            QTUNE_CONNECTIONS=auto
            ```

            在国内经代理访问 ModelScope 往往反而变慢：`NO_PROXY=modelscope.cn`。
            下载慢也不必守着：`qtune download` 中断后会从断点继续。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only HUB207 -v
            ```

            shows the measured speeds of every hub.
            """,
            """
            ```bash
            qtune doctor --only HUB207 -v
            ```

            会显示每个源的实测速度。
            """,
        ),
        sources=(
            "https://github.com/huggingface/xet-core/issues/850",
            "https://github.com/modelscope/modelscope/issues/1518",
        ),
    ),
)
