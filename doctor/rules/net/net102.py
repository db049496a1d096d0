"""NET102: the address is known, but no connection to it can be made."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import Broken, behind_fake_ip, either_family, ended, tell
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    return tell("NET102", facts, ended(facts, "tcp"), _mend)


def _mend(facts: Facts, road: Broken) -> Fix:
    if (family := either_family(facts, road)) is not None:
        return family
    if behind_fake_ip(road.reach):
        return manual(
            "Start the local proxy program again: it answers for DNS, but carries no connection",
            "重启本机的代理软件：它接管了 DNS，却没有转发连接",
        )
    if not road.source.official and road.stage.kind == "refused":
        return manual(
            f"Start the hub at {road.host}, or correct its address and port",
            f"启动 {road.host} 上的服务，或更正地址和端口",
        )
    return manual(
        "If this network lets traffic out through a proxy only, put it into .env: "
        "HTTPS_PROXY=http://host:port",
        "如果所在网络只能通过代理出网，请在 .env 中写入：HTTPS_PROXY=http://主机:端口",
        command=f"curl -sS -m 10 -o /dev/null -w '%{{http_code}}\\n' https://{road.host}/",
    )


RULE = Rule(
    code="NET102",
    name="tcp",
    severity=Severity.ERROR,
    title=Text("No connection to the hub can be made", "无法连接到下载源"),
    needs=("reach",),
    judge=judge,
    page=Page(
        what=prose(
            """
            The hub's name has an address, but no TCP connection to it comes about. How it fails says
            much:

            - **refused**: a machine answered, nothing listens there. Typical of a wrong port, or of a
              filter that answers in the hub's place.
            - **no answer**: the packets vanish. Typical of a firewall, of networks that block the host,
              and of companies that want everything to go through a proxy.
            - **cut at once**, **no route**: a filter on the way, or no network.
            """,
            """
            下载源的域名有地址，但 TCP 连接建立不起来。失败的方式很能说明问题：

            - **被拒绝**：对方主机有响应，但该端口没有程序监听。常见于端口写错，或被中间设备代为拒绝。
            - **没有响应**：数据包石沉大海。常见于防火墙、屏蔽了该主机的网络，以及只允许走代理的公司网络。
            - **立即切断**、**没有路由**：途中有过滤设备，或根本没有网络。
            """,
        ),
        why=prose(
            """
            Some calls of `huggingface_hub` have no deadline of their own: with a host that swallows
            packets they seem to hang. Knowing that the road is closed saves that wait.
            """,
            """
            `huggingface_hub` 的部分请求没有超时限制，遇到只吞数据包的主机时会像卡死一样。
            提前知道此路不通，就不必白等。
            """,
        ),
        detect=prose(
            """
            The doctor opens a TCP connection to each address of the host, with a deadline of a few
            seconds, and tells which one was tried and how long it took. Where a proxy is set, this is
            not done: the client would not go there directly either.
            """,
            """
            诊断程序会在几秒的时限内逐个连接该主机的地址，并给出尝试过的地址和耗时。
            如果设置了代理则不做这一步，因为客户端也不会直连。
            """,
        ),
        mend=prose(
            """
            - Another hub can be reached: use it (`qtune doctor --fix` writes it).
            - Your network wants a proxy: `HTTPS_PROXY=http://host:port` in `.env`.
            - A local proxy program (Clash, V2Ray) answers for DNS with 198.18.x.x and does not carry the
              connection: restart it, or switch off its "fake-ip" and TUN modes.
            - IPv6 addresses alone are tried and lead nowhere: `QTUNE_IP_FAMILY=4`.
            """,
            """
            - 另一个下载源可以访问：改用它（`qtune doctor --fix` 会写入）。
            - 所在网络必须走代理：在 `.env` 中写入 `HTTPS_PROXY=http://主机:端口`。
            - 本机代理软件（Clash、V2Ray）用 198.18.x.x 接管了 DNS 却没有转发连接：
              重启它，或关闭 fake-ip 和 TUN 模式。
            - 只尝试了 IPv6 地址且不通：`QTUNE_IP_FAMILY=4`。
            """,
        ),
        verify=prose(
            """
            A status line within ten seconds, whichever it is, means that the road is open:

            ```bash
            curl -v -m 10 https://huggingface.co/ -o /dev/null
            qtune doctor --only NET102
            ```
            """,
            """
            十秒内出现状态行（无论什么状态码）就说明路是通的：

            ```bash
            curl -v -m 10 https://huggingface.co/ -o /dev/null
            qtune doctor --only NET102
            ```
            """,
        ),
        sources=(
            "https://github.com/ggml-org/llama.cpp/issues/24783",
            "https://github.com/unslothai/unsloth/issues/8778",
        ),
    ),
)
