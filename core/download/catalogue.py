"""Who lists the files: the chosen hub, or the next one that may speak for its owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtune.core.download import untrusted
from qtune.core.download.line import Line
from qtune.core.download.roster import Roster, Supplier
from qtune.core.download.standin import Standing, standing
from qtune.core.errors import (
    DownloadError,
    HubError,
    Nonsense,
    NotFound,
    QtuneError,
    Refused,
    Unreachable,
)
from qtune.core.hub.interface import Hub, Manifest, RepoType
from qtune.core.text import Text

_RETRIES = 2


@dataclass(frozen=True)
class Listed:
    """`failed`: the hubs asked before, or not asked, and why."""

    manifest: Manifest
    hub: Hub
    only_harmless: bool
    failed: tuple[tuple[str, Text], ...]


class NobodyListed(Exception):
    """`error` is what to show; `silent`: the chosen hub did not answer, so the cache may speak."""

    def __init__(self, error: QtuneError, silent: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.silent = silent


def find_listing(
    hubs: Sequence[Hub],
    repo_id: str,
    revision: str | None,
    line: Line,
    repo_type: RepoType = "model",
) -> Listed:
    """Raises NobodyListed, and DownloadError DWN004 for a listing that must not reach the disk."""
    errors: list[HubError] = []
    titles = {hub.source.name: hub.source.title for hub in hubs}
    refused: list[tuple[str, Text]] = []
    for hub in hubs:
        place = standing(
            hub.source,
            hubs[0].source,
            repo_id,
            named=line.settings.is_set("QTUNE_SOURCES"),
            absent=bool(errors) and errors[0].code == "HUB221",
        )
        if place is Standing.STRANGER:
            refused.append((hub.source.name, _stranger(hub, repo_id)))
            continue
        try:
            manifest = _listing(
                hub, repo_id, _revision_for(hub, hubs[0], revision), line, repo_type
            )
        except HubError as error:
            errors.append(error)
            continue
        untrusted.check(manifest)
        failed = tuple((e.source, _named(titles[e.source], e.message)) for e in errors)
        return Listed(manifest, hub, place is Standing.UNCONFIRMED, failed + tuple(refused))
    raise NobodyListed(_verdict(errors, refused, titles, repo_type), _silent(errors[0]))


def suppliers(listed: Listed, hubs: Sequence[Hub]) -> Roster:
    """The hub that listed comes first; the hashes let any other that did not fail send the same bytes."""
    failed = {name for name, _ in listed.failed}
    lister = listed.manifest.listed_by
    found = [Supplier(listed.hub, listed.manifest.commit)]
    for hub in hubs:
        source = hub.source
        if source == lister or source.name in failed:
            continue
        one_namespace = "modelscope" not in (source.kind, lister.kind)
        default = "master" if source.kind == "modelscope" else "main"
        commit = listed.manifest.commit if one_namespace else default
        found.append(Supplier(hub, commit, lists=not one_namespace))
    return Roster(found)


def _listing(
    hub: Hub, repo_id: str, revision: str | None, line: Line, repo_type: RepoType
) -> Manifest:
    """A fault of the moment is asked about once more; a name that does not resolve is not."""
    for attempt in range(_RETRIES + 1):
        try:
            return hub.manifest(repo_id, revision, repo_type=repo_type)
        except HubError as error:
            fault = error.status is not None and error.status >= 500
            broke = isinstance(error, Unreachable) and error.stage == "http"
            wait = error.retry_after if error.retry_after is not None else 0.5 * 2**attempt
            asked_to_wait = error.status == 429 and wait <= 60
            if attempt == _RETRIES or not (fault or broke or asked_to_wait) or wait > 60:
                raise
            if error.retry_after is not None:
                line.say(error.message)
            line.pause(wait)
    raise AssertionError("the last attempt returns or raises")


def _revision_for(hub: Hub, chosen: Hub, revision: str | None) -> str | None:
    """`main` and `master` are each hub's own default branch; another hub is asked for its own."""
    if hub.source.kind == "modelscope" and revision == "main":
        return None
    if hub.source != chosen.source and revision in ("main", "master"):
        return None
    return revision


def _silent(error: HubError) -> bool:
    return isinstance(error, Unreachable) or error.status == 429 or (error.status or 0) >= 500


def _stranger(hub: Hub, repo_id: str) -> Text:
    name = hub.source.title
    return Text(
        f"{name} was not asked: {repo_id} may belong to somebody else there",
        f"没有使用 {name}：那里的 {repo_id} 可能属于别人",
    )


def _named(title: str, why: Text) -> Text:
    """Most errors name their hub; that of a host that is not reached names the host."""
    return why if title in why.en else Text(f"{title}: {why.en}", f"{title}：{why.zh}")


def _verdict(
    errors: list[HubError],
    refused: list[tuple[str, Text]],
    titles: Mapping[str, str],
    repo_type: RepoType,
) -> QtuneError:
    """The error that says most, with a line for each of the others. A refusal says more than silence."""
    order = (Refused, NotFound, Nonsense, HubError)
    best = min(errors, key=lambda e: next(n for n, kind in enumerate(order) if isinstance(e, kind)))
    others = [(e.source, _named(titles[e.source], e.message)) for e in errors if e is not best]
    others += refused
    if not others:
        return best
    message = Text(
        best.message.en + "".join(f"\n{why.en}" for _, why in others),
        best.message.zh + "".join(f"\n{why.zh}" for _, why in others),
    )
    if refused and len(errors) == 1 and _silent(best):
        name = refused[0][0]
        title = titles[name]
        fix = Text(
            "Run `qtune doctor` for the cause. If you trust the owner of that name on "
            f"{title}, choose it: QTUNE_SOURCES={name}",
            "运行 `qtune doctor` 查看原因。"
            f"如果信任 {title} 上的同名发布者，请明确选择：QTUNE_SOURCES={name}",
        )
        return DownloadError("DWN008", message, fix)
    if len(errors) > 1 and all(isinstance(e, NotFound) for e in errors):
        return _explained(
            best, message, _NOWHERE[repo_type]
        )  # another hub is no advice: it has been asked
    return _explained(best, message, best.fix)


_NOWHERE: Mapping[RepoType, Text] = {
    "model": Text(
        "Check the spelling, capitals included. A private model needs a token that may read it. "
        "A dataset is fetched with `qtune download --repo-type dataset`.",
        "请核对拼写，包括大小写。如果是私有模型，需要有读取权限的 Token。"
        "如果是数据集，请使用 `qtune download --repo-type dataset`。",
    ),
    "dataset": Text(
        "Check the spelling, capitals included. A private dataset needs a token that may read it. "
        "A model is downloaded without --repo-type dataset.",
        "请核对拼写，包括大小写。如果是私有数据集，需要有读取权限的 Token。"
        "如果是模型，请去掉 --repo-type dataset。",
    ),
}


def _explained(error: HubError, message: Text, fix: Text | None) -> HubError:
    if isinstance(error, Unreachable):
        return Unreachable(error.code, message, fix, source=error.source, stage=error.stage)
    return type(error)(
        error.code,
        message,
        fix,
        source=error.source,
        status=error.status,
        retry_after=error.retry_after,
    )
