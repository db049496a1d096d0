"""NET104: this machine's clock is wrong by minutes or more, as the hubs' answers show."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import duration
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    off = blame.clock_off(facts)
    if off is None or abs(off) <= blame.CLOCK_S:
        return
    roads = [
        road
        for fact in (*facts.reach.values(), *facts.storage.values())
        if (road := known(fact)) is not None and road.clock_off_s is not None
    ]
    fails = any(blame.cause(facts, road) == "NET104" for road in roads)
    by = duration(abs(off))
    how = Text("behind", "慢了") if off > 0 else Text("ahead", "快了")
    follows = (
        Text(", so certificates count as not valid", "，证书因此被判为无效")
        if fails
        else Text("", "")
    )
    yield Finding(
        "NET104",
        Severity.ERROR if fails else Severity.WARNING,
        Text(
            f"This machine's clock is {by.en} {how.en}{follows.en}",
            f"本机时钟{how.zh} {by.zh}{follows.zh}",
        ),
        tuple(
            Text(
                f"{road.host}: its answer is dated {road.clock_off_s:+.0f} s from the clock here",
                f"{road.host}：响应的日期与本机时钟相差 {road.clock_off_s:+.0f} 秒",
            )
            for road in {road.host: road for road in roads}.values()
        ),
        fix=manual(
            "Set the clock from the network: `sudo timedatectl set-ntp true` (Linux), `w32tm /resync` "
            "(Windows), `sudo hwclock -s` (WSL after sleep)",
            "通过网络校时：`sudo timedatectl set-ntp true`（Linux）、`w32tm /resync`（Windows）、"
            "`sudo hwclock -s`（WSL 休眠之后）",
            command="date -u",
        ),
    )


RULE = Rule(
    code="NET104",
    name="clock-skew",
    severity=Severity.WARNING,
    title=Text("This machine's clock is wrong", "本机时钟不准"),
    needs=("reach", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            The date in the hubs' answers differs from this machine's clock by more than five minutes.
            """,
            """
            下载源响应中的日期与本机时钟相差超过五分钟。
            """,
        ),
        why=prose(
            """
            By some days, every certificate counts as expired or as not yet valid, and TLS fails: an error
            that looks like an attack or like a broken hub. By an hour, short-lived tokens (of Xet, of
            OAuth) count as expired when they arrive, and are asked for again and again. Typical causes: a
            virtual machine or WSL that slept, a board whose battery is empty, a wrong time zone set by
            hand.

            By a few minutes a download works all the same: addresses of files are signed and checked by
            the servers' own clocks. The threshold of five minutes is a rule of thumb.
            """,
            """
            相差几天时，所有证书都会被判为过期或尚未生效，TLS 失败，看起来像遭到攻击或对方故障。
            相差一小时时，短期凭证（Xet、OAuth）一到手就算过期，于是反复重新申请。
            常见原因：虚拟机或 WSL 休眠过、主板电池没电、手工改错了时区。

            只差几分钟时下载照常：文件地址的签名由服务器按自己的时钟检查。五分钟是经验阈值。
            """,
        ),
        detect=prose(
            """
            The `Date` of the answers that the other checks get anyway is compared with the clock here; the
            time the answer was on its way and the `Age` of a cached one are taken into account. Of several
            hosts the one closest to the clock counts, since a server's clock can be wrong too.

            Where a certificate's dates do not fit, the date is read over a connection that is not verified,
            and over which nothing secret goes: it is a hint, not a proof.
            """,
            """
            诊断程序用其他检查本来就会得到的响应里的 `Date` 与本机时钟比较，
            并扣除传输时间和缓存响应的 `Age`。有多个主机时取与本机最接近的一个，因为服务器时钟也可能不准。

            如果证书日期不符，则通过一个未经校验的连接读取日期，其中不发送任何秘密：这只是线索，不是证明。
            """,
        ),
        mend=prose(
            """
            - Linux: `sudo timedatectl set-ntp true`
            - Windows: `w32tm /resync`, as administrator
            - WSL: `sudo hwclock -s`, or `wsl --shutdown` and start it again
            - A container has the clock of its host: mend it there.
            """,
            """
            - Linux：`sudo timedatectl set-ntp true`
            - Windows：以管理员身份运行 `w32tm /resync`
            - WSL：`sudo hwclock -s`，或 `wsl --shutdown` 后重新启动
            - 容器使用宿主机的时钟：请在宿主机上校时。
            """,
        ),
        verify=prose(
            """
            Both lines should agree to the second or two:

            ```bash
            date -u
            curl -sI https://modelscope.cn | grep -i ^date
            ```
            """,
            """
            两行时间应当只差一两秒：

            ```bash
            date -u
            curl -sI https://modelscope.cn | grep -i ^date
            ```
            """,
        ),
        sources=("https://www.rfc-editor.org/rfc/rfc9110#name-date",),
    ),
)
