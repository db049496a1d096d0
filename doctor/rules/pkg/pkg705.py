"""PKG705: a setting that the installed hub libraries do not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose


@dataclass(frozen=True)
class _Reader:
    """`package` reads `key` from `least` on; "" for any version of it."""

    key: str
    package: str
    least: str = ""


_READERS = (
    _Reader("HF_HUB_DISABLE_SYMLINKS", "huggingface_hub", "1.9.0"),
    _Reader("HF_XET_HIGH_PERFORMANCE", "hf_xet"),
    _Reader("HF_XET_CACHE", "hf_xet"),
)


def judge(facts: Facts) -> Iterable[Finding]:
    packages = known(facts.packages)
    for reader in _READERS if packages is not None else ():
        assert packages is not None
        found = packages.versions.get(reader.package)
        setting = facts.setting(reader.key)
        off = setting.value.strip().lower() in ("", "0", "false", "no", "off")
        if setting.origin.level is Level.DEFAULT or off or found is None:
            continue
        if not found or (reader.least and _older(found, reader.least)):
            yield _finding(facts, reader, found)


def _older(found: str, least: str) -> bool:
    try:
        return Version(found) < Version(least)
    except InvalidVersion:
        return False


def _finding(facts: Facts, reader: _Reader, found: str) -> Finding:
    origin = facts.setting(reader.key).origin
    where = origin.describe()
    if found:
        message = Text(
            f"{reader.key} ({where.en}) is read by {reader.package} from {reader.least} on; {found} is installed",
            f"{reader.key}（{where.zh}）从 {reader.package} {reader.least} 起才有效，已安装的是 {found}",
        )
    else:
        message = Text(
            f"{reader.key} ({where.en}) is read by {reader.package}, which is not installed",
            f"{reader.key}（{where.zh}）由 {reader.package} 读取，但它没有安装",
        )
    return Finding(
        "PKG705",
        Severity.INFO,
        message,
        span=span_of(origin, facts),
        fix=manual(
            f"Upgrade {reader.package}, or remove the line: qtune itself does the same with and without it",
            f"升级 {reader.package}，或删除这一行：对 qtune 自身没有影响",
            command=f"python -m pip install -U {reader.package}",
        )
        if reader.package == "hf_xet"
        else manual(
            f"Upgrade {reader.package}: until then other programs make links that qtune is told to avoid",
            f"升级 {reader.package}：在此之前，其他程序仍会创建链接，而 qtune 按设置不会",
            command=f"python -m pip install -U {reader.package}",
        ),
    )


RULE = Rule(
    code="PKG705",
    name="hub-stack",
    severity=Severity.INFO,
    title=Text("A setting that the installed libraries do not read", "已安装的库不会读取某项设置"),
    needs=("packages",),
    judge=judge,
    page=Page(
        what=prose(
            """
            You have set a variable of the Hugging Face libraries, and the one that would read it is not
            installed, or too old to know it.
            """,
            """
            你设置了 Hugging Face 库的某个变量，但会读取它的库没有安装，或版本太旧、不认识它。
            """,
        ),
        why=prose(
            """
            The setting does nothing, and nothing says so. Which variables count depends on the version:

            | huggingface_hub | its HTTP client | CA and proxy variables |
            |---|---|---|
            | 0.x | requests | `REQUESTS_CA_BUNDLE`, `HTTPS_PROXY` |
            | 1.x | httpx | `SSL_CERT_FILE`, `HTTPS_PROXY`, `ALL_PROXY` |
            | 2.x | httpx2, the system's certificates | `SSL_CERT_FILE`, `HTTPS_PROXY`, `ALL_PROXY` |

            qtune needs 1.0 or newer, and tells by PKG702 where it is older. `HF_HUB_DISABLE_SYMLINKS` is read
            from 1.9 on. `HF_XET_*` is read by hf_xet alone, which qtune uses too where it is installed.
            """,
            """
            该设置不起作用，而且没有任何提示。哪些变量有效取决于版本：

            | huggingface_hub | HTTP 客户端 | CA 与代理变量 |
            |---|---|---|
            | 0.x | requests | `REQUESTS_CA_BUNDLE`、`HTTPS_PROXY` |
            | 1.x | httpx | `SSL_CERT_FILE`、`HTTPS_PROXY`、`ALL_PROXY` |
            | 2.x | httpx2，使用系统证书 | `SSL_CERT_FILE`、`HTTPS_PROXY`、`ALL_PROXY` |

            qtune 需要 1.0 或更新的版本，过旧时由 PKG702 提示。`HF_HUB_DISABLE_SYMLINKS` 从 1.9 起有效。
            `HF_XET_*` 只由 hf_xet 读取；装有 hf_xet 时 qtune 也会用到它。
            """,
        ),
        detect=prose(
            "The versions in the packages' metadata, and the settings that are not at their defaults.",
            "读取包元数据中的版本，以及不是默认值的设置。",
        ),
        mend=prose(
            """
            ```bash
            python -m pip install -U huggingface_hub hf_xet
            ```

            or take the line out of `.env`. Versions of hf_xet before 1.5.2 were reported to stop in the middle
            of a file; for programs that use them, `HF_HUB_DISABLE_XET=1` helps.
            """,
            """
            升级：

            ```bash
            python -m pip install -U huggingface_hub hf_xet
            ```

            或从 `.env` 中删除这一行。有报告称 1.5.2 之前的 hf_xet 会在文件中途停住；
            使用它的程序可以设置 `HF_HUB_DISABLE_XET=1`。
            """,
        ),
        verify=prose(
            """
            ```bash
            hf env
            qtune doctor --only PKG705
            ```
            """,
            """
            用以下命令确认：

            ```bash
            hf env
            qtune doctor --only PKG705
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
            "https://github.com/huggingface/xet-core/issues/898",
        ),
    ),
)
