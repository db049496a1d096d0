"""SRC007: certificates are not checked, so that anybody on the way can answer for the hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qtune.core.text import Text
from qtune.doctor.facts import CodeCall, Facts, SourceCode, Spot, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.words import READ_ONLY, span
from qtune.doctor.rules.words import joined, prose

_VERBS = r"get|post|put|patch|delete|head|options|request|stream"
_CALLS = re.compile(
    rf"requests\.(?:{_VERBS})|requests\.(?:sessions\.)?(?:Session|session)\.(?:{_VERBS})"
    rf"|httpx2?\.(?:{_VERBS}|Client|AsyncClient|HTTPTransport|AsyncHTTPTransport)"
    rf"|httpx2?\.(?:Async)?Client\.(?:{_VERBS})"
)
_AIOHTTP = re.compile(rf"aiohttp\.(?:TCPConnector|request|ClientSession\.(?:{_VERBS}|ws_connect))")
_SESSION = re.compile(r"requests\.(?:sessions\.)?(?:Session|session)\.verify")
_LOCAL = re.compile(r"https?://(?:localhost|127\.|\[::1\]|0\.0\.0\.0|10\.|192\.168\.)", re.I)


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    if source is None:
        return
    for call in source.calls:
        name = "ssl" if _AIOHTTP.fullmatch(call.function) else "verify"
        if name == "ssl" or _CALLS.fullmatch(call.function):
            argument = call.keyword(name)
            if argument is not None and argument.value.kind == "false" and not _local(call):
                yield _finding(source, argument.whole)
    for assigned in source.assignments:
        off = _SESSION.fullmatch(assigned.target) and assigned.value.kind == "false"
        if off or _unverified(assigned.target, assigned.value.name):
            yield _finding(source, assigned.spot)
    yield from _variables(source)


def _local(call: CodeCall) -> bool:
    """This machine, or the network around it: there certificates are often one's own.

    Whoever turns the environment's proxies off as well does not go out.
    """
    trust_env = call.keyword("trust_env")
    if trust_env is not None and trust_env.value.kind == "false":
        return True
    return any(
        argument.value.kind == "text" and _LOCAL.match(argument.value.text)
        for argument in call.arguments
    )


def _unverified(target: str, value: str) -> bool:
    return target == "ssl._create_default_https_context" and value in (
        "ssl._create_unverified_context",
        "ssl._create_stdlib_context",
    )


def _variables(source: SourceCode) -> Iterator[Finding]:
    for variable in source.variables:
        value = variable.value
        if value.kind != "text":
            continue
        if variable.key == "PYTHONHTTPSVERIFY" and value.text == "0":
            yield _finding(source, variable.spot)
        elif variable.key in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE") and not value.text:
            yield Finding(
                "SRC007",
                Severity.INFO,
                Text(
                    f'{variable.key}="" turned certificates off in requests before 2.28; today it does nothing',
                    f'{variable.key}="" 在 requests 2.28 之前会关闭证书校验，现在已不起作用',
                ),
                span=span(source, variable.spot),
                fix=_fix(),
            )


def _finding(source: SourceCode, spot: Spot) -> Finding:
    return Finding(
        "SRC007",
        Severity.WARNING,
        Text(
            "certificates are not checked here: whoever is on the way can read the token and change the files",
            "这里不校验证书：链路上的任何人都能读取 Token、篡改文件",
        ),
        span=span(source, spot),
        fix=_fix(),
    )


def _fix() -> Fix:
    return Fix(
        Text(
            "Name your proxy's CA instead, in SSL_CERT_FILE (huggingface_hub) and REQUESTS_CA_BUNDLE (ModelScope)",
            "改为指定代理的 CA：SSL_CERT_FILE（huggingface_hub）和 REQUESTS_CA_BUNDLE（ModelScope）",
        ),
        Applicability.MANUAL,
    )


RULE = Rule(
    code="SRC007",
    name="verify-off",
    severity=Severity.WARNING,
    title=Text("Certificates are not checked", "未校验证书"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            The code turns the check of TLS certificates off: `verify=False` for requests or httpx, `ssl=False`
            for aiohttp, `session.verify = False`, an unverified default context of `ssl`, or an empty
            `CURL_CA_BUNDLE`.
            """,
            """
            代码关闭了 TLS 证书校验：requests 或 httpx 的 `verify=False`、aiohttp 的 `ssl=False`、
            `session.verify = False`、`ssl` 的不校验默认上下文，或空的 `CURL_CA_BUNDLE`。
            """,
        ),
        why=prose(
            """
            It is the usual answer to `CERTIFICATE_VERIFY_FAILED` behind a company's proxy, and it opens the door
            to everybody: the token goes to whoever answers, and weights may be changed on the way. The cause is
            a missing CA, which can be named. huggingface_hub 1 does not use requests, so that most of these
            tricks do not even help there.
            """,
            """
            这是在公司代理后遇到 `CERTIFICATE_VERIFY_FAILED` 时常见的做法，却对所有人敞开了大门：
            Token 会发给任何应答者，权重也可能在途中被篡改。真正的原因是缺少 CA，而 CA 是可以指定的。
            而且 huggingface_hub 1 已不使用 requests，这些办法大多对它并不起作用。
            """,
        ),
        detect=joined(
            prose(
                """
                Calls of requests, httpx and aiohttp, attributes of a session made in the same file, and
                environment variables that the code sets. An address of this machine or of a private network, and a
                client with `trust_env=False`, are left alone. `CURL_CA_BUNDLE=""` is no more than a remark:
                requests takes it for "not set".
                """,
                """
                检查对 requests、httpx 与 aiohttp 的调用、在同一文件中创建的会话的属性，以及代码设置的环境变量。
                本机或内网地址、以及带 `trust_env=False` 的客户端不作判断。
                `CURL_CA_BUNDLE=""` 只作提示：如今的 requests 视同未设置。
                """,
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            Save the proxy's CA certificate as a PEM file, and name it for both clients in `.env`:

            ```
            SSL_CERT_FILE=/etc/ssl/company.pem
            REQUESTS_CA_BUNDLE=/etc/ssl/company.pem
            ```
            """,
            """
            把代理的 CA 证书保存为 PEM 文件，并在 `.env` 中为两个客户端指定：

            ```
            SSL_CERT_FILE=/etc/ssl/company.pem
            REQUESTS_CA_BUNDLE=/etc/ssl/company.pem
            ```
            """,
        ),
        verify=prose(
            """
            It names the issuer that the proxy shows, and tells whether it is trusted:

            ```bash
            qtune doctor --only NET
            ```
            """,
            """
            会显示代理出示的证书颁发者，以及是否受信任：

            ```bash
            qtune doctor --only NET
            ```
            """,
        ),
        sources=("https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification",),
    ),
)
