"""Hugging Face by Xet as one more source of a run: the same files, lying on loopback."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from qtune.core.download.xet import obstacle, offered, reach
from qtune.core.download.xet_run import XetRun
from qtune.core.errors import Unreachable
from qtune.core.hub.interface import Access, Hub, Identity, Location, Manifest, RateLimit, RepoType
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text

STARTS_WITHIN_S = 10.0


def begin(
    hub: Hub, listing: Manifest, settings: Settings, client: httpx.Client
) -> XetHub | Text | None:
    """What Xet serves of `hub`'s own `listing`; or why it is left alone, None where it has nothing to serve.

    Takes two seconds for each of two questions, and a process to start: to be asked beside the plain path,
    not before it. Nothing is raised but OSError where no process can be started.
    """
    files = offered(listing)
    if files is None:
        return None
    found = obstacle(hub.source, settings) or reach(client, files, settings)
    if isinstance(found, Text):
        return found
    run = XetRun(found, settings)
    if not run.serves(STARTS_WITHIN_S):
        run.stop()
        return run.why or Text("its process did not start in time", "其进程未能及时启动")
    return XetHub(hub, run, files)


@dataclass(frozen=True)
class XetSource(Source):
    """Its name stands in journals and summaries: what came by Xet is told apart, and blamed apart."""

    @property
    def name(self) -> str:
        return "huggingface+xet"

    @property
    def title(self) -> str:
        return "Hugging Face (Xet)"


class XetHub:
    """Of `hub`, which is asked for all but the addresses. `listing` holds the files that Xet serves."""

    def __init__(self, hub: Hub, run: XetRun, listing: Manifest) -> None:
        self.run = run
        self.listing = listing
        self._hub = hub
        self._files = {file.path: file for file in listing.files}
        self._source = XetSource(hub.source.kind, hub.source.endpoint)

    @property
    def source(self) -> Source:
        return self._source

    @property
    def rate_limit(self) -> RateLimit | None:
        return None

    def manifest(
        self, repo_id: str, revision: str | None = None, *, repo_type: RepoType = "model"
    ) -> Manifest:
        return self.listing

    def identity(self) -> Identity | None:
        return self._hub.identity()

    def access(
        self,
        repo_id: str,
        revision: str | None = None,
        path: str | None = None,
        *,
        repo_type: RepoType = "model",
    ) -> Access:
        return self._hub.access(repo_id, revision, path, repo_type=repo_type)

    def address(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """On loopback, without a header. Raises Unreachable HUB200 where Xet has ended."""
        file = self._files.get(path)
        url = self.run.url_of(file) if file is not None else None
        if file is None or url is None:
            raise self.ended()
        return Location(url, {}, file.size, self.listing.commit, True)

    def locate(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        return self.address(repo_id, commit, path, repo_type=repo_type)

    def ended(self) -> Unreachable:
        why = self.run.why or Text("it serves no more", "已停止")
        return Unreachable(
            "HUB200",
            Text(f"{self.source.title}: {why.en}", f"{self.source.title}：{why.zh}"),
            source=self.source.name,
        )
