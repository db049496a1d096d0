"""NET106: the proxy that the settings name cannot be used, does not answer, or says no."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.origin import Level
from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, ProxyFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.net.proxies import Trouble, troubles
from qtune.doctor.rules.net.roads import evidence, named, removed, rewritten
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose

_WRONG = {
    "scheme": Text("begins with a scheme that no client knows", "以客户端不支持的协议名开头"),
    "port": Text("has a port that is no number up to 65535", "的端口不是 65535 以内的数字"),
    "host": Text("names no host", "缺少主机名"),
}


def judge(facts: Facts) -> Iterable[Finding]:
    for trouble in troubles(facts):
        # Several hubs behind one proxy, and no other: it is nobody's in particular, whichever hub serves.
        everybody = 1 < len(trouble.sources) == len(facts.sources)
        first = trouble.sources[0]
        yield Finding(
            "NET106",
            Severity.ERROR,
            _message(facts, trouble),
            _evidence(facts, trouble),
            because=blame.cause(facts, trouble.roads[0].reach) if trouble.roads else None,
            span=span_of(trouble.proxy.origin, facts),
            fix=switch_source(facts, first) or _mend(facts, trouble),
            source="" if everybody else first,
        )


def _evidence(facts: Facts, trouble: Trouble) -> tuple[Text, ...]:
    if trouble.bad:  # nothing was dialled
        value = _value(facts, trouble.proxy)
        return (plain(f"{trouble.proxy.key}={value}"),) if value else ()
    return tuple(dict.fromkeys(line for road in trouble.roads for line in evidence(facts, road)))


def _value(facts: Facts, proxy: ProxyFact) -> str:
    """As it was written, without a password; "" where it stands in no setting."""
    return next((fact.value for fact in facts.settings if fact.key == proxy.key.upper()), "")


def _message(facts: Facts, trouble: Trouble) -> Text:
    via = named(trouble.proxy)
    if trouble.bad:
        wrong = _WRONG.get(trouble.proxy.bad, Text("cannot be used", "无法使用"))
        return Text(f"The proxy in {via.en} {wrong.en}", f"{via.zh}中的代理地址{wrong.zh}")
    how = trouble.roads[0].ending
    names = [source.titled for source in facts.sources if source.name in trouble.sources]
    en, zh = ", ".join(names), "、".join(names)
    return Text(f"{via.en}: {how.en}. It stands before {en}", f"{via.zh}：{how.zh}。受影响：{zh}")


def _mend(facts: Facts, trouble: Trouble) -> Fix:
    proxy = trouble.proxy
    if proxy.key == "SYSTEM":
        return manual(
            "Correct or switch off the proxy in the system's network settings",
            "在系统的网络设置中更正或关闭代理",
        )
    if trouble.bad:
        return _write_rightly(facts, trouble)
    kind = trouble.roads[0].stage.kind
    if kind == "auth":
        return manual(
            f"Put the user name and password into {proxy.key}: http://user:password@host:port "
            "(percent-encode special characters)",
            f"在 {proxy.key} 中写上用户名和密码：http://用户名:密码@主机:端口（特殊字符要百分号编码）",
        )
    if kind == "denied":
        hosts = ", ".join(dict.fromkeys(road.reach.host for road in trouble.roads))
        return manual(
            f"Choose another node or rule in the proxy program, or ask whoever runs it to allow {hosts}",
            f"在代理软件中换一个节点或规则，或请代理的管理员放行 {hosts}",
        )
    if kind == "not_a_proxy" and proxy.url.startswith("http"):
        socks = "socks5h://" + proxy.url.partition("://")[2]
        patch = rewritten(facts, proxy, socks)
        if patch is not None:
            return Fix(
                Text(
                    f"If that port is a SOCKS port, write {socks}; else give the HTTP port",
                    f"如果那是 SOCKS 端口，请写成 {socks}；否则请改成 HTTP 端口",
                ),
                Applicability.UNSAFE,
                patch=patch,
            )
    return Fix(
        Text(
            f"Start the proxy program at {proxy.url}, or remove {proxy.key} to go without it",
            f"启动 {proxy.url} 上的代理程序，或删除 {proxy.key} 改为直连",
        ),
        Applicability.UNSAFE,
        patch=removed(proxy),
        command=f"unset {proxy.key}" if proxy.origin.level is Level.ENVIRON else "",
    )


def _write_rightly(facts: Facts, trouble: Trouble) -> Fix:
    """`socks://` is what desktop programs write; it means what clients call socks5h."""
    proxy = trouble.proxy
    value = _value(facts, proxy)
    if value.lower().startswith("socks://"):
        meant = "socks5h://" + value.partition("://")[2].rstrip("/")
        patch = rewritten(facts, proxy, meant)
        if patch is not None:
            return Fix(
                Text(f"Write the proxy as {meant}", f"把代理写成 {meant}"),
                Applicability.SAFE,
                patch=patch,
            )
    return manual(
        f"Write {proxy.key} as http://host:port or socks5h://host:port",
        f"请把 {proxy.key} 写成 http://主机:端口 或 socks5h://主机:端口",
    )


RULE = Rule(
    code="NET106",
    name="proxy-env",
    severity=Severity.ERROR,
    title=Text("The proxy does not work", "代理不可用"),
    needs=("reach", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            A proxy is set (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, or the system's own), and the road
            ends at it: its address cannot be used, nothing listens there, it wants a password (407), it
            does not connect to the hub, or it is a proxy of another kind.
            """,
            """
            设置了代理（`HTTPS_PROXY`、`HTTP_PROXY`、`ALL_PROXY` 或系统代理），但请求到代理就中断了：
            地址写法不可用、没有程序在监听、需要密码（407）、代理拒绝访问该下载源，
            或者代理的类型不对。
            """,
        ),
        why=prose(
            """
            A proxy stands before every request, so one stale line stops both hubs at once. It is the most
            common leftover of all: the proxy program was closed, the variable in `.bashrc` stayed. Some
            mistakes are louder: with `socks://` Python's HTTP client refuses to start.
            """,
            """
            所有请求都要经过代理，一行过时的设置就会让两个下载源同时不可用。
            这也是最常见的遗留问题：代理软件关了，`.bashrc` 里的变量还在。
            有些错误更直接：写成 `socks://` 时，Python 的 HTTP 客户端会直接报错。
            """,
        ),
        detect=prose(
            """
            The doctor takes the road that the client takes: it resolves the proxy's name, connects to it,
            asks it for a tunnel to the hub, and says at which of these it ended, with the time. The
            variable and the `.env` line that set it are named; its password is never shown.

            Rule of thumb: when one proxy fails for several hubs, the proxy is the cause; when it refuses
            one host and serves others, that host's rule says so (HUB201 for the large-file host).
            """,
            """
            诊断程序走与客户端相同的路：解析代理的域名、连接代理、请求建立到下载源的隧道，
            并指出在哪一步中断、用了多久。结果会写明是哪个变量、`.env` 的哪一行，但不会显示密码。

            经验规则：同一个代理让多个源都失败，原因就在代理；
            如果它只拒绝某个主机，则由该主机对应的规则说明（大文件主机见 HUB201）。
            """,
        ),
        mend=prose(
            """
            - Nothing listens: start the proxy program, or remove the line. In a shell:

            ```bash
            unset HTTPS_PROXY HTTP_PROXY ALL_PROXY https_proxy http_proxy all_proxy
            ```

            and look for it in `~/.bashrc`, `~/.zshrc`, or Windows' user variables.
            - Write it as `http://host:port` or `socks5h://host:port`, also for `HTTPS_PROXY`:
              `https://` in front would mean that the proxy itself speaks TLS, and few do.
            - 407: `HTTPS_PROXY=http://user:password@host:port`.
            - Under WSL 2, `127.0.0.1` is the Linux side. Use the Windows host's address (the
              `nameserver` in `/etc/resolv.conf`) and let the proxy program listen on all interfaces, or
              turn on WSL's mirrored networking.
            - In a container, `127.0.0.1` is the container. Use `host.docker.internal`.
            - ModelScope needs no proxy in mainland China:

            ```
            NO_PROXY=modelscope.cn,localhost,127.0.0.1
            ```
            """,
            """
            - 没有程序监听：启动代理软件，或删除这一行。在终端中：

            ```bash
            unset HTTPS_PROXY HTTP_PROXY ALL_PROXY https_proxy http_proxy all_proxy
            ```

            并检查 `~/.bashrc`、`~/.zshrc` 或 Windows 的用户变量里有没有它。
            - 写成 `http://主机:端口` 或 `socks5h://主机:端口`，`HTTPS_PROXY` 也一样：
              写 `https://` 表示代理本身使用 TLS，这样的代理很少。
            - 407：`HTTPS_PROXY=http://用户名:密码@主机:端口`。
            - WSL 2 中 `127.0.0.1` 指的是 Linux 这一侧。请使用 Windows 主机的地址
              （`/etc/resolv.conf` 中的 `nameserver`）并让代理软件监听所有网卡，
              或开启 WSL 的镜像网络模式。
            - 容器里的 `127.0.0.1` 是容器自己，请改用 `host.docker.internal`。
            - 在国内访问 ModelScope 不需要代理：

            ```
            NO_PROXY=modelscope.cn,localhost,127.0.0.1
            ```
            """,
        ),
        verify=prose(
            """
            Any status but 407 from the first command means that the proxy carries:

            ```bash
            curl -x http://host:port -sS -o /dev/null -w '%{http_code}\\n' https://huggingface.co/
            qtune doctor --only NET106
            ```
            """,
            """
            第一条命令返回 407 以外的状态码，就说明代理可用：

            ```bash
            curl -x http://host:port -sS -o /dev/null -w '%{http_code}\\n' https://huggingface.co/
            qtune doctor --only NET106
            ```
            """,
        ),
        sources=(
            "https://github.com/WalkingMeatAxolotl/AnimaLoraStudio/issues/190",
            "https://www.python-httpx.org/advanced/proxies/",
        ),
    ),
)
