"""HUB220: ModelScope's site is out of reach or slow, and its other site is not."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from qtune.core.amounts import duration, rate
from qtune.core.envpatch import EnvPatch
from qtune.core.sources import WORTH_SECONDS, WORTH_SWITCHING
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Listing, Reach, Sibling, SourceFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.hub.endpoints import host_of
from qtune.doctor.rules.hub.serving import listing, serving
from qtune.doctor.rules.words import prose

_CODES = {
    **{"dns": "NET101", "tcp": "NET102", "tls": "NET103"},
    **{"connect": "NET106", "http": "HUB200"},
}


def judge(facts: Facts) -> Iterable[Finding]:
    """Only where nothing better serves: another hub that works needs no second site."""
    source = serving(facts)
    sibling = known(facts.sibling.get(source.name)) if source is not None else None
    if source is None or sibling is None or not sibling.ok or not sibling.has_model:
        return
    reach, todo = known(facts.reach.get(source.name)), listing(facts)
    if reach is not None and reach.failed is not None:
        yield _reachable(facts, source, sibling, reach)
    elif todo is not None and sibling.speed is not None:
        yield from _faster(facts, source, sibling, todo)


def _reachable(facts: Facts, source: SourceFact, sibling: Sibling, reach: Reach) -> Finding:
    other, own = _host(sibling), host_of(source)
    return Finding(
        "HUB220",
        Severity.WARNING,
        Text(
            f"ModelScope's other site {other} answers from here and has {facts.goal.model}, "
            f"{own} does not answer",
            f"从这里可以访问 ModelScope 的另一个站点 {other}，且其上有 {facts.goal.model}；{own} 则没有响应",
        ),
        because=_CODES.get(reach.failed.name) if reach.failed is not None else None,
        fix=_fix(facts, sibling),
        source=source.name,
    )


def _faster(facts: Facts, source: SourceFact, sibling: Sibling, todo: Listing) -> Iterable[Finding]:
    slow, fast = known(facts.speed.get(source.name)), sibling.speed
    if slow is None or fast is None or not slow.ok or not fast.ok:
        return
    before, after = todo.missing / slow.best, todo.missing / fast.best
    if slow.best * WORTH_SWITCHING >= fast.best or before - after < WORTH_SECONDS:
        return
    was, will = duration(before), duration(after)
    yield Finding(
        "HUB220",
        Severity.WARNING,
        Text(
            f"{host_of(source)} gives {rate(slow.best)} here, ModelScope's other site {_host(sibling)} "
            f"{rate(fast.best)}: {will.en} instead of {was.en}",
            f"{host_of(source)} 在这里的速度是 {rate(slow.best)}，ModelScope 的另一个站点 {_host(sibling)} "
            f"是 {rate(fast.best)}：{will.zh}，而不是 {was.zh}",
        ),
        because="HUB207",
        fix=_fix(facts, sibling),
        source=source.name,
    )


def _fix(facts: Facts, sibling: Sibling) -> Fix:
    tokens = known(facts.tokens.get("modelscope"))
    separate = Text("", "")
    if tokens is not None and tokens.found:
        separate = Text(
            "; accounts there are separate, your token does not count",
            "；两站账号互不相通，现有 Token 在那里无效",
        )
    return Fix(
        Text(
            f"Use {_host(sibling)}: MODELSCOPE_ENDPOINT{separate.en}",
            f"改用 {_host(sibling)}：MODELSCOPE_ENDPOINT{separate.zh}",
        ),
        # Another site may hold another version under the same name, and knows no account from here.
        Applicability.UNSAFE,
        patch=EnvPatch({"MODELSCOPE_ENDPOINT": sibling.endpoint}),
    )


def _host(sibling: Sibling) -> str:
    return urlsplit(sibling.endpoint).netloc


RULE = Rule(
    code="HUB220",
    name="ms-reach",
    severity=Severity.WARNING,
    title=Text(
        "ModelScope's other site works better from here", "从这里访问 ModelScope 的另一个站点更好"
    ),
    needs=("sibling", "reach", "speed", "listing", "tokens"),
    judge=judge,
    page=Page(
        what=prose(
            """
            ModelScope has two sites: modelscope.cn for China, and www.modelscope.ai for the rest of the world.
            The one that the settings name cannot be reached or is slow; the other one answers, has the model,
            and, where both were measured, is clearly faster.
            """,
            """
            ModelScope 有两个站点：面向国内的 modelscope.cn 和面向海外的 www.modelscope.ai。
            设置中的那个无法访问或很慢，而另一个能访问、有这个模型，并且（两者都测速时）明显更快。
            """,
        ),
        why=prose(
            """
            From abroad modelscope.cn may crawl, and from within China the other one may. A setting changes it;
            nothing else has to. The sites are separate: accounts and tokens of one are unknown to the other,
            and not every model is on both.
            """,
            """
            从海外访问 modelscope.cn 可能很慢，从国内访问另一个站点也可能很慢。改一项设置即可，其他无需改动。
            两个站点互相独立：一个站点的账号和 Token 在另一个站点无效，模型也并非两边都有。
            """,
        ),
        detect=prose(
            """
            The second site is contacted only where ModelScope serves the goal, and its own site could not be
            reached or gives less than 2 MB/s with more than an hour still to go. Both are rules of thumb. A
            failure that both sites share, such as a dead proxy, is no reason to ask. It is asked without a
            token, for a real file, and read for a few seconds where speed is the matter.
            """,
            """
            只有在由 ModelScope 提供模型，而其站点无法访问，或速度低于 2 MB/s 且还需一小时以上时，
            才会联系第二个站点。这两个界限都是经验规则。如果故障是两个站点共有的（如代理失效），则不会去问。
            请求不带 Token，针对一个真实文件；如果问题在于速度，会读取几秒钟来测速。
            """,
        ),
        mend=prose(
            """
            Abroad:

            ```
            MODELSCOPE_ENDPOINT=https://www.modelscope.ai
            ```

            In China leave the setting out. `qtune doctor --fix --unsafe-fixes` writes it. The other way is
            Hugging Face: `USE_MODELSCOPE=False`.
            """,
            """
            海外用户：

            ```
            MODELSCOPE_ENDPOINT=https://www.modelscope.ai
            ```

            国内用户不要设置此项。`qtune doctor --fix --unsafe-fixes` 会写入它。
            另一条路是 Hugging Face：`USE_MODELSCOPE=False`。
            """,
        ),
        verify=prose(
            """
            Two statuses of 200 mean that both can be reached; the smaller time is the nearer one:

            ```bash
            curl -m 10 -sS -o /dev/null -w '%{http_code} %{time_total}s\\n' https://modelscope.cn/api/v1/models/Qwen/Qwen3-4B
            curl -m 10 -sS -o /dev/null -w '%{http_code} %{time_total}s\\n' https://www.modelscope.ai/api/v1/models/Qwen/Qwen3-4B
            ```
            """,
            """
            两个都返回 200 说明都能访问；耗时较小的离你更近：

            ```bash
            curl -m 10 -sS -o /dev/null -w '%{http_code} %{time_total}s\\n' https://modelscope.cn/api/v1/models/Qwen/Qwen3-4B
            curl -m 10 -sS -o /dev/null -w '%{http_code} %{time_total}s\\n' https://www.modelscope.ai/api/v1/models/Qwen/Qwen3-4B
            ```
            """,
        ),
        sources=("https://www.modelscope.cn/docs/models/download",),
    ),
)
