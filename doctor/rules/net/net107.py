"""NET107: the proxy speaks SOCKS, and a client that has to go through it cannot."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, ProxyFact, Reach, SourceFact, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import PROXY_STAGES, named
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    """Only of a proxy that works: a dead one is NET106, whatever it speaks."""
    packages = known(facts.packages)
    behind = [
        (source, reach.proxy)
        for source in facts.sources
        if (reach := known(facts.reach.get(source.name))) is not None
        and reach.proxy is not None
        and _carries(reach)
    ]
    if packages is None or not behind:
        return
    # A package that an older file of facts does not speak of may well be there.
    if packages.versions.get("socksio", "?") == "":
        yield _qtune(facts, [source for source, _ in behind], behind[0][1])
    elif packages.versions.get("pysocks", "?") == "" and packages.versions.get("modelscope"):
        for source, proxy in behind:
            if source.kind == "modelscope":
                yield _modelscope(facts, source, proxy)


def _carries(reach: Reach) -> bool:
    ends_there = reach.failed is not None and reach.failed.name in PROXY_STAGES
    return reach.proxy is not None and reach.proxy.url.startswith("socks") and not ends_there


def _qtune(facts: Facts, behind: list[SourceFact], proxy: ProxyFact) -> Finding:
    via = named(proxy)
    names = "、".join(source.titled for source in behind)
    return Finding(
        "NET107",
        Severity.ERROR,
        Text(
            f"{via.en} is a SOCKS proxy, and the package socksio is not installed: neither qtune nor "
            f"huggingface_hub gets through it to {names.replace('、', ', ')}",
            f"{via.zh}是 SOCKS 代理，但没有安装 socksio 包：qtune 和 huggingface_hub 都无法经由它访问 {names}",
        ),
        span=span_of(proxy.origin, facts),
        fix=_mend("socksio", 'pip install "httpx[socks]"'),
        source="" if len(behind) == len(facts.sources) else behind[0].name,
    )


def _modelscope(facts: Facts, source: SourceFact, proxy: ProxyFact) -> Finding:
    via = named(proxy)
    return Finding(
        "NET107",
        Severity.INFO,
        Text(
            f"{via.en} is a SOCKS proxy: qtune gets through it, but ModelScope's own client in your "
            "scripts does not, because the package PySocks is not installed",
            f"{via.zh}是 SOCKS 代理：qtune 可以使用，但你脚本中的 ModelScope 客户端不行，"
            "因为没有安装 PySocks 包",
        ),
        span=span_of(proxy.origin, facts),
        fix=_mend("PySocks", "pip install pysocks"),
        source=source.name,
    )


def _mend(package: str, command: str) -> Fix:
    return manual(
        f"Install {package}, or give the address of an HTTP proxy: most proxy programs have a port for that too",
        f"安装 {package}，或改填 HTTP 代理的地址：大多数代理软件同时提供 HTTP 端口",
        command=command,
    )


RULE = Rule(
    code="NET107",
    name="proxy-socks",
    severity=Severity.ERROR,
    title=Text("A client cannot speak to the SOCKS proxy", "客户端无法使用 SOCKS 代理"),
    needs=("reach", "packages"),
    judge=judge,
    page=Page(
        what=prose(
            """
            `HTTPS_PROXY` or `ALL_PROXY` names a SOCKS proxy (`socks5://`, `socks5h://`). Python's HTTP
            clients need one more package to speak SOCKS, each another one:

            | client | used by | needs |
            |---|---|---|
            | httpx, httpx2 | qtune, huggingface_hub from 1.0 on | socksio |
            | requests | ModelScope's SDK | PySocks |
            | hf_xet (Rust) | huggingface_hub's large files | nothing |

            `socks://`, as desktop programs write it, is no address that any of them knows: that is NET106.
            """,
            """
            `HTTPS_PROXY` 或 `ALL_PROXY` 指定了 SOCKS 代理（`socks5://`、`socks5h://`）。
            Python 的 HTTP 客户端需要额外的包才能使用 SOCKS，而且各不相同：

            | 客户端 | 使用者 | 需要 |
            |---|---|---|
            | httpx、httpx2 | qtune、huggingface_hub 1.0 及以上 | socksio |
            | requests | ModelScope SDK | PySocks |
            | hf_xet（Rust） | huggingface_hub 的大文件下载 | 无 |

            桌面软件写的 `socks://` 是它们都不认识的写法，那属于 NET106。
            """,
        ),
        why=prose(
            """
            Without it the client does not start at all ("Using SOCKS proxy, but the 'socksio' package is
            not installed", "Missing dependencies for SOCKS support"), also for hosts that it could reach
            without the proxy.
            """,
            """
            缺少它时客户端根本无法启动（"Using SOCKS proxy, but the 'socksio' package is not installed"、
            "Missing dependencies for SOCKS support"），连不需要代理的主机也访问不了。
            """,
        ),
        detect=prose(
            """
            The doctor speaks SOCKS itself, so it sees whether the proxy works, and then looks whether the
            packages are installed. About PySocks it speaks only where ModelScope serves and its SDK is
            installed: qtune's own download does not need it.
            """,
            """
            诊断程序自己实现了 SOCKS，因此能看出代理是否可用，再检查这些包是否已安装。
            只有在使用 ModelScope 且装有其 SDK 时才会提到 PySocks：qtune 自己的下载不需要它。
            """,
        ),
        mend=prose(
            """
            Either install what is missing:

            ```bash
            pip install "httpx[socks]" pysocks
            ```

            or give the HTTP port of the same proxy program (Clash's mixed port speaks both):

            ```
            HTTPS_PROXY=http://127.0.0.1:7890
            ```

            With `socks5h://` the proxy resolves names; with `socks5://` `requests` resolves them here.
            """,
            """
            要么安装缺少的包：

            ```bash
            pip install "httpx[socks]" pysocks
            ```

            要么改用同一个代理软件的 HTTP 端口（Clash 的混合端口两者都支持）：

            ```
            HTTPS_PROXY=http://127.0.0.1:7890
            ```

            使用 `socks5h://` 时由代理解析域名；使用 `socks5://` 时，`requests` 会在本机解析。
            """,
        ),
        verify=prose(
            """
            No error, and no finding:

            ```bash
            python -c "import socksio"
            qtune doctor --only NET107
            ```
            """,
            """
            不报错，也没有诊断结果：

            ```bash
            python -c "import socksio"
            qtune doctor --only NET107
            ```
            """,
        ),
        sources=(
            "https://github.com/AUTOMATIC1111/stable-diffusion-webui/issues/16474",
            "https://requests.readthedocs.io/en/latest/user/advanced/#socks",
        ),
    ),
)
