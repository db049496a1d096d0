"""Facts in which a road ends somewhere, for the tests of rules about hosts and hubs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtune.core.origin import Origin
from qtune.doctor.facts import Facts, Known, Listing, ProxyFact, Reach, SourceFact, Stage, StageName
from qtune.doctor.finding import Finding
from tests.doctor.build import MS, healthy, road, with_setting

DIRECT: tuple[StageName, ...] = ("dns", "tcp", "tls", "http")
PROXIED: tuple[StageName, ...] = ("proxy_dns", "proxy_tcp", "connect", "tls", "http")
HOSTS = {"huggingface": "huggingface.co", "modelscope": "modelscope.cn"}


def broken(host: str, stage: StageName, kind: str, took_ms: int = 3000, **changes: Any) -> Reach:
    """A road that went well up to `stage`."""
    names = PROXIED if changes.get("proxy") is not None else DIRECT
    before = [Stage(name, True, 5) for name in names[: names.index(stage)]]
    detail = changes.pop("detail", "")
    stages = (*before, Stage(stage, False, took_ms, kind, detail))
    reach = road(host, stages=stages, status=None, first_byte_ms=None, issuer="")
    return replace(reach, **changes)


def ending(
    stage: StageName, kind: str, *names: str, facts: Facts | None = None, **changes: Any
) -> Facts:
    """`facts` in which the roads to these hubs end so; Hugging Face's where none is named."""
    facts = facts or healthy()
    ends = {
        name: Known(broken(HOSTS[name], stage, kind, **changes))
        for name in names or ("huggingface",)
    }
    return replace(facts, reach={**facts.reach, **ends})


def through(proxy: ProxyFact, *names: str, facts: Facts | None = None) -> Facts:
    """`facts` in which these hubs are reached by way of a proxy that works."""
    facts = facts or healthy()
    stages = tuple(Stage(name, True, 5) for name in PROXIED)
    roads = {
        name: Known(road(HOSTS[name], stages=stages, proxy=proxy, addresses=())) for name in names
    }
    return replace(facts, reach={**facts.reach, **roads})


def at(endpoint: str, origin: Origin, facts: Facts | None = None, official: bool = False) -> Facts:
    """Hugging Face first, at an address that somebody gave it."""
    facts = with_setting(facts or healthy(), "HF_ENDPOINT", endpoint, origin)
    return replace(
        facts, sources=(SourceFact("huggingface", "huggingface", endpoint, official), MS)
    )


def missing(facts: Facts, count: int) -> Facts:
    """`count` bytes are still to be downloaded, whichever hub serves."""
    listing = Listing("a" * 40, 12, count, 0, "model.safetensors", count, "qwen3")
    return replace(facts, listing={name: Known(listing) for name in facts.listing})


def told(finding: Finding) -> str:
    """All that a reader of English gets to see of it."""
    texts = [finding.message, *finding.evidence, *([finding.fix.title] if finding.fix else [])]
    for text in texts:
        assert text.en and text.zh
    assert finding.message.en != finding.message.zh
    return "\n".join(text.en for text in texts)
