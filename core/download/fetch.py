"""From a repository id to a snapshot on disk, whole and verified."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from qtune.core import envfile
from qtune.core.download import offline
from qtune.core.download.bring import bring
from qtune.core.download.catalogue import Listed, NobodyListed, find_listing
from qtune.core.download.disk_error import write_error
from qtune.core.download.events import Tell, nobody
from qtune.core.download.folder import Folder
from qtune.core.download.line import Line
from qtune.core.download.plan import select
from qtune.core.download.result import Snapshot, at_hand, finished
from qtune.core.download.store import HubCache, Store
from qtune.core.http import open_client
from qtune.core.hub.interface import RepoType
from qtune.core.hub.names import check_repo_id, check_revision
from qtune.core.hub.open import open_hub
from qtune.core.locations import hub_cache, user_config
from qtune.core.settings import Settings, resolve
from qtune.core.sources import Source, choose
from qtune.core.text import Text


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
            found = _from_disk(cache, folder, sources[0], wanted, tell)
            if isinstance(found, offline.Lacking):
                where = settings.origin("HF_HUB_OFFLINE").describe()
                raise offline.incomplete(repo_id, found, where, repo_type)
            tell(at_hand(found, time.monotonic() - began))
            return found
        with contextlib.ExitStack() as stack:
            if client is None:
                client = stack.enter_context(open_client(settings))
            line = Line(client, settings, tell)
            hubs = [open_hub(source, settings, client) for source in sources]
            try:
                listed = find_listing(hubs, repo_id, revision, line, repo_type)
            except NobodyListed as nobody:
                left = None
                if nobody.silent:
                    left = _from_disk(cache, folder, sources[0], wanted, tell)
                if not isinstance(left, Snapshot):
                    raise nobody.error from None
                line.say(
                    Text(
                        f"No hub answered; using what the cache has. {nobody.error.message.en}",
                        f"没有下载源响应，使用缓存中的内容。{nobody.error.message.zh}",
                    )
                )
                tell(at_hand(left, time.monotonic() - began))
                return left
            for _, why in listed.failed:
                line.say(why)
            manifest = listed.manifest
            files = select(manifest, include, exclude, only_harmless=listed.only_harmless)
            _say_what_is_left_out(listed, include, exclude, line)
            snapshot, fetched = bring(store, files, listed, hubs, line, cache)
            tell(finished(snapshot, fetched, manifest, time.monotonic() - began))
            return snapshot
    except OSError as error:
        raise write_error(error, store.root) from error


def _absolute(folder: Path) -> Path:
    """As the shell has it, which leaves `~` as it is before a name that is nobody's."""
    return Path(os.path.expanduser(folder)).absolute()  # noqa: PTH111


def _from_disk(
    cache: HubCache, folder: Folder | None, chosen: Source, wanted: offline.Wanted, tell: Tell
) -> Snapshot | offline.Lacking:
    """Not one request: the cache's snapshot, or what is or can be copied into the folder."""
    found = offline.look_in(folder, wanted, tell=tell) if folder is not None else None
    if found is None:
        cached = offline.look(cache, chosen, wanted, tell=tell)
        if isinstance(cached, offline.Lacking):
            return cached
        copied = cached if folder is None else offline.copy_out(cached, folder, tell=tell)
        if isinstance(copied, offline.Lacking):
            return copied
        found = copied
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


def snapshot(
    repo_id: str,
    settings: Settings | None = None,
    *,
    repo_type: RepoType = "model",
    revision: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    local_dir: Path | None = None,
    tell: Tell = nobody,
) -> Path:
    """The folder with the files of `repo_id`, whole and verified: `snapshot("Qwen/Qwen3-4B")`.

    `settings` None: as every command of qtune has them, from the process environment, the user's config
    file and the `.env` of the working folder. `include` and `exclude` are patterns of the shell on whole
    paths; without `include`, copies of the weights in other formats are left out. `tell` is called with
    each event of qtune.core.download.events, from any thread. Raises QtuneError: ConfigError for settings
    that cannot be used, and what `download` raises.
    """
    if settings is None:
        settings = _settings_here()
    settings.require_valid()
    return download(
        repo_id,
        settings,
        repo_type=repo_type,
        revision=revision,
        include=include,
        exclude=exclude,
        local_dir=local_dir,
        tell=tell,
    ).path


def _settings_here() -> Settings:
    user, project = (
        envfile.read(path, os.environ) for path in (user_config(), Path.cwd() / ".env")
    )
    return resolve({}, os.environ, user, project)
