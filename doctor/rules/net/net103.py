"""NET103: the connection stands, but TLS with the hub does not: whose certificate is it, and who trusts it?"""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import Broken, ended, rewritten, tell
from qtune.doctor.rules.words import prose

# Where OpenSSL looks by itself, by distribution (as in Go's crypto/x509/root_linux.go).
_SYSTEM_BUNDLES = frozenset(
    (
        "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
        "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",  # openSUSE
        "/etc/ssl/cert.pem",  # macOS, Alpine
    )
)


def judge(facts: Facts) -> Iterable[Finding]:
    return tell("NET103", facts, ended(facts, "tls"), _mend)


def _mend(facts: Facts, road: Broken) -> Fix:
    kind, proxy = road.stage.kind, road.reach.proxy
    if kind in ("untrusted", "self_signed"):
        return _trust(facts, road)
    if kind in ("expired", "not_yet"):
        return manual(
            "Compare this machine's clock with the real time and set it; if it is right, the hub's "
            "certificate is at fault",
            "核对并校准本机时间；如果时间正确，就是对方的证书有问题",
            command="date -u",
        )
    if kind == "plaintext" and proxy is not None and proxy.url.startswith("https://"):
        http = "http://" + proxy.url.removeprefix("https://")
        return Fix(
            Text(
                f"Write the proxy with http:// in front: {http} (TLS goes through it all the same)",
                f"代理地址改用 http:// 开头：{http}（TLS 照样从中通过）",
            ),
            Applicability.UNSAFE,
            patch=rewritten(facts, proxy, http),
        )
    if kind in ("hostname", "plaintext"):
        return manual(
            "Open any page in a browser: a network that wants you to sign in shows its page there",
            "用浏览器随便打开一个网页：如果网络需要登录，会弹出登录页",
        )
    return manual(
        "Go through a proxy (HTTPS_PROXY in .env) or use another hub: it looks like a network that filters "
        "this name",
        "改走代理（在 .env 中设置 HTTPS_PROXY），或换一个下载源：看起来当前网络在过滤这个域名",
    )


