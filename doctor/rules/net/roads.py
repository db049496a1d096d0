"""Roads that ended before the host: where, how, and what was measured on the way, in both languages."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.table import BY_NAME
from qtune.core.text import Text, plain
from qtune.doctor.endings import ending
from qtune.doctor.facts import Facts, ProxyFact, Reach, SourceFact, Stage, StageName, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.places import span_of
from qtune.doctor.wording import in_both

PROXY_STAGES: tuple[StageName, ...] = ("proxy_dns", "proxy_tcp", "connect")

_LABEL: dict[StageName, Text] = {
    "dns": plain("DNS"),
    "tcp": plain("TCP"),
    "proxy_dns": Text("the proxy's DNS", "代理的 DNS"),
    "proxy_tcp": Text("TCP to the proxy", "到代理的 TCP"),
    "connect": Text("the proxy's CONNECT", "代理的 CONNECT"),
    "tls": plain("TLS"),
    "http": plain("HTTP"),
}
_FAKE_IP = ipaddress.ip_network("198.18.0.0/15")


@dataclass(frozen=True)
class Broken:
    """The road to a host of `source` that ended at `stage`."""

    source: SourceFact
    reach: Reach
    stage: Stage

    @property
    def host(self) -> str:
        return self.reach.host if self.reach.port == 443 else f"{self.reach.host}:{self.reach.port}"

    @property
    def ending(self) -> Text:
        return ending(self.reach, self.stage)


def ended(facts: Facts, *stages: StageName) -> tuple[Broken, ...]:
    """The hubs' own roads that ended at one of `stages`, in the order of the settings."""
    return tuple(
        Broken(source, reach, reach.failed)
        for source in facts.sources
        if (reach := known(facts.reach.get(source.name))) is not None
        and reach.failed is not None
        and reach.failed.name in stages
        and not (reach.proxy and reach.proxy.bad)
        and not without_ca(reach)
    )


def without_ca(reach: Reach) -> bool:
    """TLS ended before anything was dialled: the CA file of the settings could not be loaded (NET110)."""
    first = next(iter(reach.stages), None)
    return first is not None and first.name == "tls" and not first.ok


def trail(reach: Reach) -> Text:
    """Stage by stage with its time: `DNS 5 ms → TCP failed after 3000 ms`."""
    en, zh = [], []
    for stage in reach.stages:
        label = _LABEL[stage.name]
        en.append(f"{label.en} {'' if stage.ok else 'failed after '}{stage.took_ms} ms")
        zh.append(f"{label.zh} {stage.took_ms} 毫秒{'' if stage.ok else '后失败'}")
    return Text(f"{reach.host}: {' → '.join(en)}", f"{reach.host}：{' → '.join(zh)}")


def evidence(facts: Facts, road: Broken) -> tuple[Text, ...]:
    """What was measured, and which setting led there."""
    reach, lines = road.reach, [trail(road.reach)]
    if reach.addresses and reach.addresses != (reach.host,):
        shown = ", ".join(reach.addresses)
        lines.append(Text(f"{reach.host} is {shown}", f"{reach.host} 解析为 {shown}"))
    if behind_fake_ip(reach):
        lines.append(
            Text(
                "198.18.0.0/15 is the fake range of a local proxy program (Clash and its kin)",
                "198.18.0.0/15 是本机代理软件（Clash 等）的 fake-ip 网段",
            )
        )
    if reach.proxy is not None and reach.proxy.url:
        via = named(reach.proxy)
        lines.append(
            Text(f"through {via.en}: {reach.proxy.url}", f"经由 {via.zh}：{reach.proxy.url}")
        )
    if road.stage.name == "tls" and reach.issuer:
        lines.append(Text(f"certificate issued by: {reach.issuer}", f"证书签发者：{reach.issuer}"))
    if road.stage.detail and road.stage.kind != "timeout":  # the message says how long it took
        lines.append(in_both(road.stage.detail))
    setting = endpoint_setting(facts, road.source)
    if setting is not None:
        key, value, where = setting
        lines.append(Text(f"{key}={value} ({where.en})", f"{key}={value}（{where.zh}）"))
    return tuple(lines)


def behind_fake_ip(reach: Reach) -> bool:
    """Did a proxy program on this machine answer instead of the real DNS?"""
    try:
        found = [ipaddress.ip_address(address) for address in reach.addresses]
    except ValueError:
        return False
    return bool(found) and all(address in _FAKE_IP for address in found)


ENDPOINT_KEYS = {"huggingface": "HF_ENDPOINT", "modelscope": "MODELSCOPE_ENDPOINT"}


