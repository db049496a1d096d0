"""What is known of a model without asking anybody: the doctor's last report about it, and its pages on the hubs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core.amounts import duration, size
from qtune.core.errors import ConfigError
from qtune.core.hub.interface import AccessState
from qtune.core.settings import Settings
from qtune.core.sources import candidates
from qtune.core.text import Lang, Text
from qtune.core.trust import is_official
from qtune.doctor.documents.env import effective
from qtune.doctor.documents.kinds import is_template
from qtune.doctor.documents.markup import code, link, words
from qtune.doctor.documents.things import Thing, kind
from qtune.doctor.documents.world import World
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Severity
from qtune.doctor.rules.words import amid

if TYPE_CHECKING:
    from qtune.core.architecture import Architecture
    from qtune.core.sources import Source
    from qtune.doctor.lastreports import LastReport

_STATES = {
    AccessState.GRANTED: Text("may be read", "可以读取"),
    AccessState.GATED_NO_TOKEN: Text("gated, and no token was sent", "门控模型，未使用 Token"),
    AccessState.NOT_ACCEPTED: Text("gated, licence not accepted", "门控模型，尚未同意许可协议"),
    AccessState.PENDING: Text("gated, request pending", "门控模型，申请审核中"),
    AccessState.REJECTED: Text("gated, request rejected", "门控模型，申请被拒绝"),
    AccessState.TOKEN_CANNOT_SEE_GATED: Text(
        "gated, and the token may not read gated models", "门控模型，Token 没有读取门控模型的权限"
    ),
    AccessState.MISSING_OR_PRIVATE: Text("not there, or private", "不存在或为私有"),
    AccessState.BAD_TOKEN: Text("the token is not valid", "Token 无效"),
    AccessState.DISABLED: Text("taken down by the hub", "已被平台停用"),
    AccessState.REGION: Text("not offered in this region", "当前地区不提供"),
    AccessState.NO_REVISION: Text("no such revision", "没有该版本"),
    AccessState.RATE_LIMITED: Text("the hub asked to wait", "平台要求稍后再试"),
    AccessState.UNCLEAR: Text("refused", "被拒绝"),
}


@dataclass(frozen=True)
class HubPage:
    title: str
    url: str


def page_of(thing: Thing, document: str, path: Path, world: World, root: Path | None) -> HubPage:
    """Of a model that a document names: a call asks the hub of its library, else the settings say which serves."""
    if thing.hub:
        return page_on(thing.hub, thing.text)
    if kind(document, path) == "dotenv" and not is_template(path):
        return hub_page(thing.text, effective.of_text(document, path, world))
    return hub_page(thing.text, effective.of_project(root, world))


def hub_page(repo_id: str, settings: Settings) -> HubPage:
    """The model's page on the hub that the settings put first; of a mirror, the page on Hugging Face."""
    try:
        first = candidates(settings)[0]
    except ConfigError:
        return page_on("modelscope" if settings.flag("USE_MODELSCOPE") else "huggingface", repo_id)
    return _page(first, repo_id)


def page_on(kind: str, repo_id: str) -> HubPage:
    """On the hub's own site; `repo_id` was checked to be one."""
    if kind == "modelscope":
        return HubPage("ModelScope", f"https://modelscope.cn/models/{repo_id}")
    return HubPage("Hugging Face", f"https://huggingface.co/{repo_id}")


def _page(source: Source, repo_id: str) -> HubPage:
    # ModelScope has two official sites with accounts of their own; Hugging Face has one.
    if source.kind == "modelscope" and is_official("modelscope", source.endpoint):
        return HubPage("ModelScope", f"{source.endpoint}/models/{repo_id}")
    return page_on(source.kind, repo_id)


def last_report(repo_id: str, world: World) -> LastReport | None:
    """Of this very model: a folder of the same name on this machine is another one."""
    report = world.report(repo_id)
    if report is None or report.facts.goal.model != repo_id or report.facts.goal.local:
        return None
    return report


def about(repo_id: str, world: World, page: HubPage, lang: Lang) -> str:
    lines = [f"**{words(repo_id)}** · {link(page.title, page.url)}"]
    report = last_report(repo_id, world)
    if report is None:
        lines += _by_heart(repo_id, lang)
        nothing = Text("Not examined yet: ", "尚未检查：").to(lang)
        return "\n\n".join([*lines, nothing + code(f"qtune doctor {repo_id}")])
    facts = [*_model(report.facts, lang), *_hubs(report.facts, lang)]
    if facts:
        lines.append("\n".join(f"- {fact}" for fact in facts))
    lines.append(_taken(report, lang))
    return "\n\n".join(lines)


def _by_heart(repo_id: str, lang: Lang) -> Iterator[str]:
    """Of Qwen3's own sizes more is known than their names."""
    from qtune.core.smaller import QWEN3

    if repo_id in QWEN3:
        yield _parameters(QWEN3[repo_id], lang)


def _model(facts: Facts, lang: Lang) -> Iterator[str]:
    listing = next((found for row in facts.listing.values() if (found := known(row))), None)
    if listing is None:
        return
    parts = [_parameters(listing.architecture, lang)] if listing.architecture else []
    files = Text(f"{listing.files} files", f"{listing.files} 个文件").to(lang)
    parts.append(
        f"{size(listing.bytes)} ({files})" if lang == "en" else f"{size(listing.bytes)}（{files}）"
    )
    if listing.bytes and listing.cached_bytes >= listing.bytes:
        parts.append(Text("downloaded", "已下载").to(lang))
    elif listing.cached_bytes:
        there = size(listing.cached_bytes)
        parts.append(Text(f"{there} downloaded", f"已下载 {there}").to(lang))
    if listing.model_type:
        parts.append(words(listing.model_type))
    yield " · ".join(parts)


def _parameters(of: Architecture, lang: Lang) -> str:
    from qtune.core.architecture import parameters

    count = parameters(of)
    return Text(f"{count / 1e9:.2f} B parameters", f"{count / 1e8:.1f} 亿参数").to(lang)


def _hubs(facts: Facts, lang: Lang) -> Iterator[str]:
    for source in facts.sources:
        gate = known(facts.gate.get(source.name))
        if gate is None:
            continue
        colon = ": " if lang == "en" else "："
        yield f"{words(source.titled)}{colon}{_STATES[gate.access.state].to(lang)}"


def _taken(report: LastReport, lang: Lang) -> str:
    ago = age(report.taken)
    errors = sum(f.severity is Severity.ERROR for f in report.findings)
    codes = ", ".join(dict.fromkeys(f.code for f in report.findings[:5]))
    text = Text(f"As the doctor saw it {ago.en}", f"来自{amid(ago)}的检查").to(lang)
    if not codes:
        return text + Text(", without findings.", "，没有发现问题。").to(lang)
    many = "error" if errors == 1 else "errors"
    told = Text(f", with {errors} {many}", f"，{errors} 个错误").to(lang) if errors else ""
    return f"{text}{told}{': ' if lang == 'en' else '：'}{words(codes)}"


def age(taken: datetime) -> Text:
    """How long ago; a clock that was set back makes it just now."""
    if taken.tzinfo is None:
        taken = taken.replace(tzinfo=UTC)
    seconds = max(0.0, (datetime.now(UTC) - taken).total_seconds())
    if seconds < 60:
        return Text("just now", "刚刚")
    past = duration(seconds)
    return Text(f"{past.en} ago", f"{past.zh}前")
