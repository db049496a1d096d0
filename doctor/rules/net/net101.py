"""NET101: the hub's name leads to no address, or to one that goes nowhere."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import Broken, either_family, ended, endpoint_setting, tell
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    return tell("NET101", facts, ended(facts, "dns"), _mend)


def _mend(facts: Facts, road: Broken) -> Fix:
    host, setting = road.reach.host, endpoint_setting(facts, road.source)
    if (family := either_family(facts, road)) is not None:
        return family
    if road.stage.kind == "nxdomain" and setting is not None and not road.source.official:
        return Fix(
            Text(
                f"Correct the host in {setting[0]}, or remove the line to use the hub's own address",
                f"更正 {setting[0]} 中的域名，或删除这一行以使用官方地址",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({setting[0]})),
        )
    if road.stage.kind == "blocked":
        return manual(
            f"Look for {host} in the hosts file, or use another DNS server than the one that blocks it",
            f"检查 hosts 文件里有没有 {host}，或换一个不屏蔽它的 DNS 服务器",
            command=f"nslookup {host}",
        )
    return manual(
        "Check that this machine is online, then try another DNS server (223.5.5.5, 1.1.1.1)",
        "先确认本机已联网，再换一个 DNS 服务器试试（如 223.5.5.5、1.1.1.1）",
        command=f"nslookup {host}",
    )


RULE = Rule(
    code="NET101",
    name="dns",
    severity=Severity.ERROR,
    title=Text("The hub's name cannot be resolved", "无法解析下载源的域名"),
    needs=("reach",),
    judge=judge,
    page=Page(
        what=prose(
            """
            Before anything is sent, the hub's name (`huggingface.co`, `modelscope.cn`) must become an
            address. Here it did not: DNS says that there is no such name, no DNS server answered, or
            the answer is an address that leads nowhere (`0.0.0.0`, `127.0.0.1`).
            """,
            """
            发送任何请求之前，都要先把下载源的域名（`huggingface.co`、`modelscope.cn`）解析成地址。
            这一步失败了：DNS 返回域名不存在，或者没有 DNS 服务器响应，
            又或者返回的是无效地址（`0.0.0.0`、`127.0.0.1`）。
            """,
        ),
        why=prose(
            """
            Nothing can be downloaded from a host without an address. The libraries hide this: they say
            "couldn't connect" or "Can't load config for 'Qwen/Qwen3-4B'", which looks like a wrong model
            name.
            """,
            """
            没有地址就什么也下载不了。各个库往往不直说，只报 "couldn't connect" 或
            "Can't load config for 'Qwen/Qwen3-4B'"，看起来像是模型名写错了。
            """,
        ),
        detect=prose(
            """
            The doctor asks the system's resolver, as every client does, and notes the time and the
            addresses. With a proxy set, the proxy's name is looked up instead, because the proxy
            resolves the hub's. The answers of a local proxy program (Clash answers 198.18.x.x) are
            fine as long as the connection then works.
            """,
            """
            诊断程序与所有客户端一样询问系统的域名解析，并记录耗时和得到的地址。
            如果设置了代理，则解析代理的域名，因为下载源的域名由代理解析。
            本机代理软件给出的地址（Clash 会返回 198.18.x.x）只要后续能连通，就不算问题。
            """,
        ),
        mend=prose(
            """
            - The other hub resolves: use it. `qtune doctor --fix` writes the line, for example

            ```
            USE_MODELSCOPE=True
            ```

            - No name resolves at all: the machine is offline, or its DNS server is down. In a container
              look at `/etc/resolv.conf`.
            - The name is blocked: remove it from the hosts file (`/etc/hosts`,
              `C:\\Windows\\System32\\drivers\\etc\\hosts`) or choose another DNS server.
            - A mirror's name does not exist: correct `HF_ENDPOINT`, or remove the line.
            - The name has no address of the family in `QTUNE_IP_FAMILY`: remove that line.
            """,
            """
            - 另一个下载源能解析：改用它。`qtune doctor --fix` 会写入相应的行，例如

            ```
            USE_MODELSCOPE=True
            ```

            - 所有域名都无法解析：本机没有联网，或 DNS 服务器故障。在容器里请查看 `/etc/resolv.conf`。
            - 域名被屏蔽：从 hosts 文件（`/etc/hosts` 或
              `C:\\Windows\\System32\\drivers\\etc\\hosts`）中删除它，或更换 DNS 服务器。
            - 镜像的域名不存在：更正 `HF_ENDPOINT`，或删除这一行。
            - 域名没有 `QTUNE_IP_FAMILY` 所要求的那种地址：删除那一行。
            """,
        ),
        verify=prose(
            """
            The first command should show an address, the second should have nothing to say:

            ```bash
            nslookup huggingface.co
            qtune doctor --only NET101
            ```
            """,
            """
            第一条命令应当显示地址，第二条应当没有问题：

            ```bash
            nslookup huggingface.co
            qtune doctor --only NET101
            ```
            """,
        ),
        sources=("https://github.com/huggingface/huggingface_hub/issues/3155",),
    ),
)