def _trust(facts: Facts, road: Broken) -> Fix:
    ca, bundle = facts.setting("SSL_CERT_FILE"), facts.setting("REQUESTS_CA_BUNDLE")
    if ca.origin.level is not Level.DEFAULT:
        where = ca.origin.describe()
        return Fix(
            Text(
                f"Add the issuer's CA to {ca.value} (SSL_CERT_FILE, {where.en}), which replaces the "
                "system's certificates, or remove that line",
                f"把签发者的 CA 加入 {ca.value}（SSL_CERT_FILE，{where.zh}；它会取代系统证书），或删除这一行",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({"SSL_CERT_FILE"})),
        )
    if bundle.origin.level is not Level.DEFAULT and bundle.value and not _public(bundle.value):
        return Fix(
            Text(
                f"Give SSL_CERT_FILE the same CA file as REQUESTS_CA_BUNDLE, if you trust it: {bundle.value}",
                f"如果信任该 CA 文件，让 SSL_CERT_FILE 与 REQUESTS_CA_BUNDLE 指向同一个：{bundle.value}",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({"SSL_CERT_FILE": bundle.value}),
        )
    host, port = road.reach.host, road.reach.port
    return manual(
        "If the issuer is your company: put its CA file (PEM) into .env as SSL_CERT_FILE and "
        "REQUESTS_CA_BUNDLE; if not, do not trust this network",
        "如果签发者是你的公司：把公司的 CA 文件（PEM）写入 .env 的 SSL_CERT_FILE 和 REQUESTS_CA_BUNDLE；"
        "否则不要信任当前网络",
        command=f"openssl s_client -connect {host}:{port} -servername {host} </dev/null "
        "| openssl x509 -noout -issuer",
    )


def _public(bundle: str) -> bool:
    """Is it the system's own bundle, or certifi's? What these do not vouch for, they will not then either."""
    return bundle in _SYSTEM_BUNDLES or bundle.replace("\\", "/").endswith("/certifi/cacert.pem")


RULE = Rule(
    code="NET103",
    name="tls-intercept",
    severity=Severity.ERROR,
    title=Text("TLS with the hub fails", "与下载源的 TLS 连接失败"),
    needs=("reach",),
    judge=judge,
    page=Page(
        what=prose(
            """
            The connection stands, but the certificate check, or the handshake itself, does not succeed.
            The finding says which of these it is:

            - **not trusted, self-signed**: something in between opens TLS (a company's proxy, an
              antivirus), or it is your own hub with a CA that this machine does not know.
            - **expired, not yet valid**: nearly always this machine's clock.
            - **another host's certificate, plain text**: a sign-in page, a hijacked name, or a proxy that
              was written with `https://` though it speaks `http://`.
            - **cut during the handshake**: the network filters by the name in the handshake.
            """,
            """
            连接已经建立，但证书校验或握手没有通过。诊断结果会指出是哪一种：

            - **不受信任、自签名**：中间有设备在解密 TLS（公司代理、杀毒软件），
              或者是自建的 hub，而本机不认识它的 CA。
            - **已过期、尚未生效**：绝大多数情况是本机时钟不准。
            - **其他主机的证书、明文**：网络登录页、域名劫持，或者把 `http://` 的代理写成了 `https://`。
            - **握手时被切断**：网络按握手中的域名进行过滤。
            """,
        ),
        why=prose(
            """
            A certificate that cannot be checked means that anybody on the way could read your token and
            change the weights. So qtune does not go on, and has no switch that turns the check off.

            A trap: `huggingface_hub` reads `SSL_CERT_FILE` and ignores `REQUESTS_CA_BUNDLE`; ModelScope's
            client does the reverse. With only one of them set, one hub works and the other does not.
            """,
            """
            证书无法校验，意味着途中任何人都可能读走 Token、篡改权重。
            因此 qtune 不会继续，也不提供关闭校验的开关。

            一个容易踩的坑：`huggingface_hub` 读 `SSL_CERT_FILE`、不读 `REQUESTS_CA_BUNDLE`，
            ModelScope 的客户端恰好相反。只设一个，就会一个源能用、另一个不能用。
            """,
        ),
        detect=prose(
            """
            The doctor makes the handshake with the same certificates that the download will use: the
            system's store, or `SSL_CERT_FILE` in its place. It tells the issuer and how long the
            handshake took. A company CA that the system already trusts is no finding.
            """,
            """
            诊断程序使用与下载时相同的证书进行握手：系统证书，或由 `SSL_CERT_FILE` 取而代之，
            并给出签发者和握手耗时。系统已经信任的公司 CA 不会被当作问题。
            """,
        ),
        mend=prose(
            """
            Behind a company's proxy, ask for its CA certificate in PEM form, and set both:

            ```
            SSL_CERT_FILE=/path/to/company-ca.pem
            REQUESTS_CA_BUNDLE=/path/to/company-ca.pem
            ```

            `SSL_CERT_FILE` replaces the system's certificates: the file needs the public CAs too if you
            also reach hosts without that proxy. A better place is the system's own store
            (`update-ca-certificates`, macOS' Keychain, Windows' certificate manager): qtune reads it.

            A CA named in a project's `.env` counts as less trusted than a token from your environment;
            qtune then does not send that token. Name the CA where the token is.

            For a wrong clock: `timedatectl set-ntp true`, under WSL `sudo hwclock -s`.
            """,
            """
            在公司代理之后，请索取公司的 CA 证书（PEM 格式），两个变量都要设：

            ```
            SSL_CERT_FILE=/path/to/company-ca.pem
            REQUESTS_CA_BUNDLE=/path/to/company-ca.pem
            ```

            `SSL_CERT_FILE` 会取代系统证书：如果还要不经代理访问其他主机，这个文件里也要包含公共 CA。
            更好的做法是把公司 CA 加入系统证书库（`update-ca-certificates`、macOS 钥匙串、
            Windows 证书管理器），qtune 会读取它。

            项目 `.env` 里指定的 CA，其可信度低于环境变量中的 Token，这时 qtune 不会发送该 Token。
            请在设置 Token 的同一处指定 CA。

            时钟不准：`timedatectl set-ntp true`；WSL 下用 `sudo hwclock -s`。
            """,
        ),
        verify=prose(
            """
            The issuer should be a public one, or your company's, and the dates should include today:

            ```bash
            openssl s_client -connect huggingface.co:443 -servername huggingface.co </dev/null \\
              | openssl x509 -noout -issuer -dates
            qtune doctor --only NET103
            ```
            """,
            """
            签发者应当是公共机构或你的公司，有效期应当包含今天：

            ```bash
            openssl s_client -connect huggingface.co:443 -servername huggingface.co </dev/null \\
              | openssl x509 -noout -issuer -dates
            qtune doctor --only NET103
            ```
            """,
        ),
        sources=(
            "https://github.com/huggingface/huggingface_hub/issues/2222",
            "https://github.com/huggingface/huggingface_hub/issues/1271",
            "https://github.com/huggingface/xet-core/issues/389",
        ),
    ),
)
