"""HUB203: the address given for a hub cannot be used, is no hub, or would carry a token in the clear."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from qtune.core.envpatch import EnvPatch
from qtune.core.settings import url_problem
from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, SettingFact, SourceFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.endpoints import is_loopback
from qtune.doctor.rules.net.roads import ENDPOINT_KEYS, ended, evidence
from qtune.doctor.rules.places import glued, span_of
from qtune.doctor.rules.words import prose

_QUOTES = " \t\"'`“”‘’"


def judge(facts: Facts) -> Iterable[Finding]:
    for key in ENDPOINT_KEYS.values():
        fact = facts.setting(key)
        if fact.problem is not None:
            yield _unusable(facts, fact, fact.problem)
    for source in facts.sources:
        if source.kind in ENDPOINT_KEYS and _in_the_clear(facts, source):
            yield _clear(facts, source, facts.setting(ENDPOINT_KEYS[source.kind]))
    yield from _no_hub(facts)


def _unusable(facts: Facts, fact: SettingFact, problem: Text) -> Finding:
    where = fact.origin.describe()
    meant = _meant(fact.value)
    if meant is not None:
        # A port hints at a server of one's own, which may not speak TLS.
        sure = "://" in fact.value or urlsplit(meant).port is None
        fix = Fix(
            Text(f"Write {fact.key}={meant}", f"写成 {fact.key}={meant}"),
            Applicability.SAFE if sure else Applicability.UNSAFE,
            patch=EnvPatch({fact.key: meant}),
        )
    else:
        fix = Fix(
            Text(
                f"Write a whole address (https://host), or remove {fact.key}",
                f"请填写完整的网址（https://主机），或删除 {fact.key}",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({fact.key})),
        )
    return Finding(
        "HUB203",
        Severity.ERROR,
        Text(
            f"{fact.key} ({where.en}) cannot be used: {problem.en}",
            f"{fact.key}（{where.zh}）无法使用：{problem.zh}",
        ),
        because=glued(fact.origin, facts),
        span=span_of(fact.origin, facts),
        fix=None if glued(fact.origin, facts) else fix,
    )


def _meant(value: str) -> str | None:
    """The address without the quotes around it and with the scheme that was left out."""
    bare = value.strip(_QUOTES).rstrip("/")
    whole = bare if "://" in bare else f"https://{bare}"
    named = "." in whole or "localhost" in whole
    return whole if named and url_problem(whole) is None else None


def _in_the_clear(facts: Facts, source: SourceFact) -> bool:
    """Plain http off this machine, and a token that qtune or a library would send along.

    To a host that may not have the token at all, HUB204 speaks.
    """
    parts = urlsplit(source.endpoint)
    if parts.scheme != "http" or is_loopback(parts.hostname or ""):
        return False
    tokens = known(facts.tokens.get(source.name))
    if tokens is None or not tokens.found or tokens.disabled:
        return False
    return tokens.may_go or source.official


def _clear(facts: Facts, source: SourceFact, fact: SettingFact) -> Finding:
    where = fact.origin.describe()
    secure = "https://" + source.endpoint.removeprefix("http://")
    return Finding(
        "HUB203",
        Severity.ERROR if source.official else Severity.WARNING,
        Text(
            f"{fact.key}={fact.value} ({where.en}) is plain http: your token would travel in the clear",
            f"{fact.key}={fact.value}（{where.zh}）使用明文 http：你的 Token 会被明文传输",
        ),
        span=span_of(fact.origin, facts),
        fix=Fix(
            Text(f"Write {fact.key}={secure}", f"写成 {fact.key}={secure}"),
            # The official hub speaks TLS for certain, one's own may not.
            Applicability.SAFE if source.official else Applicability.UNSAFE,
            patch=EnvPatch({fact.key: secure}),
        ),
    )


def _no_hub(facts: Facts) -> Iterable[Finding]:
    """Somebody answers at an address of the user's own, and it is no hub."""
    for road in ended(facts, "http"):
        if road.stage.kind != "not_a_hub" or road.source.official:
            continue
        key = ENDPOINT_KEYS.get(road.source.kind)
        fact = facts.setting(key) if key else None
        where = fact.origin.describe() if fact else plain("QTUNE_MIRRORS, QTUNE_SOURCES")
        yield Finding(
            "HUB203",
            Severity.ERROR,
            Text(
                f"At {road.source.endpoint} ({where.en}) something answers that is no hub",
                f"{road.source.endpoint}（{where.zh}）有程序响应，但它不是模型下载源",
            ),
            evidence(facts, road),
            span=span_of(fact.origin, facts) if fact else None,
            fix=Fix(
                Text(
                    f"Correct {key}, or remove it to use {road.source.title} itself",
                    f"更正 {key}，或删除它以使用 {road.source.title} 的官方地址",
                ),
                Applicability.UNSAFE,
                patch=EnvPatch({}, frozenset({key})),
            )
            if key
            else manual("Remove this mirror", "去掉这个镜像"),
            source=road.source.name,
        )


