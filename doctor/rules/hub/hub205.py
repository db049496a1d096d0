"""HUB205: a mirror that serves no files, or only the small ones; core.hub raises it too, where it is sent on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Relay, SourceFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.storage import a_mirrors, broken
from qtune.doctor.rules.net.roads import Broken, endpoint_setting, evidence
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        gate, road = known(facts.gate.get(source.name)), broken(facts, source)
        if gate is not None and gate.relay is not None:
            message = _serves_nothing(source, gate.relay, gate.path)
            lines = tuple(_about(facts, source, gate.relay))
            yield _finding(facts, source, message, lines)
        elif road is not None and a_mirrors(facts, road):
            yield _half(facts, road)


def _serves_nothing(source: SourceFact, relay: Relay, path: str) -> Text:
    if relay.target:
        return Text(
            f"{source.titled} serves nothing itself: it sends the request for {path} on to {relay.target}",
            f"{source.titled} 自己不提供文件：它把对 {path} 的请求转到 {relay.target}",
        )
    return Text(
        f"{source.titled} answers the request for {path}, but not as a hub does: without X-Repo-Commit no "
        "library takes the file",
        f"{source.titled} 响应了对 {path} 的请求，但不符合下载源的格式：没有 X-Repo-Commit，任何库都不会接受",
    )


def _about(facts: Facts, source: SourceFact, relay: Relay) -> Iterator[Text]:
    yield Text(
        f"asked for the file, it answered {relay.status} without X-Repo-Commit",
        f"请求该文件时返回 {relay.status}，且没有 X-Repo-Commit",
    )
    for fact in facts.reach.values():
        reach = known(fact)
        if reach is not None and reach.failed is not None and reach.host == relay.target:
            yield Text(
                f"and {relay.target} cannot be reached from here",
                f"而从这里无法访问 {relay.target}",
            )
    setting = endpoint_setting(facts, source)
    if setting is not None:
        key, value, where = setting
        yield Text(f"{key}={value} ({where.en})", f"{key}={value}（{where.zh}）")


def _half(facts: Facts, road: Broken) -> Finding:
    """Small files come from the mirror itself, the large ones from where it cannot help."""
    source = road.source
    message = Text(
        f"{source.titled} relays only the small files: for the large ones it sends on to {road.host}, and "
        f"there {road.ending.en}",
        f"{source.titled} 只转发小文件：大文件被转到 {road.host}，而那里出了问题：{road.ending.zh}",
    )
    return _finding(facts, source, message, evidence(facts, road))


def _finding(facts: Facts, source: SourceFact, message: Text, lines: tuple[Text, ...]) -> Finding:
    setting = endpoint_setting(facts, source)
    origin = facts.setting(setting[0]).origin if setting is not None else None
    return Finding(
        "HUB205",
        Severity.ERROR,
        message,
        lines,
        span=span_of(origin, facts) if origin is not None else None,
        fix=switch_source(facts, source.name) or _without(facts, source),
        source=source.name,
    )


def _without(facts: Facts, source: SourceFact) -> Fix:
    setting = endpoint_setting(facts, source)
    if setting is None:
        return manual(
            f"Take {source.endpoint} out of QTUNE_SOURCES or QTUNE_MIRRORS",
            f"请从 QTUNE_SOURCES 或 QTUNE_MIRRORS 中去掉 {source.endpoint}",
        )
    return Fix(
        Text(
            f"Use the hub's own address again: remove {setting[0]}; where that is blocked, USE_MODELSCOPE=True",
            f"改回官方地址：删除 {setting[0]}；如果官方地址被屏蔽，请用 USE_MODELSCOPE=True",
        ),
        Applicability.UNSAFE,
        patch=EnvPatch(unset=frozenset({setting[0]})),
    )


RULE = Rule(
    code="HUB205",
    name="mirror-capability",
    severity=Severity.ERROR,
    title=Text("The mirror does not serve the files", "镜像没有提供文件"),
    needs=("gate", "storage", "reach", "tokens"),
    judge=judge,
    page=Page(
        what=prose(
            """
            The mirror in `HF_ENDPOINT` or `QTUNE_MIRRORS` cannot do what a mirror is for:

            - it answers a request for a file by sending it on to huggingface.co (308), or answers without the
              mark that a hub's answer carries (`X-Repo-Commit`); or
            - it relays the small files, and for the large ones sends on to a host (`cas-bridge.xethub.hf.co`,
              `us.aws.cdn.hf.co`) that cannot be reached from here.
            """,
            """
            `HF_ENDPOINT` 或 `QTUNE_MIRRORS` 中的镜像没有起到镜像的作用：

            - 收到文件请求后只是转到 huggingface.co（308），或者响应里没有下载源应有的标记（`X-Repo-Commit`）；
            - 或者只转发小文件，大文件则转到从这里无法访问的主机
              （`cas-bridge.xethub.hf.co`、`us.aws.cdn.hf.co`）。
            """,
        ),
        why=prose(
            """
            Going through such a mirror is no help where huggingface.co is blocked. `huggingface_hub` reports the
            first case as "check your connection", and in the second one `config.json` comes and the weights
            hang. hf-mirror.com was seen to do both, in different months; what a mirror can do changes, so it is
            probed and not looked up in a list.
            """,
            """
            在 huggingface.co 被屏蔽的地方，这样的镜像毫无帮助。第一种情况下 `huggingface_hub` 只会提示
            "check your connection"；第二种情况下 `config.json` 能下载，权重却一直卡住。
            hf-mirror.com 在不同月份两种情况都出现过。镜像的能力随时可能变化，因此这里实际探测，而不是查表。
            """,
        ),
        detect=prose(
            """
            The mirror is asked for a real file without a token, as a download asks; where nothing is said of a
            refusal and no hub answers, one more request looks at the status, at where it leads, and at
            `X-Repo-Commit`. Where the large files come from is taken from its own answer and walked like every
            road. Whether it serves parts of a file is HUB206; that it gets no token, and so has no gated models,
            is GATE401. The hub's own addresses, and hosts in `QTUNE_TRUSTED_HOSTS`, are no mirrors: of those
            HUB201 speaks. Downloads raise this code too.
            """,
            """
            像下载那样不带 Token 向镜像请求一个真实文件；如果既没有拒绝、也不像下载源的响应，
            就再发一个请求，查看状态码、跳转目标和 `X-Repo-Commit`。大文件的来源取自它自己的响应，
            并像其他线路一样逐段检查。是否支持分段下载由 HUB206 说明；镜像不会收到 Token，
            因此没有门控模型，由 GATE401 说明。官方地址和 `QTUNE_TRUSTED_HOSTS` 中的主机不算镜像，由 HUB201 说明。
            下载命令也会以这个代码报错。
            """,
        ),
        mend=prose(
            """
            Take the mirror out, and use ModelScope or the official hub:

            ```
            USE_MODELSCOPE=True
            ```
            """,
            """
            去掉这个镜像，改用 ModelScope 或官方站点：

            ```
            USE_MODELSCOPE=True
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            curl -sI https://hf-mirror.com/Qwen/Qwen3-4B/resolve/main/config.json | grep -iE '^HTTP|location|x-repo-commit'
            ```

            A mirror that serves shows `x-repo-commit`.
            """,
            """
            ```bash
            curl -sI https://hf-mirror.com/Qwen/Qwen3-4B/resolve/main/config.json | grep -iE '^HTTP|location|x-repo-commit'
            ```

            能提供文件的镜像会显示 `x-repo-commit`。
            """,
        ),
        sources=(
            "https://github.com/huggingface/huggingface_hub/issues/4637",
            "https://github.com/padeoe/hf-mirror-site/issues/50",
            "https://github.com/huggingface/huggingface_hub/issues/4475",
        ),
    ),
)
