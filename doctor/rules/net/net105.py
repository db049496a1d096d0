"""NET105: a web page answers where the hub should, such as a network's sign-in page."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import Broken, ended, tell
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    """An address of the user's own that is no hub is HUB203; the hub's own address cannot be wrong."""
    roads = [
        road
        for road in ended(facts, "http")
        if road.stage.kind == "portal" or (road.stage.kind == "not_a_hub" and road.source.official)
    ]
    return tell("NET105", facts, roads, _mend)


def _mend(facts: Facts, road: Broken) -> Fix:
    if road.reach.proxy is not None:
        return manual(
            f"Open the address in a browser that uses the proxy {road.reach.proxy.url}, and sign in "
            "or read what it says",
            f"在使用代理 {road.reach.proxy.url} 的浏览器中打开该地址，登录或查看页面提示",
            url=road.reach.url,
        )
    return manual(
        "Open the address in a browser: sign in to the network there, then run the doctor again",
        "用浏览器打开该地址，完成网络登录后再运行诊断",
        url=road.reach.url,
    )


RULE = Rule(
    code="NET105",
    name="captive-portal",
    severity=Severity.ERROR,
    title=Text("A web page answers instead of the hub", "返回的是网页，而不是下载源的响应"),
    needs=("reach",),
    judge=judge,
    page=Page(
        what=prose(
            """
            The hub's API was asked and a web page came back, or an answer that no hub gives. Something
            in between took the request: the sign-in page of a hotel, campus or company network, a proxy's
            "blocked" page, or a mirror that shows a challenge to programs.
            """,
            """
            向下载源的 API 发出请求，回来的却是网页，或者不像任何下载源会给出的响应。
            请求被中间环节截走了：酒店、校园或公司网络的登录页，代理的“禁止访问”页，
            或者镜像站的人机验证页。
            """,
        ),
        why=prose(
            """
            The libraries try to read the page as data and fail with `JSONDecodeError`, or with "does not
            seem to be served by a Hugging Face Hub endpoint". Worse, a page can be stored as if it were
            a model file.
            """,
            """
            各个库会把网页当数据解析，然后报 `JSONDecodeError`，或
            "does not seem to be served by a Hugging Face Hub endpoint"。
            更糟的是，网页可能被当成模型文件保存下来。
            """,
        ),
        detect=prose(
            """
            One small request to the API, without a token: HTML, a redirect to a foreign host, status 511,
            or an answer without the hub's marks counts as somebody else's.
            """,
            """
            向 API 发送一个不带 Token 的小请求：如果得到 HTML、跳转到无关主机、状态码 511，
            或响应缺少该下载源的特征，就说明应答的不是它。
            """,
        ),
        mend=prose(
            """
            Open any page in a browser on the same machine and sign in. On a server without a browser ask
            whoever runs the network; often a proxy must be used:

            ```
            HTTPS_PROXY=http://host:port
            ```

            If the page comes from a mirror, use the other hub or the official address.
            """,
            """
            在同一台机器上用浏览器随便打开一个网页并登录。没有浏览器的服务器请询问网络管理员，
            往往需要设置代理：

            ```
            HTTPS_PROXY=http://host:port
            ```

            如果网页来自镜像站，请改用另一个下载源，或改回官方地址。
            """,
        ),
        verify=prose(
            """
            ```bash
            curl -sI https://huggingface.co/api/models/Qwen/Qwen3-4B | grep -i content-type
            qtune doctor --only NET105
            ```

            The first command should say `application/json`.
            """,
            """
            ```bash
            curl -sI https://huggingface.co/api/models/Qwen/Qwen3-4B | grep -i content-type
            qtune doctor --only NET105
            ```

            第一条命令应当显示 `application/json`。
            """,
        ),
        sources=("https://github.com/huggingface/huggingface_hub/issues/4637",),
    ),
)
