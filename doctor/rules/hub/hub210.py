"""HUB210: the network is switched off by a setting, and the model is not in the cache."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.settings import TRUE
from qtune.core.text import Text
from qtune.doctor.facts import CachedSnapshot, Facts, SettingFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose

_KEY = "HF_HUB_OFFLINE"


def judge(facts: Facts) -> Iterable[Finding]:
    setting, found = facts.setting(_KEY), known(facts.snapshot)
    on = setting.problem is None and setting.value.lower() in TRUE
    if not on or found is None or found.whole:
        return
    where, name, lacks = (
        setting.origin.describe(),
        setting.origin.name or _KEY,
        lacking(facts, found),
    )
    cache = facts.setting("HF_HUB_CACHE").value or f"{facts.setting('HF_HOME').value}/hub"
    yield Finding(
        "HUB210",
        Severity.ERROR,
        Text(
            f"{name} is on ({where.en}), so nothing is downloaded, and {lacks.en}",
            f"{name} 已开启（{where.zh}），因此不会下载任何内容，而{lacks.zh}",
        ),
        (Text(f"the cache: {cache}", f"缓存目录：{cache}"),),
        span=span_of(setting.origin, facts),
        fix=_fix(facts, setting, name),
    )


def lacking(facts: Facts, found: CachedSnapshot) -> Text:
    """What the cache has not, of a model that is not whole in it."""
    model, count, first = facts.goal.model, len(found.missing), ", ".join(found.missing[:3])
    if not count:
        return Text(f"the cache has no {model}", f"缓存中没有 {model}")
    files = "1 file" if count == 1 else f"{count} files"
    return Text(
        f"the cache lacks {files} of {model} ({first})",
        f"缓存中的 {model} 缺少 {count} 个文件（{first}）",
    )


def _fix(facts: Facts, setting: SettingFact, name: str) -> Fix:
    title = Text(
        f"Remove {name} where there is a network, or download the model on a machine that has one and bring "
        "its cache",
        f"如果有网络，请删除 {name}；否则在有网络的机器上下载模型，再把缓存带过来",
    )
    if setting.origin.level is Level.PROJECT:
        return Fix(title, Applicability.UNSAFE, patch=EnvPatch(unset=frozenset({name})))
    command = f"unset {name} && qtune download {shlex.quote(facts.goal.model)}"
    return Fix(title, Applicability.MANUAL, command=command)


RULE = Rule(
    code="HUB210",
    name="offline-flag",
    severity=Severity.ERROR,
    title=Text(
        "The network is switched off, and the model is not here", "已设为离线，而模型不在本机"
    ),
    needs=("snapshot",),
    judge=judge,
    page=Page(
        what=prose(
            """
            `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`) is on: neither qtune nor the Hugging Face libraries
            send any request. The model is not in the cache, or not whole.
            """,
            """
            `HF_HUB_OFFLINE`（或 `TRANSFORMERS_OFFLINE`）已开启：qtune 和 Hugging Face 的各个库都不会发送请求。
            而模型不在缓存中，或者不完整。
            """,
        ),
        why=prose(
            """
            The libraries report it as `OfflineModeIsEnabled` or "We couldn't connect to huggingface.co", although
            the network may be fine. The switch is often a leftover: set once on a node without a network, or in
            a shell's start file. With the whole model in the cache it is right, and nothing is said.
            """,
            """
            各个库会报 `OfflineModeIsEnabled` 或 "We couldn't connect to huggingface.co"，尽管网络可能完全正常。
            这个开关常常是遗留下来的：曾在没有网络的节点上设置过，或写在 shell 的启动文件里。
            如果模型完整地在缓存中，这样设置就没有问题，不会报告。
            """,
        ),
        detect=prose(
            """
            The cache is looked at as an offline download looks at it: the listing that was left beside the
            snapshot says which files there should be, and each must be there with its size. Contents are not
            hashed, and no request is made.
            """,
            """
            像离线下载那样查看缓存：快照旁保存的清单说明应有哪些文件，逐个核对是否存在、大小是否一致。
            不计算哈希，也不发送请求。
            """,
        ),
        mend=prose(
            """
            Where there is a network, take the line out of `.env`, or the variable out of the shell:

            ```bash
            unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
            qtune download Qwen/Qwen3-4B
            ```

            Where there is none: run `qtune download` on a machine that has one (a cluster's login node) and copy
            the folder `HF_HUB_CACHE`, or let both share it.
            """,
            """
            如果有网络，请从 `.env` 中删除该行，或从 shell 中取消该变量：

            ```bash
            unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
            qtune download Qwen/Qwen3-4B
            ```

            如果没有网络：在有网络的机器（如集群的登录节点）上运行 `qtune download`，
            再复制 `HF_HUB_CACHE` 目录，或让两边共用它。
            """,
        ),
        verify=prose(
            """
            ```bash
            HF_HUB_OFFLINE=1 qtune doctor --only HUB210
            ```
            """,
            """
            ```bash
            HF_HUB_OFFLINE=1 qtune doctor --only HUB210
            ```

            这条问题应当消失。
            """,
        ),
        sources=(
            "https://github.com/vllm-project/vllm/issues/3719",
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
)
