"""Files to Hugging Face: preupload says which are large, those go over git-lfs, and one commit names them all."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence

import httpx

from qtune.core.credentials import Credential
from qtune.core.errors import NotFound
from qtune.core.hub import lfs
from qtune.core.hub.answers import nonsense
from qtune.core.hub.huggingface import HuggingFace
from qtune.core.hub.interface import Identity, RepoFile
from qtune.core.hub.names import quoted_revision
from qtune.core.hub.parcel import Parcel
from qtune.core.hub.sending import Sender, read, refused
from qtune.core.hub.session import Session
from qtune.core.hub.upload import TASK, Wish, foreign, may_not_write
from qtune.core.progress import Progress
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text

_MAIN = "main"
_WRITES = "repo.write"
_AT_ONCE = 256


class HuggingFaceUpload:
    def __init__(
        self, source: Source, settings: Settings, client: httpx.Client, token: Credential | None
    ) -> None:
        self._source = source
        self._session = Session(source, settings, client, token)
        self._reader = HuggingFace(source, settings, client, token)

    def identity(self) -> Identity | None:
        return self._reader.identity()

    def check(self, wish: Wish, who: Identity) -> None:
        """The token's own type first, then the repository's word for it, where there is one."""
        if who.role == "read":
            raise may_not_write(
                "huggingface",
                Text(
                    f"the token of {who.name} may read and not write",
                    f"{who.name} 的 Token 只有读权限",
                ),
            )
        if who.role == "fineGrained" and not self._granted(wish, who):
            raise may_not_write(
                "huggingface",
                Text(
                    f"the fine-grained token of {who.name} may not write to {wish.repo_id}",
                    f"{who.name} 的细粒度 Token 无权写入 {wish.repo_id}",
                ),
            )
        url = f"{self._api(wish)}/auth-check/write"
        reply = self._session.follow("GET", url)
        if reply.status in (401, 403) or reply.status == 404:
            owner = wish.repo_id.partition("/")[0]
            if reply.status != 404 or owner not in (who.name, *who.orgs):
                raise foreign("huggingface", wish, who)
        elif reply.status != 200:
            raise refused(self._session, reply, wish.repo_id)

    @staticmethod
    def _granted(wish: Wish, who: Identity) -> bool:
        named = (wish.repo_id, wish.repo_id.partition("/")[0])
        return any(_WRITES in g.permissions and g.entity in named for g in who.grants)

    def prepare(self, wish: Wish) -> bool:
        made = False
        sender = Sender(self._session, lambda amount: None)
        if self._session.follow("GET", self._api(wish)).status == 404:
            owner, _, name = wish.repo_id.partition("/")
            asked = {"name": name, "organization": owner}
            if wish.private:
                asked["visibility"] = "private"
            reply = sender.json(f"{self._source.endpoint}/api/repos/create", asked)
            if reply.status != 409:  # somebody made it in between
                read(self._session, reply, wish.repo_id)
                made = True
        branch = self._branch(wish)
        if branch != _MAIN:
            url = f"{self._api(wish)}/branch/{quoted_revision(branch)}"
            reply = sender.json(url, {})
            if reply.status != 409 and not 200 <= reply.status < 300:
                raise refused(self._session, reply, branch)
        return made

    def listing(self, wish: Wish) -> Mapping[str, RepoFile]:
        try:
            files = self._reader.manifest(wish.repo_id, self._branch(wish)).files
        except NotFound as error:
            if error.code != "GATE408":  # a new repository may have no commit yet
                raise
            files = ()
        return {file.path: file for file in files}

    def store(self, wish: Wish, parcels: Sequence[Parcel], progress: Progress) -> str:
        sender = Sender(self._session, lambda amount: progress.advance(TASK, amount))
        branch = self._branch(wish)
        large = self._large(wish, parcels, sender)
        url = f"{self._source.endpoint}/{wish.repo_id}.git/info/lfs/objects/batch"
        heavy = [parcel for parcel in parcels if parcel.path in large]
        lfs.send(self._session, sender, url, heavy, branch)
        body = b"".join(json.dumps(line).encode() + b"\n" for line in _commit(wish, parcels, large))
        where = f"{self._api(wish)}/commit/{quoted_revision(branch)}"
        reply = sender.post(where, body, kind="application/x-ndjson", slow=True)
        answer = read(self._session, reply, "the commit")
        progress.advance(TASK, sum(p.size for p in parcels if p.path not in large))
        commit = answer.get("commitOid") if isinstance(answer, dict) else None
        if not isinstance(commit, str):
            raise nonsense(self._source, "a commit without a name", "提交结果中没有 commit")
        return commit

    def _large(self, wish: Wish, parcels: Sequence[Parcel], sender: Sender) -> frozenset[str]:
        """Those that the hub keeps as large files; an empty one never is."""
        found: set[str] = set()
        url = f"{self._api(wish)}/preupload/{quoted_revision(self._branch(wish))}"
        for start in range(0, len(parcels), _AT_ONCE):
            some = parcels[start : start + _AT_ONCE]
            asked = [
                {
                    "path": parcel.path,
                    "sample": base64.b64encode(parcel.sample).decode("ascii"),
                    "size": parcel.size,
                }
                for parcel in some
            ]
            answer = read(self._session, sender.json(url, {"files": asked}), "the list of files")
            entries = answer.get("files") if isinstance(answer, dict) else None
            modes = {
                entry.get("path"): entry.get("uploadMode")
                for entry in (entries if isinstance(entries, list) else [])
                if isinstance(entry, dict)
            }
            for parcel in some:
                if modes.get(parcel.path) not in ("lfs", "regular"):
                    raise nonsense(self._source, f"no way for {parcel.path}", "没有说明上传方式")
                if modes[parcel.path] == "lfs" and parcel.size:
                    found.add(parcel.path)
        return frozenset(found)

    def page(self, wish: Wish) -> str:
        branch = self._branch(wish)
        page = f"{self._source.endpoint}/{wish.repo_id}"
        return page if branch == _MAIN else f"{page}/tree/{quoted_revision(branch)}"

    def _api(self, wish: Wish) -> str:
        return f"{self._source.endpoint}/api/models/{wish.repo_id}"

    @staticmethod
    def _branch(wish: Wish) -> str:
        return wish.revision or _MAIN


def _commit(
    wish: Wish, parcels: Sequence[Parcel], large: frozenset[str]
) -> Iterator[dict[str, object]]:
    yield {"key": "header", "value": {"summary": wish.message, "description": ""}}
    for parcel in parcels:
        if parcel.path in large:
            yield {
                "key": "lfsFile",
                "value": {
                    "path": parcel.path,
                    "algo": "sha256",
                    "oid": parcel.sha256,
                    "size": parcel.size,
                },
            }
        else:
            content = base64.b64encode(parcel.read()).decode("ascii")
            value = {"content": content, "path": parcel.path, "encoding": "base64"}
            yield {"key": "file", "value": value}
