"""Into a store: what is here already, what other programs left, and the rest from the hubs, under one lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from qtune.core.download import view
from qtune.core.download.catalogue import Listed, suppliers
from qtune.core.download.checking import check, is_published
from qtune.core.download.digest import content
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.loop import Fetched, fetch_all
from qtune.core.download.engine.part import Part, recorded
from qtune.core.download.engine.run import Errand
from qtune.core.download.events import Planned
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import OF_THE_CACHE, Beginning, Search, Whole, found
from qtune.core.download.line import Line
from qtune.core.download.lock import Held, locked
from qtune.core.download.plan import DownloadPlan, make_plan
from qtune.core.download.result import Snapshot, snapshot_of
from qtune.core.download.reuse import costs_room, reuse
from qtune.core.download.room import require_room, still_to_take
from qtune.core.download.roster import Roster
from qtune.core.download.store import HubCache, Store
from qtune.core.hub.interface import Hub, RepoFile
from qtune.core.wire.road import Road

Here = Mapping[RepoFile, Path | None]  # where each file lies in the store, if it does


def bring(
    store: Store,
    files: tuple[RepoFile, ...],
    listed: Listed,
    hubs: Sequence[Hub],
    line: Line,
    cache: HubCache,
) -> tuple[Snapshot, Fetched]:
    """One process at a time writes to a store; the next one finds everything there."""
    manifest, commit = listed.manifest, listed.manifest.commit
    tell, stop = line.tell, line.stop
    if is_published(store, manifest, files, listed.only_harmless, tell=tell, stop=stop):
        path = store.snapshot(commit) if isinstance(store, HubCache) else store.root
        if isinstance(store, HubCache):
            _show(store, files, listed, line)
        return snapshot_of(path, files, listed, Roster(()), _NOTHING), _NOTHING
    with locked(store.state, line) as held:
        store.ledger.load()
        places = [(file, store.candidates(file, commit)) for file in files]
        check(store.root, store.ledger, places, tell=tell, stop=stop)
        here = _here(store, files, commit)
        left = _left(store, here, listed, line, cache)
        _require_room(store, here, commit, left)
        if left:
            reuse(left, store, commit, manifest.listed_by.name, tell=tell, stop=stop)
            here = _here(store, files, commit)
            _require_room(store, here, commit, ())  # once more: a hash may have been wrong
        plan = make_plan(manifest, files, lambda f: here[f] is not None)
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
        view.show(cache, store, listed.manifest, files, tell=line.tell)


def _here(store: Store, files: tuple[RepoFile, ...], commit: str) -> Here:
    return {file: store.find(file, commit) for file in files}


def _left(
    store: Store, here: Here, listed: Listed, line: Line, cache: HubCache
) -> tuple[Whole | Beginning, ...]:
    """Of what is missing, what lies elsewhere: for a plain folder the cache's is first."""
    manifest = listed.manifest
    missing = tuple(file for file, at in here.items() if at is None)
    local = store.root if isinstance(store, Folder) else None
    cached: list[Whole] = []
    if isinstance(store, Folder):
        store.require_free(missing)
        cached = [
            Whole(file, path, OF_THE_CACHE)
            for file in missing
            for path in cache.lying(file, manifest.commit)
        ]
    search = Search(
        manifest.repo_id, manifest.repo_type, cache.root, view.cache_of(line.settings), local
    )
    return (*cached, *found(missing, search))


def _require_room(store: Store, here: Here, commit: str, left: Sequence[Whole | Beginning]) -> None:
    """For what is to be fetched and for what is to be copied, together, before either begins."""
    coming = {content(file): file for file, at in here.items() if at is None}
    whole = {content(copy.file): copy for copy in reversed(left) if isinstance(copy, Whole)}
    parts = [
        (store.partial(file), file.size)
        for key, file in coming.items()
        if key not in whole or costs_room(whole[key], store)
    ]
    require_room(store.root, *still_to_take(parts, _copies(store, here, commit)))


def _copies(store: Store, here: Here, commit: str) -> Iterator[int]:
    """Sizes of the files that publishing will copy, as the same content lies under another path."""
    first: set[str] = set()
    for file, at in here.items():
        if at is None and content(file) not in first:
            first.add(content(file))  # the partial file itself is moved there
        elif store.is_copied(file, commit, at):
            yield file.size


_NOTHING = Fetched(0, (), (), 0)


def _fetch_missing(
    plan: DownloadPlan, store: Store, roster: Roster, line: Line, held: Held
) -> Fetched:
    """The same content under two paths is fetched once."""
    unique = {content(file): file for file in plan.missing}
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