RULE = Rule(
    code="HUB203",
    name="endpoint-value",
    severity=Severity.ERROR,
    title=Text("The hub's address cannot be used", "下载源的地址无法使用"),
    needs=("tokens", "reach"),
    judge=judge,
    page=Page(
        what=prose(
            """
            `HF_ENDPOINT` or `MODELSCOPE_ENDPOINT` holds something that is no address (`https://` is
            missing, quotes are part of the value), something that answers but is no hub, or an `http://`
            address to another machine while a token is set.
            """,
            """
            `HF_ENDPOINT` 或 `MODELSCOPE_ENDPOINT` 的值不是网址（缺少 `https://`，或把引号也写进了值里），
            或者该地址有程序响应但不是下载源，又或者在设置了 Token 的情况下使用 `http://` 访问别的机器。
            """,
        ),
        why=prose(
            """
            Clients do not agree about such values. `HF_ENDPOINT=hf-mirror.com` makes `huggingface_hub`
            fail on the first call with `UnsupportedProtocol`; quotes end up in the host name ("couldn't
            connect to '"https://hf-mirror.com"'"). Docker's `--env-file` keeps quotes that a shell
            removes.

            Over plain http everybody on the way can read the token.
            """,
            """
            各客户端对这类值的处理并不一致。`HF_ENDPOINT=hf-mirror.com` 会让 `huggingface_hub`
            在第一次请求时就报 `UnsupportedProtocol`；引号会变成主机名的一部分
            （"couldn't connect to '"https://hf-mirror.com"'"）。shell 会去掉引号，
            而 Docker 的 `--env-file` 会原样保留。

            使用明文 http 时，途中任何人都能读到 Token。
            """,
        ),
        detect=prose(
            """
            The value is read as a URL: scheme, host, port. Nothing is sent for that. Whether a hub answers
            there is seen from one request without a token. A loopback address over http is fine.
            """,
            """
            按 URL 解析该值：协议、主机、端口，这一步不发送任何请求。
            那里是不是下载源，则由一个不带 Token 的请求判断。指向本机的 http 地址不算问题。
            """,
        ),
        mend=prose(
            """
            ```
            HF_ENDPOINT=https://hf-mirror.com
            ```

            No quotes, `https://` in front, no path behind. To go back to the hub itself, remove the line.
            For ModelScope outside China:

            ```
            MODELSCOPE_ENDPOINT=https://www.modelscope.ai
            ```

            (accounts and tokens there are separate from modelscope.cn).
            """,
            """
            ```
            HF_ENDPOINT=https://hf-mirror.com
            ```

            不要加引号，开头写 `https://`，后面不要带路径。要改回官方地址，删除这一行即可。
            在海外使用 ModelScope：

            ```
            MODELSCOPE_ENDPOINT=https://www.modelscope.ai
            ```

            （该站的账号和 Token 与 modelscope.cn 互不相通。）
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune env
            qtune doctor --only HUB203
            ```

            `qtune env` shows the value and which file or variable it came from.
            """,
            """
            ```bash
            qtune env
            qtune doctor --only HUB203
            ```

            `qtune env` 会显示当前值以及它来自哪个文件或变量。
            """,
        ),
        sources=("https://github.com/huggingface/diffusers/issues/9209",),
    ),
)
