"""HUB200: the road to the hub is open, and the hub itself does not give a usable answer."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.net.roads import Broken, ended, endpoint_setting, tell
from qtune.doctor.rules.words import prose

_KINDS = ("timeout", "reset", "status")


def judge(facts: Facts) -> Iterable[Finding]:
    roads = [road for road in ended(facts, "http") if road.stage.kind in _KINDS]
    yield from tell("HUB200", facts, roads, _mend)
    yield from _unclear(facts)


def _unclear(facts: Facts) -> Iterable[Finding]:
    """A refusal that names no cause: neither a gate, nor a token, nor a missing model."""
    for source in facts.sources:
        gate = known(facts.gate.get(source.name))
        if gate is None or gate.access.state is not AccessState.UNCLEAR or gate.relay is not None:
            continue
        status, said = gate.access.status, gate.access.message
        yield Finding(
            "HUB200",
            Severity.ERROR,
            Text(
                f"{source.titled} answers {status} for {gate.path} of {facts.goal.model}, and gives no "
                "reason that qtune knows",
                f"{source.titled} 对 {facts.goal.model} 的 {gate.path} 返回 {status}，且原因不明",
            ),
            (plain(said),) if said else (),
            fix=switch_source(facts, source.name)
            or manual(
                "Try again later; if it stays, ask the hub's support with the words above",
                "稍后再试；如果一直如此，请把上面的原话发给平台客服",
            ),
            source=source.name,
        )


def _mend(facts: Facts, road: Broken) -> Fix:
    setting = endpoint_setting(facts, road.source)
    if setting is not None and not road.source.official:
        return Fix(
            Text(
                f"Use the hub's own address again: remove {setting[0]}",
                f"改回官方地址：删除 {setting[0]}",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({setting[0]})),
        )
    if road.source.kind == "huggingface":
        return manual(
            "Try again later, and see whether Hugging Face reports a fault",
            "稍后再试，并查看 Hugging Face 是否发布了故障公告",
            url="https://status.huggingface.co",
        )
    return manual("Try again later, or allow another hub", "稍后再试，或允许使用另一个下载源")


RULE = Rule(
    code="HUB200",
    name="hf-api",
    severity=Severity.ERROR,
    title=Text("The hub does not answer as it should", "下载源没有正常响应"),
    needs=("reach", "gate"),
    judge=judge,
    page=Page(
        what=prose(
            """
            Name, connection and TLS are in order, and then the hub itself fails: it takes the request
            and stays silent, cuts the connection, answers with a fault of its own (500, 502, 503, 504),
            or refuses without a reason that can be understood.
            """,
            """
            域名、连接和 TLS 都正常，问题出在下载源自身：收到请求后一直沉默、切断连接、
            返回自身故障（500、502、503、504），或者给出无法理解的拒绝。
            """,
        ),
        why=prose(
            """
            Several calls of `huggingface_hub` (`model_info`, `whoami`, the file listing) have no
            deadline: with a hub that accepts and stays silent, a download hangs for ever without a word.
            The doctor has its own deadlines, so it can say what others wait for.
            """,
            """
            `huggingface_hub` 的一些调用（`model_info`、`whoami`、文件列表）没有超时限制：
            遇到只接受连接却不响应的服务器，下载会无声无息地一直卡住。
            诊断程序有自己的时限，因此能说清楚别的工具在等什么。
            """,
        ),
        detect=prose(
            """
            One small request for the model's entry, without a token, and a few seconds' patience. The
            finding gives the status, or how long the hub was silent. An answer that says no clearly (401,
            403, 404) is not this finding: GATE and TOK rules speak of those.
            """,
            """
            不带 Token 请求一次模型条目，只等几秒。诊断结果给出状态码，或对方沉默了多久。
            明确的拒绝（401、403、404）不属于此项，由 GATE 和 TOK 规则说明。
            """,
        ),
        mend=prose(
            """
            If another hub has the model, use it; `qtune doctor --fix` writes

            ```
            USE_MODELSCOPE=True
            ```

            (or `False`, when ModelScope is the one in trouble). Otherwise wait: 5xx passes. See
            https://status.huggingface.co. If a mirror is set in `HF_ENDPOINT`, take it out and try again.

            A hub that answers, but slowly, needs more patience:

            ```
            HF_HUB_ETAG_TIMEOUT=30
            HF_HUB_DOWNLOAD_TIMEOUT=60
            ```
            """,
            """
            如果另一个下载源有这个模型，就改用它；`qtune doctor --fix` 会写入

            ```
            USE_MODELSCOPE=True
            ```

            （如果出问题的是 ModelScope，则写入 `False`）。否则请等待，5xx 一般会自行恢复，
            可查看 https://status.huggingface.co 。如果 `HF_ENDPOINT` 设成了镜像，请去掉后再试。

            如果下载源能响应、只是很慢，可以放宽等待时间：

            ```
            HF_HUB_ETAG_TIMEOUT=30
            HF_HUB_DOWNLOAD_TIMEOUT=60
            ```
            """,
        ),
        verify=prose(
            """
            A status of 200 and a time of well under a second are healthy:

            ```bash
            curl -m 10 -sS -o /dev/null -w '%{http_code} %{time_starttransfer}s\\n' \\
              https://huggingface.co/api/models/Qwen/Qwen3-4B
            qtune doctor --only HUB200
            ```
            """,
            """
            状态码 200、耗时远小于一秒即为正常：

            ```bash
            curl -m 10 -sS -o /dev/null -w '%{http_code} %{time_starttransfer}s\\n' \\
              https://huggingface.co/api/models/Qwen/Qwen3-4B
            qtune doctor --only HUB200
            ```
            """,
        ),
        sources=("https://github.com/modelscope/modelscope/issues/1518",),
    ),
)