def endpoint_setting(facts: Facts, source: SourceFact) -> tuple[str, str, Text] | None:
    """(key, value, where it stands) of the address that somebody gave this hub; None for the hub's own."""
    key = ENDPOINT_KEYS.get(source.kind)
    if key is None:
        return None
    fact = facts.setting(key)
    if fact.origin.level is Level.DEFAULT or fact.problem is not None:
        return None
    return key, fact.value, fact.origin.describe()


def misread(facts: Facts, source: SourceFact) -> bool:
    """Is the hub asked at its own address only because the one that somebody gave it cannot be used?"""
    key = ENDPOINT_KEYS.get(source.kind)
    return key is not None and facts.setting(key).problem is not None


def named(proxy: ProxyFact) -> Text:
    """The variable that names the proxy, and where it stands."""
    if proxy.key == "SYSTEM":
        return Text("the system's proxy settings", "系统代理设置")
    where = proxy.origin.describe()
    if proxy.origin.level is Level.ENVIRON:
        return Text(f"{proxy.key} (process environment)", f"{proxy.key}（进程环境变量）")
    return Text(f"{proxy.key} ({where.en})", f"{proxy.key}（{where.zh}）")


def rewritten(facts: Facts, proxy: ProxyFact, address: str) -> EnvPatch | None:
    """The patch that gives the proxy's variable another address; None where a password would be lost."""
    row = BY_NAME.get(proxy.key)
    if row is None or "@" in facts.setting(row.key).value:
        return None
    return EnvPatch({_written_key(proxy): address})


def removed(proxy: ProxyFact) -> EnvPatch | None:
    if proxy.key not in BY_NAME:
        return None
    return EnvPatch({}, frozenset({_written_key(proxy)}))


def _written_key(proxy: ProxyFact) -> str:
    """`.env` has the variable in the case that its owner wrote; elsewhere the table's name counts."""
    return proxy.key if proxy.origin.level is Level.PROJECT else BY_NAME[proxy.key].key


def either_family(facts: Facts, road: Broken) -> Fix | None:
    """Let both families be tried, where QTUNE_IP_FAMILY allows only the one that leads nowhere."""
    wanted = facts.setting("QTUNE_IP_FAMILY")
    if wanted.value not in ("4", "6") or road.stage.kind not in (
        "no_family",
        "unreachable",
        "timeout",
    ):
        return None
    return Fix(
        Text(
            f"Let IPv4 and IPv6 be tried: remove QTUNE_IP_FAMILY={wanted.value}",
            f"同时尝试 IPv4 和 IPv6：删除 QTUNE_IP_FAMILY={wanted.value}",
        ),
        Applicability.UNSAFE,
        patch=EnvPatch({}, frozenset({"QTUNE_IP_FAMILY"})),
    )


def tell(
    code: str, facts: Facts, roads: Sequence[Broken], otherwise: Callable[[Facts, Broken], Fix]
) -> Iterator[Finding]:
    """One finding a hub; where every hub ends alike, one for all. `otherwise` mends what no switch does."""
    if len(roads) > 1 and len(roads) == len(facts.sources):
        en = "; ".join(f"{road.host}: {road.ending.en}" for road in roads)
        zh = "；".join(f"{road.host}：{road.ending.zh}" for road in roads)
        head = Text("None of the hubs can be reached", "所有下载源都无法访问")
        if all(road.stage.name == "http" for road in roads):
            head = Text("None of the hubs answers as it should", "所有下载源都没有正常响应")
        cause = _shared([blame.cause(facts, road.reach) for road in roads])
        yield Finding(
            code,
            Severity.ERROR,
            Text(f"{head.en}. {en}", f"{head.zh}。{zh}"),
            tuple(dict.fromkeys(line for road in roads for line in evidence(facts, road))),
            because=cause,
            fix=otherwise(facts, roads[0]) if cause != "NET100" else None,
        )
        return
    for road in roads:
        name, how = road.source.title, road.ending
        key = ENDPOINT_KEYS.get(road.source.kind)
        yield Finding(
            code,
            Severity.ERROR,
            Text(f"{name} ({road.host}): {how.en}", f"{name}（{road.host}）：{how.zh}"),
            evidence(facts, road),
            because="HUB203" if misread(facts, road.source) else blame.cause(facts, road.reach),
            span=span_of(facts.setting(key).origin, facts) if key else None,
            fix=switch_source(facts, road.source.name) or otherwise(facts, road),
            source=road.source.name,
        )


def _shared(causes: Sequence[str | None]) -> str | None:
    return causes[0] if len({*causes}) == 1 else None
