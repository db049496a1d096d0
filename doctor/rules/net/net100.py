"""NET100: nothing leaves this machine: there is no route to the internet, or no DNS server is named."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Network, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.endpoints import is_loopback
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.net.roads import trail
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    """A machine in a closed network may well reach a hub or a proxy there: roads that work come first."""
    network = known(facts.network)
    roads = [road for fact in facts.reach.values() if (road := known(fact)) is not None]
    starved = [road for road in roads if blame.starved(facts, road)]
    works = any(road.ok and not is_loopback(road.host) for road in roads)
    if network is None or not starved or works:
        return
    yield Finding(
        "NET100",
        Severity.ERROR,
        _message(network),
        tuple(trail(road) for road in starved),
        fix=manual(
            "Connect this machine to a network (a container: start it with one). What lies in the cache "
            "already works without: HF_HUB_OFFLINE=1",
            "让本机联网（容器则需带网络启动）。缓存中已有的模型可以离线使用：HF_HUB_OFFLINE=1",
        ),
    )


def _message(network: Network) -> Text:
    if network.ok:
        return Text(
            "No DNS server is set: /etc/resolv.conf names none, so no name can be resolved",
            "没有设置 DNS 服务器：/etc/resolv.conf 中一个也没有，任何域名都无法解析",
        )
    return Text(
        "This machine is offline: it has no route to the internet, neither over IPv4 nor over IPv6",
        "本机没有联网：IPv4 和 IPv6 都没有通往互联网的路由",
    )


RULE = Rule(
    code="NET100",
    name="no-network",
    severity=Severity.ERROR,
    title=Text("This machine has no network", "本机没有网络"),
    needs=("reach", "network"),
    judge=judge,
    page=Page(
        what=prose(
            """
            Not one hub can be reached, and the reason lies before all of them: the machine has no route
            to the internet, or no DNS server is set, so that no name becomes an address.
            """,
            """
            所有下载源都无法访问，而且原因在它们之前：本机没有通往互联网的路由，
            或者没有设置 DNS 服务器，域名无法变成地址。
            """,
        ),
        why=prose(
            """
            Every other finding about hosts, proxies and hubs follows from this one, so it comes first and
            they are folded under it. Libraries tell it as "Can't load config" or "We couldn't connect to
            huggingface.co", which sounds like a wrong model name or a blocked site.
            """,
            """
            其他有关主机、代理和下载源的问题都由此而来，所以它排在最前，其余折叠在它下面。
            各个库只会说 "Can't load config" 或 "We couldn't connect to huggingface.co"，
            听起来像是模型名写错或网站被屏蔽。
            """,
        ),
        detect=prose(
            """
            The doctor asks the operating system which way it would send a packet to a public address
            (1.1.1.1 and 2606:4700:4700::1111); nothing is sent. On Linux it also reads which DNS servers
            `/etc/resolv.conf` names. It speaks only when a road to a hub ended there as well: a machine
            without internet that reaches a hub or a proxy in its own network is healthy.
            """,
            """
            诊断程序询问操作系统会把发往公网地址（1.1.1.1 和 2606:4700:4700::1111）的数据包送往哪里，
            并不真的发送；在 Linux 上还会读取 `/etc/resolv.conf` 中的 DNS 服务器。
            只有到下载源的路也确实断在这里时才会报告：本机不通互联网、
            但能访问内网中的下载源或代理，属于正常情况。
            """,
        ),
        mend=prose(
            """
            - A laptop: connect to a network, or switch the VPN off and on.
            - A container: start it without `--network none`; the host needs a network itself.
            - A compute node without internet: download on the login node, then train there offline:

            ```bash
            qtune download Qwen/Qwen3-4B
            HF_HUB_OFFLINE=1 qtune run sft.yaml
            ```

            - Only a proxy leads out: `HTTPS_PROXY=http://host:port` in `.env`.
            - No DNS server: write one into `/etc/resolv.conf`, for example `nameserver 223.5.5.5`.
            """,
            """
            - 笔记本电脑：连接网络，或重新连接 VPN。
            - 容器：启动时不要带 `--network none`；宿主机本身也要联网。
            - 不通外网的计算节点：在登录节点下载，再离线训练：

            ```bash
            qtune download Qwen/Qwen3-4B
            HF_HUB_OFFLINE=1 qtune run sft.yaml
            ```

            - 只能经代理出网：在 `.env` 中写 `HTTPS_PROXY=http://主机:端口`。
            - 没有 DNS 服务器：在 `/etc/resolv.conf` 中写一个，例如 `nameserver 223.5.5.5`。
            """,
        ),
        verify=prose(
            """
            The first command (Linux) should show a line that begins with `default`:

            ```bash
            ip route
            qtune doctor --only NET
            ```
            """,
            """
            第一条命令（Linux）应当显示以 `default` 开头的一行：

            ```bash
            ip route
            qtune doctor --only NET
            ```
            """,
        ),
        sources=("https://man7.org/linux/man-pages/man5/resolv.conf.5.html",),
    ),
)
