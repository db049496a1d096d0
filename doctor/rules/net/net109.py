"""NET109: a host has IPv6 addresses that swallow every packet, and clients try these first."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Reach, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    """Of a road that then works: one on which nothing answers is NET102."""
    stalled: dict[str, Reach] = {}
    sources: set[str] = set()
    for source in facts.sources:
        for fact in (facts.reach.get(source.name), facts.storage.get(source.name)):
            road = known(fact)
            if road is not None and _dead(road):
                stalled.setdefault(_first_host(road), road)
                sources.add(source.name)
    if not stalled or facts.setting("QTUNE_IP_FAMILY").value in ("4", "6"):
        return
    wait = facts.setting("HF_HUB_ETAG_TIMEOUT").value
    hosts, addresses = list(stalled), [_dead(road)[0] for road in stalled.values()]
    yield Finding(
        "NET109",
        Severity.WARNING,
        Text(
            f"{hosts[0]} answers over IPv4 only: its IPv6 address {addresses[0]} comes first and never "
            f"answers, so every new connection waits {wait} s",
            f"{hosts[0]} 只有 IPv4 能通：它的 IPv6 地址 {addresses[0]} 排在前面却从不响应，"
            f"每个新连接都要先等 {wait} 秒",
        ),
        tuple(
            Text(f"{host}: no answer from {address}", f"{host}：{address} 没有响应")
            for host, address in zip(hosts, addresses, strict=True)
        ),
        fix=Fix(
            Text("Let qtune use IPv4 only", "让 qtune 只使用 IPv4"),
            Applicability.SAFE,
            patch=EnvPatch({"QTUNE_IP_FAMILY": "4"}),
        ),
        source=sources.pop() if len(sources) == 1 else "",
    )


def _dead(road: Reach) -> list[str]:
    return [address for address in road.silent if ":" in address]


def _first_host(road: Reach) -> str:
    return road.host if road.proxy is None else road.proxy.url


RULE = Rule(
    code="NET109",
    name="ipv6-blackhole",
    severity=Severity.WARNING,
    title=Text("IPv6 leads nowhere, and is tried first", "IPv6 不通，却被优先使用"),
    needs=("reach", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            The host has addresses of both families. This machine prefers IPv6, and whatever is sent there
            vanishes; over IPv4 the host answers at once.
            """,
            """
            该主机同时有 IPv4 和 IPv6 地址。本机优先使用 IPv6，而发往那里的数据全都石沉大海；
            用 IPv4 则立刻有响应。
            """,
        ),
        why=prose(
            """
            A browser tries both at the same time, so it shows nothing of this. Python's clients try one
            address after the other and wait for each: ten seconds for every new connection, often longer.
            A download that opens many connections seems to hang for minutes.
            """,
            """
            浏览器会同时尝试两种地址，因此察觉不到。Python 的客户端则逐个尝试、逐个等待：
            每个新连接至少等十秒，往往更久。需要很多连接的下载看起来会卡上好几分钟。
            """,
        ),
        detect=prose(
            """
            The doctor connects to the addresses in the order in which clients take them. One that has not
            answered after about a second is left behind but not given up: it has three seconds in all. An
            IPv6 that is slow but works is healthy, and one to which there is no route fails at once and
            costs nothing; neither is told. The three seconds are a rule of thumb: the slowest links, over
            satellites, take less than one.
            """,
            """
            诊断程序按客户端的顺序逐个连接。某个地址约一秒没有响应就先往下走，但不放弃它，总共等三秒。
            慢但能用的 IPv6 属于正常；没有路由的 IPv6 会立即失败、不耽误时间；两者都不报告。
            三秒是经验值：最慢的卫星链路也不到一秒。
            """,
        ),
        mend=prose(
            """
            For qtune:

            ```
            QTUNE_IP_FAMILY=4
            ```

            Other programs do not read it. For all of them on Linux, this line in `/etc/gai.conf` puts IPv4
            first:

            ```
            precedence ::ffff:0:0/96  100
            ```

            Better still is to mend IPv6 itself: a VPN or a router that announces it and does not carry it.
            """,
            """
            对 qtune：

            ```
            QTUNE_IP_FAMILY=4
            ```

            其他程序不读取它。在 Linux 上，`/etc/gai.conf` 中的这一行能让所有程序优先使用 IPv4：

            ```
            precedence ::ffff:0:0/96  100
            ```

            更好的办法是修好 IPv6：通常是 VPN 或路由器宣告了 IPv6，却没有真正转发。
            """,
        ),
        verify=prose(
            """
            The first command gets no answer, the second one does:

            ```bash
            curl -6 -m 10 -o /dev/null https://huggingface.co/
            curl -4 -m 10 -o /dev/null https://huggingface.co/
            ```
            """,
            """
            第一条命令得不到响应，第二条可以：

            ```bash
            curl -6 -m 10 -o /dev/null https://huggingface.co/
            curl -4 -m 10 -o /dev/null https://huggingface.co/
            ```
            """,
        ),
        sources=(
            "https://github.com/unslothai/unsloth/issues/8778",
            "https://github.com/ggml-org/llama.cpp/issues/24783",
            "https://www.rfc-editor.org/rfc/rfc8305",
        ),
    ),
)
