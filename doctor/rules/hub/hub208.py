"""HUB208: the hub asks to wait, or soon will: too many requests from this address or account."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import duration
from qtune.core.hub.interface import AccessState
from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, Gate, SourceFact, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.words import prose

_FEW = 20  # requests that a download of unknown size is taken to need


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        gate = known(facts.gate.get(source.name))
        if gate is None:
            continue
        if gate.access.state is AccessState.RATE_LIMITED:
            yield _refused(facts, source, gate)
        elif gate.ok and not gate.access.sent_token:
            yield from _running_out(facts, source, gate)


def _refused(facts: Facts, source: SourceFact, gate: Gate) -> Finding:
    wait = Text("", "")
    if gate.rate_limit is not None:
        left = duration(gate.rate_limit.reset_s)
        wait = Text(f"; the limit ends in {left.en}", f"；{left.zh}后解除")
    who = (
        Text("this token", "该 Token ")
        if gate.access.sent_token
        else Text("this address without a token", "未带 Token 的当前 IP ")
    )
    return Finding(
        "HUB208",
        Severity.ERROR,
        Text(
            f"{source.titled} refuses more requests from {who.en} (429){wait.en}",
            f"{source.titled} 暂时拒绝{who.zh}的请求（429）{wait.zh}",
        ),
        (plain(gate.access.message),) if gate.access.message else (),
        fix=switch_source(facts, source.name) or _mend(source, gate),
        source=source.name,
    )


def _running_out(facts: Facts, source: SourceFact, gate: Gate) -> Iterable[Finding]:
    """Each file is a request or two; fewer left than that, and the download meets the limit midway."""
    limit, listing = gate.rate_limit, known(facts.listing.get(source.name))
    needed = 2 * listing.files if listing is not None else _FEW
    if limit is None or limit.remaining >= needed or _complete(facts, source):
        return
    left = duration(limit.reset_s)
    quota = f"/{limit.quota}" if limit.quota else ""
    yield Finding(
        "HUB208",
        Severity.WARNING,
        Text(
            f"{source.titled} has {limit.remaining}{quota} requests left for this address without a token, "
            f"for {left.en}; the download needs about {needed}",
            f"{source.titled} 给未带 Token 的当前 IP 只剩 {limit.remaining}{quota} 次请求"
            f"（{left.zh}后重置），而下载大约需要 {needed} 次",
        ),
        fix=_mend(source, gate),
        source=source.name,
    )


def _complete(facts: Facts, source: SourceFact) -> bool:
    listing = known(facts.listing.get(source.name))
    return listing is not None and listing.cached_bytes >= listing.bytes


def _mend(source: SourceFact, gate: Gate) -> Fix:
    if not gate.access.sent_token and source.official and source.kind == "huggingface":
        return manual(
            "Wait, or put a token into .env, which raises the limit: HF_TOKEN=hf_…",
            "等待限制解除，或在 .env 中设置 Token 以提高限额：HF_TOKEN=hf_…",
            url="https://huggingface.co/settings/tokens",
        )
    return manual(
        "Wait until the limit ends; what is downloaded already is kept",
        "等待限制解除即可；已下载的部分会保留",
    )


RULE = Rule(
    code="HUB208",
    name="rate-limit",
    severity=Severity.ERROR,
    title=Text("The hub limits the number of requests", "请求次数受到下载源限制"),
    needs=("gate", "listing"),
    judge=judge,
    page=Page(
        what=prose(
            """
            Hubs count requests, by account where a token is sent and by network address where none is.
            Too many, and they answer 429 until the window is over. This finding says that it is so now, or
            that fewer requests are left than the download needs.
            """,
            """
            下载源会统计请求次数：带 Token 时按账号计，不带时按 IP 计。
            超出后在窗口结束前都返回 429。这一项表示现在已经受限，或剩余次数不够完成下载。
            """,
        ),
        why=prose(
            """
            The network is fine and nothing is blocked, yet the libraries report "check your connection".
            Behind a company's or campus' single address, others use up your share.
            """,
            """
            网络正常、也没有被屏蔽，但各个库却提示 "check your connection"。
            在公司或校园网共用一个出口 IP 时，限额可能被别人用完。
            """,
        ),
        detect=prose(
            """
            Hugging Face says with every answer what is left (the `RateLimit` header); the doctor reads it
            from the one request that it makes anyway. Rule of thumb: two requests for each file.

            As documented by Hugging Face for windows of five minutes: 3000 file requests without a token,
            5000 with one; 500 and 1000 for the API.
            """,
            """
            Hugging Face 的每个响应都会说明剩余次数（`RateLimit` 头），诊断程序从本来就要发的请求中读取。
            经验估算：每个文件两次请求。

            按 Hugging Face 文档，每五分钟的窗口内：文件请求不带 Token 为 3000 次，带 Token 为 5000 次；
            API 分别为 500 次和 1000 次。
            """,
        ),
        mend=prose(
            """
            Wait (minutes, as a rule), use the other hub, or send a token; a read token is enough:

            ```
            HF_TOKEN=hf_...
            ```

            Several processes that each download the same model multiply the requests: run `qtune download`
            once before a multi-GPU start.
            """,
            """
            等待几分钟、换另一个下载源，或使用 Token（读权限即可）：

            ```
            HF_TOKEN=hf_...
            ```

            多个进程各自下载同一个模型会让请求成倍增加：多卡启动前请先运行一次 `qtune download`。
            """,
        ),
        verify=prose(
            """
            The header shows what is left and when it starts anew:

            ```bash
            curl -sI https://huggingface.co/api/models/Qwen/Qwen3-4B | grep -i ratelimit
            qtune doctor --only HUB208
            ```
            """,
            """
            该响应头会显示剩余次数和重置时间：

            ```bash
            curl -sI https://huggingface.co/api/models/Qwen/Qwen3-4B | grep -i ratelimit
            qtune doctor --only HUB208
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/hub/rate-limits",
            "https://github.com/huggingface/huggingface_hub/issues/3312",
        ),
    ),
)
