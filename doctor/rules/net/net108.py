"""NET108: NO_PROXY sends a hub past the proxy that it needs, or means to and does not."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.proxy import bypassed
from qtune.core.text import Text
from qtune.doctor.endings import ending
from qtune.doctor.facts import Facts, Reach, SourceFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.net.roads import trail
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        reach = known(facts.reach.get(source.name))
        if reach is None:
            continue
        entry = blame.let_past(facts, reach)
        if entry and reach.failed is not None:
            yield _let_past(facts, source, reach, entry)
        elif reach.proxy is not None and (meant := _meant(facts, reach)):
            yield _unread(facts, source, reach, meant)
    yield from _deadly(facts)


def _let_past(facts: Facts, source: SourceFact, reach: Reach, entry: str) -> Finding:
    assert reach.failed is not None
    how, fact = ending(reach, reach.failed), facts.setting("NO_PROXY")
    rest = [item for item in _entries(facts) if not bypassed(reach.host, (item,), reach.port)]
    rest = [item for item in rest if not bypassed(reach.host, (item,))]
    return Finding(
        "NET108",
        Severity.ERROR,
        Text(
            f"NO_PROXY ({fact.origin.describe().en}) sends {reach.host} past the proxy, by its entry "
            f"“{entry}”, and without the proxy {how.en}",
            f"NO_PROXY（{fact.origin.describe().zh}）中的“{entry}”让 {reach.host} 绕过了代理，而直连时{how.zh}",
        ),
        (trail(reach),),
        span=span_of(fact.origin, facts),
        fix=Fix(
            Text(f"Take “{entry}” out of NO_PROXY", f"从 NO_PROXY 中去掉“{entry}”"),
            Applicability.UNSAFE,
            patch=_written(rest),
        ),
        source=source.name,
    )


def _unread(facts: Facts, source: SourceFact, reach: Reach, entry: str) -> Finding:
    fact = facts.setting("NO_PROXY")
    better = ",".join(dict.fromkeys(name for item in _entries(facts) for name in _names(item)))
    return Finding(
        "NET108",
        Severity.WARNING if reach.ok else Severity.ERROR,
        Text(
            f"NO_PROXY ({fact.origin.describe().en}) names {reach.host} as “{entry}”, which no client "
            "reads so: it still goes through the proxy",
            f"NO_PROXY（{fact.origin.describe().zh}）把 {reach.host} 写成“{entry}”，"
            "客户端不认识这种写法，访问时仍会走代理",
        ),
        (trail(reach),),
        span=span_of(fact.origin, facts),
        fix=Fix(
            Text(
                f"Write hosts by their bare names, separated by commas: NO_PROXY={better}",
                f"只写主机名，以逗号分隔：NO_PROXY={better}",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({"NO_PROXY": better}),
        ),
        source=source.name,
    )


def _deadly(facts: Facts) -> Iterable[Finding]:
    """httpx 0.28, on which huggingface_hub 1 stands, takes `[::1]` for a port and does not start."""
    for name, fact in facts.clients.items():
        client = known(fact)
        bad = [entry for entry in _entries(facts) if entry.startswith("[")]
        if client is None or client.client != "huggingface_hub" or not bad:
            continue
        if client.version.startswith("1."):
            origin = facts.setting("NO_PROXY").origin
            rest = ",".join(entry.strip("[]") for entry in _entries(facts))
            yield Finding(
                "NET108",
                Severity.INFO,
                Text(
                    f"NO_PROXY holds “{bad[0]}”: huggingface_hub {client.version} in your scripts dies of "
                    "it (InvalidURL). qtune does not",
                    f"NO_PROXY 中有“{bad[0]}”：你脚本中的 huggingface_hub {client.version} 会因此报错"
                    "（InvalidURL），qtune 不受影响",
                ),
                span=span_of(origin, facts),
                fix=Fix(
                    Text("Write it without brackets", "去掉方括号"),
                    Applicability.SAFE,
                    patch=EnvPatch({"NO_PROXY": rest}),
                ),
                source=name,
            )


def _entries(facts: Facts) -> list[str]:
    text = facts.setting("NO_PROXY").value
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _meant(facts: Facts, reach: Reach) -> str:
    """The entry that would name this host, were it written as clients read it; "" for none."""
    for entry in _entries(facts):
        if any(bypassed(reach.host, (name,)) for name in _names(entry)):
            return entry
    return ""


def _names(entry: str) -> list[str]:
    """The hosts that a person means by it: several may stand in one entry, as addresses or patterns."""
    found = []
    for part in re.split(r"[\s;|]+", entry):
        name = part.rpartition("://")[2]
        if not re.fullmatch(r"[0-9a-fA-F.:\[\]]+/\d+", name):  # a network keeps its length
            name = name.partition("/")[0]
        name = re.sub(r":(443|80)$", "", name.removeprefix("*"))
        if name.strip(".*"):
            found.append(name)
    return found


def _written(entries: list[str]) -> EnvPatch:
    if not entries:
        return EnvPatch({}, frozenset({"NO_PROXY"}))
    return EnvPatch({"NO_PROXY": ",".join(entries)})


RULE = Rule(
    code="NET108",
    name="no-proxy",
    severity=Severity.ERROR,
    title=Text("NO_PROXY does not do what it should", "NO_PROXY 没有起到应有的作用"),
    needs=("reach", "clients"),
    judge=judge,
    page=Page(
        what=prose(
            """
            A proxy is set, and `NO_PROXY` lists the hosts to reach without it. Either an entry covers a
            hub that cannot be reached without the proxy, or it names the hub in a form that clients do
            not read, so that the hub still goes through the proxy.
            """,
            """
            设置了代理，`NO_PROXY` 则列出不走代理的主机。现在要么某一项把必须走代理的下载源也排除了，
            要么下载源的写法不被客户端认识，访问时仍然走了代理。
            """,
        ),
        why=prose(
            """
            `NO_PROXY` has no standard. Names match their subdomains; beyond that each client reads it in
            its own way, and an entry that is not understood is silently ignored:

            | entry | requests | httpx 0.28 | httpx2 (huggingface_hub 2) |
            |---|---|---|---|
            | `corp.com` | it and below | it and below | it and below |
            | `.corp.com` | it and below | below only | below only |
            | `*.corp.com` | never | below only | below only |
            | `10.0.0.0/8` | IPv4 only | never | yes |
            | `https://corp.com` | never | https only | https only |
            | `a.com b.com` | never | never | never |
            | `[::1]` | never | dies: InvalidURL | yes |

            ModelScope through a proxy abroad is slow; Hugging Face without the proxy may not be
            reachable at all.
            """,
            """
            `NO_PROXY` 没有统一标准。域名会匹配其子域名，除此之外各客户端读法不同，
            看不懂的写法会被悄悄忽略：

            | 写法 | requests | httpx 0.28 | httpx2（huggingface_hub 2） |
            |---|---|---|---|
            | `corp.com` | 自身和子域名 | 自身和子域名 | 自身和子域名 |
            | `.corp.com` | 自身和子域名 | 仅子域名 | 仅子域名 |
            | `*.corp.com` | 无效 | 仅子域名 | 仅子域名 |
            | `10.0.0.0/8` | 仅 IPv4 | 无效 | 有效 |
            | `https://corp.com` | 无效 | 仅 https | 仅 https |
            | `a.com b.com` | 无效 | 无效 | 无效 |
            | `[::1]` | 无效 | 报错：InvalidURL | 有效 |

            ModelScope 绕道境外代理会很慢；Hugging Face 不走代理则可能根本访问不了。
            """,
        ),
        detect=prose(
            """
            The doctor reads `NO_PROXY` as qtune's downloader does, walks the road that follows from it,
            and speaks only when that road ends, or when an entry names the hub and does not count. How
            the other clients read it was checked against requests 2.34, httpx 0.28 and httpx2 2.16.
            """,
            """
            诊断程序按 qtune 下载器的读法解析 `NO_PROXY` 并实际走一遍由此决定的路；
            只有这条路不通，或者某一项写了下载源却不起作用时才会报告。
            其他客户端的读法经 requests 2.34、httpx 0.28 和 httpx2 2.16 验证。
            """,
        ),
        mend=prose(
            """
            Bare names, separated by commas, are read alike by all:

            ```
            NO_PROXY=localhost,127.0.0.1,modelscope.cn
            ```

            Take out what covers a hub that needs the proxy, above all `*`.
            """,
            """
            只写主机名、以逗号分隔，所有客户端的读法就都一样：

            ```
            NO_PROXY=localhost,127.0.0.1,modelscope.cn
            ```

            去掉会排除必须走代理的下载源的项，尤其是 `*`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only NET -v
            ```

            shows for each hub whether it was reached through the proxy.
            """,
            """
            ```bash
            qtune doctor --only NET -v
            ```

            会显示访问每个下载源时是否经过代理。
            """,
        ),
        sources=("https://about.gitlab.com/blog/2021/01/27/we-need-to-talk-no-proxy/",),
    ),
)
