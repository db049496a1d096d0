"""From a repository id to a snapshot on disk, whole and verified."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from qtune.core.amounts import size
from qtune.core.download import offline, transfer
from qtune.core.download.catalogue import Listed, NobodyListed, find_listing, suppliers
from qtune.core.download.digest import digests_of
from qtune.core.download.disk import require_room, write_error
from qtune.core.download.folder import Folder
from qtune.core.download.line import Line
from qtune.core.download.lock import locked
from qtune.core.download.plan import DownloadPlan, make_plan, select
from qtune.core.download.roster import Roster
from qtune.core.download.store import HubCache, Store
from qtune.core.download.workers import run_all
from qtune.core.http import open_client
from qtune.core.hub.interface import Hub, RepoFile
from qtune.core.hub.names import check_repo_id, check_revision
from qtune.core.hub.open import open_hub
from qtune.core.locations import hub_cache
from qtune.core.progress import SILENT, Progress
from qtune.core.settings import Settings
from qtune.core.sources import Source, choose
from qtune.core.text import Text

AUTO_CONNECTIONS = 4


@dataclass(frozen=True)
class Snapshot:
    """A model on disk. `source` listed it (None: found in the cache, put there by another program);
    `sources_used` sent bytes in this run; `dropped` are the sources that did not serve, and why."""

    path: Path
    repo_id: str
    commit: str
    source: Source | None
    sources_used: tuple[str, ...]
    bytes_fetched: int
    bytes_reused: int
    files: tuple[str, ...]
    dropped: tuple[tuple[str, Text], ...] = ()


def download(
    repo_id: str,
    settings: Settings,
    *,
    revision: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    local_dir: Path | None = None,
    progress: Progress = SILENT,
    client: httpx.Client | None = None,
) -> Snapshot:
    """The model's files, in the Hugging Face cache or in `local_dir`.

    What is here already is verified and not fetched again; an interrupted download goes on where it
    stopped. Which hubs are asked, and in which order, the settings say. Raises UsageError for a bad id,
    HubError for a hub's refusal, DownloadError for what cannot be fetched, verified or stored.
    """
    check_repo_id(repo_id)
    if revision is not None:
        check_revision(revision)
    choice = choose(settings)
    sources = (choice.source, *choice.others)
    cache = HubCache(
        hub_cache(settings), repo_id, links=not settings.flag("HF_HUB_DISABLE_SYMLINKS")
    )
    folder = Folder(_absolute(local_dir)) if local_dir is not None else None
    store: Store = cache if folder is None else folder
    wanted = offline.Wanted(repo_id, revision, tuple(include), tuple(exclude))
    try:
        if settings.flag("HF_HUB_OFFLINE"):
            found = _from_disk(cache, folder, sources[0], wanted)
            if isinstance(found, offline.Lacking):
                where = settings.origin("HF_HUB_OFFLINE").describe()
                raise offline.incomplete(repo_id, found, where)
            return found
        with contextlib.ExitStack() as stack:
            if client is None:
                client = stack.enter_context(open_client(settings))
            line = Line(client, settings, progress)
            hubs = [open_hub(source, settings, client) for source in sources]
            try:
                listed = find_listing(hubs, repo_id, revision, line)
            except NobodyListed as nobody:
                left = _from_disk(cache, folder, sources[0], wanted) if nobody.silent else None
                if not isinstance(left, Snapshot):
                    raise nobody.error from None
                line.say(
                    Text(
                        f"No hub answered; using what the cache has. {nobody.error.message.en}",
                        f"没有下载源响应，使用缓存中的内容。{nobody.error.message.zh}",
                    )
                )
                return left
            for _, why in listed.failed:
                line.say(why)
            manifest = listed.manifest
            files = select(manifest, include, exclude, only_harmless=listed.only_harmless)
            _say_what_is_left_out(listed, include, exclude, line)
            return _into(store, files, listed, hubs, line, cache)
    except OSError as error:
        raise write_error(error, store.root) from error


def _absolute(folder: Path) -> Path:
    """As the shell has it, which leaves `~` as it is before a name that is nobody's."""
    return Path(os.path.expanduser(folder)).absolute()  # noqa: PTH111


def _from_disk(
    cache: HubCache, folder: Folder | None, chosen: Source, wanted: offline.Wanted
) -> Snapshot | offline.Lacking:
    """Not one request: the cache's snapshot, or what is or can be copied into the folder."""
    found = offline.look_in(folder, wanted) if folder is not None else None
    if found is None:
        cached = offline.look(cache, chosen, wanted)
        if isinstance(cached, offline.Lacking):
            return cached
        found = cached if folder is None else offline.copy_out(cached, folder)
    repo_id, commit, source = wanted.repo_id, found.commit, found.listed_by
    return Snapshot(found.path, repo_id, commit, source, (), 0, found.size, found.files)


