"""NET110: SSL_CERT_FILE names a file that holds no certificate; no TLS connection can be checked then."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.net.roads import without_ca
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    """One file serves every hub, so one finding is enough."""
    roads = [known(fact) for fact in facts.reach.values()]
    if not any(reach is not None and without_ca(reach) for reach in roads):
        return
    fact = facts.setting("SSL_CERT_FILE")
    where = fact.origin.describe()
    yield Finding(
        "NET110",
        Severity.ERROR,
        Text(
            f"SSL_CERT_FILE ({where.en}) names {fact.value}, which holds no CA certificate that can be read",
            f"SSL_CERT_FILE（{where.zh}）指向 {fact.value}，其中没有可读取的 CA 证书",
        ),
        span=span_of(fact.origin, facts),
        fix=Fix(
            Text(
                "Give the path of a PEM file, or remove the line to use the system's certificates",
                "填写 PEM 文件的路径，或删除这一行以使用系统证书",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({"SSL_CERT_FILE"})),
        ),
    )


RULE = Rule(
    code="NET110",
    name="ca-env",
    severity=Severity.ERROR,
    title=Text("SSL_CERT_FILE cannot be read", "SSL_CERT_FILE 无法读取"),
    needs=("reach",),
    judge=judge,
    page=Page(
        what=prose(
            """
            `SSL_CERT_FILE` names the CA certificates to trust. The file is not there, may not be read, or
            holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`).
            """,
            """
            `SSL_CERT_FILE` 指定要信任的 CA 证书。该文件不存在、没有读取权限，
            或其中没有 PEM 格式的证书（`-----BEGIN CERTIFICATE-----`）。
            """,
        ),
        why=prose(
            """
            Without it no TLS connection can be checked, so no command that needs the network can start.
            Other tools die too, and less clearly: Python's HTTP client raises a bare `FileNotFoundError`.
            """,
            """
            没有它就无法校验任何 TLS 连接，所有需要联网的命令都无法开始。
            其他工具也会出错，而且更难看懂：Python 的 HTTP 客户端只会抛出 `FileNotFoundError`。
            """,
        ),
        detect=prose(
            """
            The file is loaded before the first connection is made, by the doctor and by every command
            that needs the network; the finding names the place that set the variable.
            """,
            """
            诊断程序和所有需要联网的命令都会在建立第一个连接之前加载该文件；
            诊断结果会指出变量是在哪里设置的。
            """,
        ),
        mend=prose(
            """
            Give the path of a PEM file, or remove the line to use the system's certificates. A DER file
            (`.cer`, `.crt`) becomes PEM with:

            ```bash
            openssl x509 -inform der -in company.cer -out company.pem
            ```

            A file under Windows' drive letters is `/mnt/c/...` in WSL.
            """,
            """
            填写 PEM 文件的路径，或删除这一行以使用系统证书。DER 文件（`.cer`、`.crt`）可转换为 PEM：

            ```bash
            openssl x509 -inform der -in company.cer -out company.pem
            ```

            Windows 盘符下的文件在 WSL 中的路径是 `/mnt/c/...`。
            """,
        ),
        verify=prose(
            """
            The first command should name a CA:

            ```bash
            openssl x509 -in "$SSL_CERT_FILE" -noout -subject
            qtune doctor
            ```
            """,
            """
            第一条命令应当显示 CA 的名称：

            ```bash
            openssl x509 -in "$SSL_CERT_FILE" -noout -subject
            qtune doctor
            ```
            """,
        ),
        sources=("https://github.com/huggingface/huggingface_hub/issues/1271",),
    ),
)
