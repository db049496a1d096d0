"""NET113: qtune reaches the hub, and the hub's own client in the user's scripts does not."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.endings import ending
from qtune.doctor.facts import ClientRoad, Facts, Reach, SourceFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import trail
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose

_STORES = {
    "system": Text("the system's certificates", "系统证书"),
    "certifi": Text("the certificates of the package certifi", "certifi 包自带的证书"),
}
_OF_TRUST = ("untrusted", "self_signed", "no_ca")


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        client, reach = known(facts.clients.get(source.name)), known(facts.reach.get(source.name))
        if client is None or client.reach is None or client.reach.ok or reach is None:
            continue
        if reach.ok:
            yield _told(facts, source, client, client.reach)


def _told(facts: Facts, source: SourceFact, client: ClientRoad, road: Reach) -> Finding:
    assert road.failed is not None
    how = ending(road, road.failed)
    of_trust = road.failed.kind in _OF_TRUST
    if of_trust:
        store = _STORES.get(client.trusts, Text(client.trusts, f" {client.trusts} "))
        why = Text(f"it trusts {store.en} alone", f"它只信任{store.zh}")
    else:
        why = Text("it reads NO_PROXY in another way", "它对 NO_PROXY 的读法不同")
    fix = _trust(facts, client) if of_trust else _no_proxy(facts, road)
    keys = fix.patch.set if fix.patch is not None else ()
    return Finding(
        "NET113",
        Severity.WARNING if facts.goal.kind == "push" else Severity.INFO,
        Text(
            f"qtune reaches {source.titled}, but {client.client} {client.version} in your own scripts "
            f"will not: {why.en}, and so {how.en}",
            f"qtune 可以访问 {source.titled}，但你自己脚本中的 {client.client} {client.version} 不行：{why.zh}，"
            f"结果{how.zh}",
        ),
        (trail(road),),
        span=next((span_of(facts.setting(key).origin, facts) for key in keys), None),
        fix=fix,
        source=source.name,
    )


def _trust(facts: Facts, client: ClientRoad) -> Fix:
    key = "SSL_CERT_FILE" if _on_openssl(client) else "REQUESTS_CA_BUNDLE"
    if client.trusts == "SSL_CERT_DIR":
        return manual(
            "Add the CA to the folder that SSL_CERT_DIR names, or unset SSL_CERT_DIR",
            "把 CA 加入 SSL_CERT_DIR 所指的文件夹，或取消设置 SSL_CERT_DIR",
            command="unset SSL_CERT_DIR",
        )
    if not client.bundle:
        return manual(
            f"Put the CA into a PEM file and name it in {key}",
            f"把 CA 存为 PEM 文件，并在 {key} 中写上它的路径",
        )
    replaces = bool(facts.setting(key).value)
    return Fix(
        Text(
            f"Give it the certificates that qtune trusts already: {key}={client.bundle}",
            f"让它使用 qtune 已经信任的证书：{key}={client.bundle}",
        ),
        Applicability.UNSAFE if replaces else Applicability.SAFE,
        patch=EnvPatch({key: client.bundle}),
    )


def _on_openssl(client: ClientRoad) -> bool:
    return client.client == "huggingface_hub" and not client.version.startswith("0.")


def _no_proxy(facts: Facts, road: Reach) -> Fix:
    """All read a bare name alike; which of the two roads is meant shows in the one that works."""
    entries = [e.strip() for e in facts.setting("NO_PROXY").value.split(",") if e.strip()]
    if road.proxy is None:
        return manual(
            f"Write NO_PROXY so that no client takes an entry of it for {road.host}",
            f"改写 NO_PROXY，使任何客户端都不会把其中某一项当作 {road.host}",
        )
    written = ",".join([*entries, road.host])
    return Fix(
        Text(
            f"Name the host itself, which every client understands: NO_PROXY={written}",
            f"直接写出主机名，所有客户端都能识别：NO_PROXY={written}",
        ),
        Applicability.UNSAFE,
        patch=EnvPatch({"NO_PROXY": written}),
    )


RULE = Rule(
    code="NET113",
    name="client-differs",
    severity=Severity.INFO,
    title=Text(
        "The hub's own client cannot go where qtune goes", "下载源自己的客户端走不通 qtune 走的路"
    ),
    needs=("reach", "clients"),
    judge=judge,
    page=Page(
        what=prose(
            """
            qtune's own download works. The hub's own Python client, as your scripts and notebooks use it,
            would fail at the same hub, since it trusts other certificates or reads `NO_PROXY` in another
            way:

            | client | trusts | from |
            |---|---|---|
            | qtune, huggingface_hub 2 | the system's certificates | `SSL_CERT_FILE` instead, if set |
            | huggingface_hub 1 | certifi's | `SSL_CERT_FILE` instead, if set |
            | ModelScope's SDK, huggingface_hub 0 | certifi's | `REQUESTS_CA_BUNDLE` instead, if set |
            | hf_xet on Linux | the system's certificates | `SSL_CERT_FILE` instead, if set |
            """,
            """
            qtune 自己的下载没有问题。但你的脚本和笔记本所用的官方 Python 客户端访问同一个下载源会失败，
            因为它信任的证书不同，或者对 `NO_PROXY` 的读法不同：

            | 客户端 | 信任的证书 | 可改用 |
            |---|---|---|
            | qtune、huggingface_hub 2 | 系统证书 | 设置了 `SSL_CERT_FILE` 则用它 |
            | huggingface_hub 1 | certifi 自带 | 设置了 `SSL_CERT_FILE` 则用它 |
            | ModelScope SDK、huggingface_hub 0 | certifi 自带 | 设置了 `REQUESTS_CA_BUNDLE` 则用它 |
            | Linux 上的 hf_xet | 系统证书 | 设置了 `SSL_CERT_FILE` 则用它 |
            """,
        ),
        why=prose(
            """
            In a network whose proxy opens TLS, the administrator installs the company's CA into the system.
            Browsers, curl and qtune then work, and a script with ModelScope's SDK says
            `CERTIFICATE_VERIFY_FAILED`, or the reverse after a variable was set for one of them only. It
            looks as if the hub were down.

            It is information, not an error: `qtune download` and `qtune run` are not touched.
            """,
            """
            在代理会解密 TLS 的网络中，管理员把公司的 CA 装进系统。浏览器、curl 和 qtune 于是都正常，
            而使用 ModelScope SDK 的脚本却报 `CERTIFICATE_VERIFY_FAILED`；
            或者只给其中一个设置了变量，情况正好反过来。看起来像是下载源挂了。

            这是提示而不是错误：`qtune download` 和 `qtune run` 不受影响。
            """,
        ),
        detect=prose(
            """
            The installed version says which certificates and which reading of `NO_PROXY` the client has.
            Where both are the same as qtune's, nothing is looked at. Otherwise the doctor connects to the
            hub as that client would, up to the TLS handshake: the hub is asked nothing. The file that it
            recommends was tried in the same way before.

            How hf_xet decides was checked with hf_xet 1.8 on Linux; on macOS and Windows it asks the
            system, and that is not checked here.
            """,
            """
            已安装的版本决定了客户端使用哪些证书、如何读取 `NO_PROXY`。两者都与 qtune 相同时什么也不做；
            否则诊断程序按该客户端的方式连接下载源，直到 TLS 握手为止，不向下载源发送任何请求。
            推荐的证书文件事先以同样方式试过。

            hf_xet 的行为在 Linux 上用 hf_xet 1.8 验证过；在 macOS 和 Windows 上它使用系统证书，此处未检查。
            """,
        ),
        mend=prose(
            """
            Give both variables the same file; on Debian and Ubuntu the system's is

            ```
            REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
            SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
            ```

            Your own scripts read `.env` only when they are started so:

            ```bash
            qtune exec -- python my_script.py
            ```
            """,
            """
            让两个变量指向同一个文件；在 Debian 和 Ubuntu 上，系统证书是

            ```
            REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
            SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
            ```

            你自己的脚本要这样启动才会读取 `.env`：

            ```bash
            qtune exec -- python my_script.py
            ```
            """,
        ),
        verify=prose(
            """
            An answer of the hub, and no finding:

            ```bash
            qtune exec -- python -c "import requests; print(requests.get('https://modelscope.cn'))"
            qtune doctor --only NET113
            ```
            """,
            """
            能得到下载源的响应，且没有诊断结果：

            ```bash
            qtune exec -- python -c "import requests; print(requests.get('https://modelscope.cn'))"
            qtune doctor --only NET113
            ```
            """,
        ),
        sources=(
            "https://github.com/huggingface/huggingface_hub/issues/1271",
            "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification",
            "https://github.com/huggingface/xet-core/issues/389",
        ),
    ),
)
