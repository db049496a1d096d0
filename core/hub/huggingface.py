"""Hugging Face, or a hub that speaks its protocol, read over plain HTTP.

Redirects are followed on the hub's own origin only, the next page of a listing is asked for on the
same origin only, and before each hop the token's owner is asked again.
"""

from __future__ import annotations

from typing import Any

import httpx

from qtune.core.credentials import Credential
from qtune.core.errors import HubError, NotFound
from qtune.core.http import Reply
from qtune.core.hub.answers import (
    REDIRECTS,
    decoded,
    is_html,
    nonsense,
    not_a_hub,
    redirect_target,
    unavailable,
    whole_number,
    words,
)
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
from qtune.core.hub.listing import MOST_FILES, too_many
from qtune.core.hub.names import (
    COMMIT,
    check_repo_id,
    check_revision,
    in_api,
    on_hugging_face,
    quoted,
    quoted_revision,
)
from qtune.core.hub.profile import identity_of
from qtune.core.hub.refusals import Asked, classify, refusal
from qtune.core.hub.session import Session
from qtune.core.hub.tree import files_of, next_page
from qtune.core.settings import Settings
from qtune.core.sources import Source

MOST_PAGES = 2_000


class HuggingFace:
    """`token` None: every request is anonymous, as for a mirror."""

    def __init__(
        self, source: Source, settings: Settings, client: httpx.Client, token: Credential | None
    ) -> None:
        self._source = source
        self._session = Session(source, settings, client, token)

    @property
    def source(self) -> Source:
        return self._source

    @property
    def rate_limit(self) -> RateLimit | None:
        return self._session.rate_limit

    def manifest(
        self, repo_id: str, revision: str | None = None, *, repo_type: RepoType = "model"
    ) -> Manifest:
        check_repo_id(repo_id)
        revision = check_revision(revision or "main")
        asked = self._session.asked(repo_id, repo_type, revision)
        base = f"{self._source.endpoint}/api/{in_api(repo_id, repo_type)}"
        info = self._json(
            f"{base}/revision/{quoted_revision(revision)}", self._session.brief_s, asked
        )
        commit = info.get("sha") if isinstance(info, dict) else None
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise nonsense(self._source, "a revision without a commit", "版本信息中没有 commit")
        files = self._tree(f"{base}/tree/{commit}?recursive=true&expand=false", asked)
        return Manifest(repo_id, revision, commit, files, self._source, repo_type)

    def _tree(self, url: str, asked: Asked) -> tuple[RepoFile, ...]:
        files: list[RepoFile] = []
        for _ in range(MOST_PAGES):
            reply = self._get(url, 3 * self._session.brief_s, asked)
            files += files_of(reply, self._source)
            if len(files) > MOST_FILES:
                raise too_many(self._source, asked.repo_id)
            following = next_page(reply, self._source)
            if following is None:
                return tuple(files)
            url = following
        raise nonsense(self._source, "a listing without an end", "文件清单没有尽头")

    def identity(self) -> Identity | None:
        url = f"{self._source.endpoint}/api/whoami-v2"
        return self._session.identity(url, self._whoami)

    def _whoami(self, url: str) -> Identity:
        reply = self._session.follow("GET", url)
        if reply.status in (401, 403) and not is_html(reply.headers, reply.body):
            return Identity(valid=False, message=words(reply))
        if reply.status != 200:
            raise unavailable(reply, self._source) or not_a_hub(self._source, reply)
        profile = decoded(reply, self._source)
        if not isinstance(profile, dict):
            raise nonsense(self._source, "a profile that is none", "账号信息格式不对")
        return identity_of(profile)

    def access(
        self,
        repo_id: str,
        revision: str | None = None,
        path: str | None = None,
        *,
        repo_type: RepoType = "model",
    ) -> Access:
        """Asks auth-check, then for a real file: a hub may pass one and refuse the other."""
        check_repo_id(repo_id)
        revision = check_revision(revision or "main")
        check = f"{self._source.endpoint}/api/{in_api(repo_id, repo_type)}/auth-check"
        reply = self._session.follow("GET", check)
        # A mirror may not know auth-check: a bare 404 is no answer about the repository.
        unknown = reply.status in (404, 405) and "x-error-code" not in reply.headers
        if reply.status != 200 and not unknown:
            return self._access(reply)
        found = self._file_access(repo_id, revision, path or USUAL_FILE[repo_type], repo_type)
        if found.state is AccessState.NO_REVISION and path is None:
            try:
                listed = self.manifest(repo_id, revision, repo_type=repo_type).files
            except NotFound:
                return found  # it was the revision that is missing, not the file
            large = [f.path for f in listed if f.lfs] or [f.path for f in listed]
            if large:
                return self._file_access(repo_id, revision, large[0], repo_type)
        return found

    def _file_access(self, repo_id: str, revision: str, path: str, repo_type: RepoType) -> Access:
        reply = self._head(repo_id, revision, path, repo_type)
        if reply.status == 200 or reply.status in REDIRECTS:
            if "x-repo-commit" not in reply.headers:
                raise not_a_hub(self._source, reply)
            return Access(AccessState.GRANTED, reply.status, "", self._session.sent(reply.url))
        return self._access(reply)

    def _access(self, reply: Reply) -> Access:
        if is_html(reply.headers, reply.body) and "x-error-code" not in reply.headers:
            raise not_a_hub(self._source, reply)
        error = unavailable(reply, self._source) if reply.status >= 500 else None
        if error is not None:
            raise error
        sent, said = self._session.sent(reply.url), words(reply)
        code = reply.headers.get("x-error-code", "")
        return Access(classify(reply.status, code, said, sent), reply.status, said, sent)

    def address(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        check_repo_id(repo_id)
        url = self._file_url(repo_id, check_revision(commit), path, repo_type)
        return Location(url, self._session.headers(url), None)

    def locate(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        check_repo_id(repo_id)
        reply = self._head(repo_id, check_revision(commit), path, repo_type)
        headers = reply.headers
        size = whole_number(headers.get("x-linked-size"))
        at = headers.get("x-repo-commit")
        target = redirect_target(reply.status, headers, reply.url)
        ranges = {"bytes": True, "none": False}.get(headers.get("accept-ranges", "").lower())
        if target is not None:
            if at is None:
                raise not_a_hub(self._source, reply)
            return Location(target, {}, size, at, ranges)
        if reply.status == 200:
            if at is None:
                raise not_a_hub(self._source, reply)
            own = self._session.headers(reply.url)
            if size is None and "content-encoding" not in headers:
                size = whole_number(headers.get("content-length"))
            return Location(reply.url, own, size, at, ranges)
        raise self._refusal(reply, self._session.asked(repo_id, repo_type, path))

    def _file_url(self, repo_id: str, revision: str, path: str, repo_type: RepoType) -> str:
        base = f"{self._source.endpoint}/{on_hugging_face(repo_id, repo_type)}"
        return f"{base}/resolve/{quoted_revision(revision)}/{quoted(path)}"

    def _head(self, repo_id: str, revision: str, path: str, repo_type: RepoType) -> Reply:
        return self._session.follow("HEAD", self._file_url(repo_id, revision, path, repo_type))

    def _json(self, url: str, deadline_s: float, asked: Asked) -> Any:
        return decoded(self._get(url, deadline_s, asked), self._source)

    def _get(self, url: str, deadline_s: float, asked: Asked) -> Reply:
        reply = self._session.follow("GET", url, deadline_s)
        if reply.status != 200:
            raise self._refusal(reply, asked)
        return reply

    def _refusal(self, reply: Reply, asked: Asked) -> HubError:
        error = unavailable(reply, self._source)
        if error is not None:
            return error
        code = reply.headers.get("x-error-code", "")
        web_page = is_html(reply.headers, reply.body) and not code
        if web_page or reply.status in REDIRECTS or reply.status < 400:
            return not_a_hub(self._source, reply)
        said, sent = words(reply), self._session.sent(reply.url)
        return refusal(classify(reply.status, code, said, sent), asked, reply.status, said)