def _say_what_is_left_out(
    listed: Listed, include: Sequence[str], exclude: Sequence[str], line: Line
) -> None:
    if not listed.only_harmless:
        return
    wanted = {f.path for f in select(listed.manifest, include, exclude)}
    kept = {f.path for f in select(listed.manifest, include, exclude, only_harmless=True)}
    if wanted == kept:
        return
    left_out = ", ".join(sorted(wanted - kept)[:5])
    name = listed.hub.source.title
    line.say(
        Text(
            f"Listed by {name}, whose owner of this name nobody vouches for: only files that cannot run "
            f"code are taken. Left out: {left_out}",
            f"文件清单来自 {name}，其同名发布者未经确认：只下载不会执行代码的文件。未下载：{left_out}",
        )
    )


def _into(
    store: Store,
    files: tuple[RepoFile, ...],
    listed: Listed,
    hubs: Sequence[Hub],
    line: Line,
    cache: HubCache,
) -> Snapshot:
    """One process at a time writes to a store; the next one finds everything there."""
    manifest = listed.manifest
    if isinstance(store, HubCache) and store.is_published(manifest, files):
        return _snapshot(store.snapshot(manifest.commit), files, listed, Roster(()), (), 0)
    with locked(store.state, line):
        store.ledger.load()
        if isinstance(store, Folder):
            _adopt_from(cache, store, files, manifest.commit)
        plan = make_plan(manifest, files, lambda f: store.find(f, manifest.commit) is not None)
        roster = suppliers(listed, hubs)
        senders, fetched = _fetch_missing(plan, store, roster, listed, line)
        path = store.publish(manifest, plan.files, listed.only_harmless)
    return _snapshot(path, plan.files, listed, roster, senders, fetched)


def _snapshot(
    path: Path,
    files: tuple[RepoFile, ...],
    listed: Listed,
    roster: Roster,
    senders: tuple[str, ...],
    fetched: int,
) -> Snapshot:
    manifest = listed.manifest
    return Snapshot(
        path,
        manifest.repo_id,
        manifest.commit,
        manifest.listed_by,
        senders,
        fetched,
        max(0, sum(f.size for f in files) - fetched),
        tuple(sorted(f.path for f in files)),
        listed.failed + roster.dropped,
    )


def _adopt_from(cache: HubCache, folder: Folder, files: tuple[RepoFile, ...], commit: str) -> None:
    """For a plain folder: what the cache has is copied, not fetched."""
    missing = tuple(f for f in files if folder.find(f, commit) is None)
    folder.require_free(missing)
    for file in missing:
        found = cache.find(file, commit)
        if found is not None:
            folder.adopt(file, found, digests_of(found, file))


def _fetch_missing(
    plan: DownloadPlan, store: Store, roster: Roster, listed: Listed, line: Line
) -> tuple[tuple[str, ...], int]:
    """Who sent something, and how many bytes. The same content under two paths is fetched once."""
    jobs = list({file.sha256 or file.git_sha1: file for file in plan.missing}.values())
    if not jobs:
        return (), 0
    total = sum(file.size for file in jobs)
    require_room(store.root, total - sum(_size(store.partial(file)) for file in jobs))
    commit, lister = plan.manifest.commit, listed.hub.source
    titles = {supplier.name: supplier.title for supplier in roster.active()}
    senders: dict[str, None] = {}
    received: list[int] = []

    def work(file: RepoFile) -> None:
        fetched = transfer.fetch(file, plan.manifest.repo_id, store.partial(file), roster, line)
        by = "+".join(fetched.sources)
        store.keep(file, commit, fetched.digests, by, lister.name)
        senders.update(dict.fromkeys(fetched.sources))
        received.append(fetched.received)

    line.progress.start("download", total)
    try:
        run_all(jobs, work, _connections(line.settings), line)
    finally:
        line.progress.finish("download")
    amount, by = size(sum(received)), [titles[name] for name in senders]
    line.say(
        Text(
            f"{amount} from {', '.join(by) or 'the cache'}, every file verified "
            f"against {lister.title}'s listing",
            f"从 {'、'.join(by) or '缓存'} 获取 {amount}，所有文件均已按 {lister.title} 的清单校验",
        )
    )
    return tuple(senders), sum(received)


def _connections(settings: Settings) -> int:
    text = settings.text("QTUNE_CONNECTIONS")
    return AUTO_CONNECTIONS if text == "auto" else int(text)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
