"""NET111: small answers come through, but a large one stops after the first packets."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Speed, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        speed, road = known(facts.speed.get(source.name)), known(facts.storage.get(source.name))
        if speed is None or road is None or not road.ok or not blame.stalls(speed):
            continue
        quiet = f"{speed.single.quiet_s:.1f}"
        yield Finding(
            "NET111",
            Severity.ERROR,
            Text(
                f"{source.titled}: {speed.host} answers small requests, but a large one stops after "
                f"{size(speed.single.bytes)}: then nothing for {quiet} s",
                f"{source.titled}：{speed.host} 能响应小请求，但大文件只收到 {size(speed.single.bytes)} 就停住，"
                f"之后 {quiet} 秒没有任何数据",
            ),
            tuple(_seen(speed)),
            fix=switch_source(facts, source.name)
            or manual(
                "Lower the MTU of the network interface or VPN to 1400 and try again, or go another way "
                "(without the VPN, through a proxy)",
                "把网卡或 VPN 的 MTU 降到 1400 再试，或换一条路（不用 VPN，或改走代理）",
            ),
            source=source.name,
        )


def _seen(speed: Speed) -> Iterable[Text]:
    for sample in (speed.single, speed.several):
        if sample is None:
            continue
        count, got = sample.connections, size(sample.bytes)
        many = "connection" if count == 1 else "connections"
        yield Text(
            f"{count} {many}: {got}, then {sample.quiet_s:.1f} s of silence",
            f"{count} 个连接：收到 {got}，之后静默 {sample.quiet_s:.1f} 秒",
        )


RULE = Rule(
    code="NET111",
    name="stall",
    severity=Severity.ERROR,
    title=Text("Large answers stop after the first packets", "大文件传到开头几个数据包就停住"),
    needs=("speed", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            The host of the weights answers a request for one byte, but of a large piece only the first
            packets arrive, and then nothing, on every connection.
            """,
            """
            存放权重的主机能响应一个字节的请求，但读取大块数据时，每个连接都只收到开头几个数据包，
            之后就再无动静。
            """,
        ),
        why=prose(
            """
            Each try fetches a few kilobytes more and stops again, so the download never ends, while every
            small test (`ping`, `curl -I`, the web page) looks fine. Two causes are common: a tunnel (VPN,
            PPPoE, a container network) whose largest packet is smaller than announced, with the notices
            about it filtered out; and a filter that watches the first bytes and then drops the rest.
            """,
            """
            每次重试只多得几 KB 又停下，下载永远完不成，而所有小测试（`ping`、`curl -I`、打开网页）
            看起来都正常。常见原因有两个：隧道（VPN、PPPoE、容器网络）实际能通过的数据包比声明的小，
            而相应的通知又被过滤掉；或者途中的设备检查开头的数据后丢弃其余部分。
            """,
        ),
        detect=prose(
            """
            From the speed measurement, without a further request: less than 128 KiB a connection, and then
            at least two seconds of silence, with one connection as well as with several, from a host that
            answered a small request. Both numbers are rules of thumb. A slow line that keeps giving is
            HUB207, and so is one that gives not one byte.
            """,
            """
            取自测速结果，不另发请求：每个连接收到不足 128 KiB，随后至少两秒没有数据，
            单连接和多连接都是如此，而同一主机能响应小请求。两个数字都是经验阈值。
            一直有数据但很慢，或者一个字节都没有，属于 HUB207。
            """,
        ),
        mend=prose(
            """
            - Find the largest packet that gets through, and set the MTU to that (28 bytes more than the
              number that works):

            ```bash
            ping -M do -s 1372 us.aws.cdn.hf.co
            sudo ip link set dev eth0 mtu 1400
            ```

            - Docker: `--network host`, or `"mtu": 1400` in `/etc/docker/daemon.json`.
            - Without the VPN, or through a proxy instead: `HTTPS_PROXY` in `.env`.
            - The other hub comes over another road: `USE_MODELSCOPE=True`.
            """,
            """
            - 找出能通过的最大数据包，据此设置 MTU（等于能通过的数字加 28）：

            ```bash
            ping -M do -s 1372 us.aws.cdn.hf.co
            sudo ip link set dev eth0 mtu 1400
            ```

            - Docker：使用 `--network host`，或在 `/etc/docker/daemon.json` 中设置 `"mtu": 1400`。
            - 不用 VPN，或改走代理：在 `.env` 中设置 `HTTPS_PROXY`。
            - 另一个下载源走的是另一条路：`USE_MODELSCOPE=True`。
            """,
        ),
        verify=prose(
            """
            It shows how much came, and the speed once it is mended:

            ```bash
            qtune doctor --only NET111 -v
            ```
            """,
            """
            会显示收到了多少数据；修好后则显示速度：

            ```bash
            qtune doctor --only NET111 -v
            ```
            """,
        ),
        sources=("https://www.rfc-editor.org/rfc/rfc2923",),
    ),
)
