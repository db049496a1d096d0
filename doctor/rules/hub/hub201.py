"""HUB201: the hub answers, but the host that its large files come from cannot be reached."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.storage import a_mirrors, broken, cause
from qtune.doctor.rules.net.roads import PROXY_STAGES, Broken, evidence
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        road = broken(facts, source)
        if road is None or a_mirrors(facts, road):
            continue
        how = road.ending
        yield Finding(
            "HUB201",
            Severity.ERROR,
            Text(
                f"{source.titled} answers, but its large files come from {road.host}, and there {how.en}",
                f"{source.titled} 可以访问，但大文件来自 {road.host}，那里出了问题：{how.zh}",
            ),
            evidence(facts, road),
            because=cause(facts, road),
            fix=switch_source(facts, source.name) or _mend(road),
            source=source.name,
        )


def _mend(road: Broken) -> Fix:
    host = road.reach.host
    if road.stage.name in PROXY_STAGES:
        return manual(
            f"Let the proxy carry {host} too: a rule or an allowlist entry for it",
            f"让代理也放行 {host}：为它添加规则或白名单",
        )
    if not road.source.official and road.source.kind != "modelscope":
        return manual(
            f"This mirror only relays the small files. Reach {host} through a proxy (HTTPS_PROXY), or use "
            "another source",
            f"该镜像只转发小文件。请通过代理（HTTPS_PROXY）访问 {host}，或换一个下载源",
        )
    return manual(
        f"Allow {host} in the firewall, or reach it through a proxy (HTTPS_PROXY in .env)",
        f"在防火墙中放行 {host}，或通过代理访问它（在 .env 中设置 HTTPS_PROXY）",
    )


RULE = Rule(
    code="HUB201",
    name="storage-host",
    severity=Severity.ERROR,
    title=Text("The host of the large files cannot be reached", "存放大文件的主机无法访问"),
    needs=("reach", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            A hub serves pages, listings and small files itself, and sends the weights from other hosts:
            Hugging Face from `*.hf.co` and `*.xethub.hf.co`, ModelScope from its object storage. The hub
            answers here, but that other host cannot be reached.
            """,
            """
            下载源自己只提供网页、文件列表和小文件，权重则来自其他主机：
            Hugging Face 用的是 `*.hf.co` 和 `*.xethub.hf.co`，ModelScope 用的是对象存储。
            现在下载源可以访问，但那台主机访问不了。
            """,
        ),
        why=prose(
            """
            This is the download that gets `config.json` in a second and then stands still at the first
            weight file. With the Xet client the wait is silent for about two minutes a file, and the error
            ("File reconstruction error: CAS Client Error") names no host.

            It is also why `HF_ENDPOINT=https://hf-mirror.com` alone often does not help: in 2026 that
            mirror was seen to send weights on to `cas-bridge.xethub.hf.co`.
            """,
            """
            典型表现：`config.json` 一秒就下载完，到第一个权重文件就不动了。
            使用 Xet 客户端时，每个文件会无声等待约两分钟，
            最后的报错（"File reconstruction error: CAS Client Error"）也不说是哪台主机。

            这也是只设置 `HF_ENDPOINT=https://hf-mirror.com` 往往没用的原因：
            2026 年有人观察到该镜像会把权重请求转到 `cas-bridge.xethub.hf.co`。
            """,
        ),
        detect=prose(
            """
            The doctor asks for the largest file of this very model, reads where the hub sends it, and
            walks the road to that host stage by stage. Any HTTP status counts as reachable: storage hosts
            answer 403 to whoever comes without a signed address.
            """,
            """
            诊断程序请求这个模型最大的文件，看下载源把请求转到哪里，再逐步检查到那台主机的路。
            任何 HTTP 状态码都算可达：没有签名地址时，存储主机本来就会返回 403。
            """,
        ),
        mend=prose(
            """
            - The other hub serves the same model: use it, `USE_MODELSCOPE=True`.
            - In a company: ask for these hosts to be allowed (the list as of 2026, from Hugging Face's
              documentation; it changes): `huggingface.co`, `*.hf.co`, `cas-server.xethub.hf.co`,
              `transfer.xethub.hf.co`, `cas-bridge.xethub.hf.co`.
            - Behind a proxy program: make the rule cover `hf.co` and its subdomains, not only
              `huggingface.co`.
            - For your own scripts, when only the Xet hosts are blocked and the CDN is not:

            ```
            HF_HUB_DISABLE_XET=1
            ```

            qtune's own downloader then goes by plain HTTPS by itself.
            """,
            """
            - 另一个下载源有同样的模型：改用它，`USE_MODELSCOPE=True`。
            - 公司网络：请管理员放行以下主机（来自 Hugging Face 文档，2026 年的列表，可能会变）：
              `huggingface.co`、`*.hf.co`、`cas-server.xethub.hf.co`、`transfer.xethub.hf.co`、
              `cas-bridge.xethub.hf.co`。
            - 使用代理软件：规则要覆盖 `hf.co` 及其子域名，而不只是 `huggingface.co`。
            - 如果被屏蔽的只有 Xet 主机而 CDN 正常，你自己的脚本可以设置：

            ```
            HF_HUB_DISABLE_XET=1
            ```

            qtune 自己的下载器会自动改走普通 HTTPS。
            """,
        ),
        verify=prose(
            """
            ```bash
            curl -sI https://huggingface.co/Qwen/Qwen3-4B/resolve/main/model-00001-of-00003.safetensors \\
              | grep -i location
            qtune doctor --only HUB201
            ```

            The first command shows which host the weights come from.
            """,
            """
            ```bash
            curl -sI https://huggingface.co/Qwen/Qwen3-4B/resolve/main/model-00001-of-00003.safetensors \\
              | grep -i location
            qtune doctor --only HUB201
            ```

            第一条命令会显示权重来自哪台主机。
            """,
        ),
        sources=(
            "https://github.com/padeoe/hf-mirror-site/issues/50",
            "https://github.com/huggingface/huggingface_hub/issues/4475",
            "https://github.com/huggingface/xet-core/issues/800",
        ),
    ),
)
