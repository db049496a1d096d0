"""From a repository id to a snapshot on disk, whole and verified."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from qtune.core.download import offline, view
from qtune.core.download.catalogue import Listed, NobodyListed, find_listing, suppliers
from qtune.core.download.digest import digests_of
from qtune.core.download.disk_error import write_error
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.loop import Fetched, fetch_all
from qtune.core.download.engine.part import Part, recorded
from qtune.core.download.engine.run import Errand
from qtune.core.download.events import Finished, Planned, Tell, nobody
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import Search
from qtune.core.download.line import Line
from qtune.core.download.lock import Held, locked
from qtune.core.download.plan import DownloadPlan, make_plan, select
from qtune.core.download.reuse import reuse
from qtune.core.download.room import require_room, still_to_take
from qtune.core.download.roster import Roster
from qtune.core.download.store import HubCache, Store
from qtune.core.http import open_client
from qtune.core.hub.interface import Hub, Manifest, RepoFile, RepoType
from qtune.core.hub.names import check_repo_id, check_revision
from qtune.core.hub.open import open_hub
from qtune.core.locations import hub_cache
from qtune.core.settings import Settings
from qtune.core.sources import Source, choose
from qtune.core.text import Text
from qtune.core.wire.road import Road


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
    repo_type: RepoType = "model",
    revision: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    local_dir: Path | None = None,
    tell: Tell = nobody,
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
    began = time.monotonic()
    cache = HubCache(
        hub_cache(settings),
        repo_id,
        repo_type=repo_type,
        links=not settings.flag("HF_HUB_DISABLE_SYMLINKS"),
    )
    folder = Folder(_absolute(local_dir)) if local_dir is not None else None
    store: Store = cache if folder is None else folder
    wanted = offline.Wanted(repo_id, revision, tuple(include), tuple(exclude), repo_type)
    try:
        if settings.flag("HF_HUB_OFFLINE"):
            found = _from_disk(cache, folder, sources[0], wanted)
            if isinstance(found, offline.Lacking):
                where = settings.origin("HF_HUB_OFFLINE").describe()
                raise offline.incomplete(repo_id, found, where, repo_type)
            tell(_at_hand(found, time.monotonic() - began))
            return found
        with contextlib.ExitStack() as stack:
            if client is None:
                client = stack.enter_context(open_client(settings))
            line = Line(client, settings, tell)
            hubs = [open_hub(source, settings, client) for source in sources]
            try:
                listed = find_listing(hubs, repo_id, revision, line, repo_type)
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
                tell(_at_hand(left, time.monotonic() - began))
                return left
            for _, why in listed.failed:
                line.say(why)
            manifest = listed.manifest
            files = select(manifest, include, exclude, only_harmless=listed.only_harmless)
            _say_what_is_left_out(listed, include, exclude, line)
            snapshot, fetched = _into(store, files, listed, hubs, line, cache)
            tell(_finished(snapshot, fetched, manifest, time.monotonic() - began))
            return snapshot
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
) -> tuple[Snapshot, Fetched]:
    """One process at a time writes to a store; the next one finds everything there."""
    manifest = listed.manifest
    if isinstance(store, HubCache) and store.is_published(manifest, files):
        path = store.snapshot(manifest.commit)
        return _snapshot(path, files, listed, Roster(()), _NOTHING), _NOTHING
    with locked(store.state, line) as held:
        store.ledger.load()
        commit = manifest.commit
        if isinstance(store, Folder):
            _adopt_from(cache, store, files, commit)
        missing = tuple(f for f in files if store.find(f, commit) is None)
        search = Search(
            manifest.repo_id,
            manifest.repo_type,
            cache.root,
            view.cache_of(line.settings),
            store.root if isinstance(store, Folder) else None,
        )
        lister = manifest.listed_by.name
        reuse(missing, search, store, commit, lister, tell=line.tell, stop=line.stop)
        plan = make_plan(manifest, files, lambda f: store.find(f, commit) is not None)
        roster = suppliers(listed, hubs)
        fetched = _fetch_missing(plan, store, roster, line, held)
        held.check()
        path = store.publish(manifest, plan.files, listed.only_harmless)
        theirs = view.cache_of(line.settings)
        if isinstance(store, HubCache) and theirs is not None:
            view.show(theirs, store, manifest, plan.files)
    return _snapshot(path, plan.files, listed, roster, fetched), fetched


def _snapshot(
    path: Path,
    files: tuple[RepoFile, ...],
    listed: Listed,
    roster: Roster,
    fetched: Fetched,
) -> Snapshot:
    manifest = listed.manifest
    return Snapshot(
        path,
        manifest.repo_id,
        manifest.commit,
        manifest.listed_by,
        fetched.sources,
        fetched.received,
        max(0, sum(f.size for f in files) - fetched.received),
        tuple(sorted(f.path for f in files)),
        listed.failed + roster.dropped,
    )


def _at_hand(found: Snapshot, took_s: float) -> Finished:
    """The end of what was found without a hub's listing."""
    listed_by = found.source.title if found.source is not None else ""
    count, size = len(found.files), found.bytes_reused
    return Finished(
        str(found.path), found.repo_id, found.commit, listed_by, count, size, 0, size, took_s,
        (), found.dropped, 0,
    )  # fmt: skip


def _finished(snapshot: Snapshot, fetched: Fetched, manifest: Manifest, took_s: float) -> Finished:
    return Finished(
        str(snapshot.path),
        snapshot.repo_id,
        snapshot.commit,
        manifest.listed_by.title,
        len(snapshot.files),
        snapshot.bytes_fetched + snapshot.bytes_reused,
        fetched.received,
        snapshot.bytes_reused,
        took_s,
        fetched.sent,
        snapshot.dropped,
        fetched.retries,
    )


def _adopt_from(cache: HubCache, folder: Folder, files: tuple[RepoFile, ...], commit: str) -> None:
    """For a plain folder: what the cache has is copied, not fetched."""
    missing = tuple(f for f in files if folder.find(f, commit) is None)
    folder.require_free(missing)
    for file in missing:
        found = cache.find(file, commit)
        if found is not None:
            folder.adopt(file, found, digests_of(found, file))


_NOTHING = Fetched(0, (), (), 0)


def _fetch_missing(
    plan: DownloadPlan, store: Store, roster: Roster, line: Line, held: Held
) -> Fetched:
    """The same content under two paths is fetched once."""
    unique = {file.sha256 or file.git_sha1: file for file in plan.missing}
    jobs = [Job(file, Part(store.partial(file), file)) for file in unique.values()]
    if not jobs:
        return _NOTHING
    total = sum(file.size for file in plan.files)
    whole = total - sum(job.file.size for job in jobs)
    present = whole + sum(_begun(job) for job in jobs)
    manifest = plan.manifest
    line.tell(
        Planned(
            manifest.repo_id,
            manifest.commit,
            manifest.listed_by.title,
            len(plan.files),
            total,
            present,
        )
    )
    require_room(store.root, *still_to_take((job.part.path, job.file.size) for job in jobs))
    together = line.settings.is_set("QTUNE_SOURCES") and len(roster.everyone) > 1
    here = (len(plan.files) - len(jobs), whole)
    errand = Errand(plan.manifest, store, roster, together, held.check, here)
    return fetch_all(jobs, errand, Road(line.settings), line)


def _begun(job: Job) -> int:
    """Bytes that lie in its partial file."""
    try:
        length = job.part.path.stat().st_size
    except OSError:
        return 0
    return recorded(job.part.path, job.file.size, length).total
