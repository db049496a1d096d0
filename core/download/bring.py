"""Into a store: what is here already, what other programs left, and the rest from the hubs, under one lock."""

from __future__ import annotations

from collections.abc import Sequence

from qtune.core.download import view
from qtune.core.download.catalogue import Listed, suppliers
from qtune.core.download.digest import digests_of
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.loop import Fetched, fetch_all
from qtune.core.download.engine.part import Part, recorded
from qtune.core.download.engine.run import Errand
from qtune.core.download.events import Planned
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import Search
from qtune.core.download.line import Line
from qtune.core.download.lock import Held, locked
from qtune.core.download.plan import DownloadPlan, make_plan
from qtune.core.download.result import Snapshot, snapshot_of
from qtune.core.download.reuse import reuse
from qtune.core.download.room import require_room, still_to_take
from qtune.core.download.roster import Roster
from qtune.core.download.store import HubCache, Store
from qtune.core.hub.interface import Hub, RepoFile
from qtune.core.wire.road import Road


def bring(
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
        _show(store, files, listed, line)
        return snapshot_of(path, files, listed, Roster(()), _NOTHING), _NOTHING
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
        if isinstance(store, HubCache):
            _show(store, plan.files, listed, line)
    return snapshot_of(path, plan.files, listed, roster, fetched), fetched


def _show(store: HubCache, files: tuple[RepoFile, ...], listed: Listed, line: Line) -> None:
    """To ModelScope's own client, where that is used."""
    cache = view.cache_of(line.settings)
    if cache is not None:
        view.show(cache, store, listed.manifest, files)


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
