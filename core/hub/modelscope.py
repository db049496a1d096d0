"""ModelScope, read over plain HTTP.

Every refusal there has status 404, and overload says "not found" too: the envelope's Code and Message
decide. An empty listing is no success.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx

from qtune.core.credentials import Credential
from qtune.core.errors import NotFound
from qtune.core.hub.answers import (
    REDIRECTS,
    decoded,
    is_html,
    nonsense,
    portal,
    redirect_target,
    unavailable,
    whole_number,
    words,
)
from qtune.core.hub.envelope import absent, nothing_listed, opened, refused, state_of
from qtune.core.hub.interface import (
    USUAL_FILE,
    Access,
    AccessState,
    Identity,
    Location,
    Manifest,
    RateLimit,
    RepoFile,
    RepoType,
)
from qtune.core.hub.listing import MOST_FILES, listed_file, manifest_commit, too_many
from qtune.core.hub.names import check_repo_id, check_revision, in_api, is_commit
from qtune.core.hub.opening import opened_file, whole_size
from qtune.core.hub.refusals import Asked, refusal
from qtune.core.hub.session import Session
from qtune.core.hub.walk import PAGE, turn, walk
from qtune.core.settings import Settings
from qtune.core.sources import Source

DEFAULT_BRANCH = "master"


class ModelScope:
    def __init__(
        self, source: Source, settings: Settings, client: httpx.Client, token: Credential | None
    ) -> None:
        self._source = source
        self._session = Session(source, settings, client, token, cookie="m_session_id")
        # Our name of a listing -> its branch.
        self._revisions: dict[tuple[RepoType, str, str], str] = {}

    @property
    def source(self) -> Source:
        return self._source

    @property
    def rate_limit(self) -> RateLimit | None:
        return self._session.rate_limit

    def manifest(
        self, repo_id: str, revision: str | None = None, *, repo_type: RepoType = "model"
    ) -> Manifest:
        """`main` and Hugging Face's commits mean nothing here: they are never sent on.

        40 hex digits are taken for the name of a listing (Manifest.commit), and must be today's.
        """
        self._check_id(repo_id, repo_type)
        branch = self._branch(revision)
        asked = self._session.asked(repo_id, repo_type, f"revision {branch}")
        if repo_type == "dataset":
            entries = turn(partial(self._numbered, asked, branch), self._source)
        else:
            entries = walk(partial(self._folder, asked, branch), self._source)
        files = tuple(self._file(e) for e in entries if e.get("Type") != "tree")
        if not files:
            raise nothing_listed(asked, branch)
        if len(files) > MOST_FILES:
            raise too_many(self._source, repo_id)
        commit = manifest_commit(files)
        if is_commit(revision) and revision != commit:
            gone = self._session.asked(repo_id, repo_type, f"revision {revision}")
            raise refusal(AccessState.NO_REVISION, gone, 404, "")
        self._revisions[(repo_type, repo_id, commit)] = branch
        return Manifest(repo_id, branch, commit, files, self._source, repo_type)

    def _branch(self, revision: str | None) -> str:
        if revision is None or revision == "main" or is_commit(revision):
            return DEFAULT_BRANCH
        return check_revision(revision)

    def _folder(
        self, asked: Asked, branch: str, folder: str, recursive: bool
    ) -> list[dict[str, Any]]:
        query = {"Revision": branch, "Recursive": "true" if recursive else "false"}
        if folder:
            query["Root"] = folder
        return self._listed(asked, f"files?{urlencode(query)}")

    def _numbered(self, asked: Asked, branch: str, number: int) -> list[dict[str, Any]]:
        query = {"Revision": branch, "Recursive": "True", "PageNumber": number, "PageSize": PAGE}
        return self._listed(asked, f"tree?{urlencode(query)}")

    def _listed(self, asked: Asked, what: str) -> list[dict[str, Any]]:
        url = f"{self._repo_url(asked.repo_id, asked.repo_type)}/{what}"
        reply = self._session.follow("GET", url, 3 * self._session.brief_s)
        envelope = opened(reply, asked)
        data = envelope.get("Data")
        files = data.get("Files") if isinstance(data, dict) else data
        if files is None:
            return []
        if not isinstance(files, list) or not all(isinstance(e, dict) for e in files):
            raise nonsense(self._source, "a listing that is no list", "文件清单不是列表")
        return files

    def _file(self, entry: dict[str, Any]) -> RepoFile:
        path, size, sha256 = (entry.get(key) for key in ("Path", "Size", "Sha256"))
        return listed_file(self._source, path, size, sha256, None, bool(entry.get("IsLFS")))

    def identity(self) -> Identity | None:
        url = f"{self._source.endpoint}/openapi/v1/users/me"
        return self._session.identity(url, self._whoami)

    def _whoami(self, url: str) -> Identity:
        reply = self._session.follow("GET", url)
        if reply.status in (400, 401, 403) and not is_html(reply.headers, reply.body):
            return Identity(valid=False, message=words(reply))
        if reply.status != 200:
            raise unavailable(reply, self._source) or portal(self._source, reply.url)
        answer = decoded(reply, self._source)
        profile = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(profile, dict):
            return Identity(valid=False, message=words(reply))
        return Identity(valid=True, name=str(profile.get("username") or profile.get("name") or ""))

    def access(
        self,
        repo_id: str,
        revision: str | None = None,
        path: str | None = None,
        *,
        repo_type: RepoType = "model",
    ) -> Access:
        if "/" not in check_repo_id(repo_id):  # every name has an owner here
            return Access(AccessState.MISSING_OR_PRIVATE, 404)
        branch = self._branch(revision)
        found = self._file_access(repo_id, branch, path or USUAL_FILE[repo_type], repo_type)
        if found.state is AccessState.NO_REVISION and path is None:
            try:
                listed = self.manifest(repo_id, branch, repo_type=repo_type).files
            except NotFound:
                return found  # it was the revision that is missing, not the file
            large = [f.path for f in listed if f.lfs] or [f.path for f in listed]
            return self._file_access(repo_id, branch, large[0], repo_type)
        return found

    def _file_access(self, repo_id: str, branch: str, path: str, repo_type: RepoType) -> Access:
        url = self._file_url(repo_id, branch, path, repo_type)
        reply = opened_file(self._session, url)
        sent = self._session.sent(reply.url)
        if reply.status in (200, 206) or reply.status in REDIRECTS:
            if is_html(reply.headers) and not path.endswith((".html", ".htm")):
                raise portal(self._source, reply.url)
            return Access(AccessState.GRANTED, reply.status, "", sent)
        error = unavailable(reply, self._source)
        if error is not None and reply.status != 429:
            raise error
        state = state_of(reply, sent)
        return Access(state, reply.status, words(reply), sent)

    def address(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """`commit` names a listing of this hub; of anything else the default branch's file is meant."""
        self._check_id(repo_id, repo_type)
        branch = self._revisions.get((repo_type, repo_id, commit), DEFAULT_BRANCH)
        url = self._file_url(repo_id, branch, path, repo_type)
        return Location(url, self._session.headers(url), None)

    def locate(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """`commit` as in `address`."""
        reply = opened_file(
            self._session, self.address(repo_id, commit, path, repo_type=repo_type).url
        )
        target = redirect_target(reply.status, reply.headers, reply.url)
        if target is not None:
            size = whole_number(reply.headers.get("x-linked-size"))
            return Location(target, {}, size, None, None)
        if reply.status in (200, 206):
            if is_html(reply.headers) and not path.endswith((".html", ".htm")):
                raise portal(self._source, reply.url)
            size, ranges = whole_size(reply)
            return Location(reply.url, self._session.headers(reply.url), size, None, ranges)
        raise refused(reply, self._session.asked(repo_id, repo_type, path))

    def _repo_url(self, repo_id: str, repo_type: RepoType) -> str:
        return f"{self._source.endpoint}/api/v1/{in_api(repo_id, repo_type)}/repo"

    def _file_url(self, repo_id: str, branch: str, path: str, repo_type: RepoType) -> str:
        query = urlencode({"Revision": branch, "FilePath": path})
        return f"{self._repo_url(repo_id, repo_type)}?{query}"

    def _check_id(self, repo_id: str, repo_type: RepoType) -> None:
        if "/" not in check_repo_id(repo_id):
            raise absent(self._session.asked(repo_id, repo_type), 404, "")
