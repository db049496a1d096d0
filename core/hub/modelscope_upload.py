"""Files to ModelScope: the large ones by their sha256 to a signed address, and one commit that names them all."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from qtune.core.credentials import Credential
from qtune.core.errors import NotFound
from qtune.core.http import Reply
from qtune.core.hub.answers import nonsense, words
from qtune.core.hub.interface import Identity, RepoFile
from qtune.core.hub.modelscope import DEFAULT_BRANCH, ModelScope
from qtune.core.hub.names import quoted_revision
from qtune.core.hub.parcel import Parcel
from qtune.core.hub.sending import Sender, read, refused
from qtune.core.hub.session import Session
from qtune.core.hub.upload import TASK, Wish, foreign, may_not_write
from qtune.core.progress import Progress
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.trust import is_official

_PRIVATE, _PUBLIC = 1, 5
# As modelscope-hub 0.5 does it: what the hub itself reads is never large, weights always are.
_NEVER_LARGE = frozenset(
    {"readme.md", ".gitattributes", ".gitignore", "configuration.json", "config.json"}
)
_ALWAYS_LARGE = frozenset({".safetensors", ".bin", ".model", ".gguf", ".pt", ".pth", ".zip"})
_LARGE_FROM = 64 * 1024
_AT_ONCE = 256


class ModelScopeUpload:
    def __init__(
        self, source: Source, settings: Settings, client: httpx.Client, token: Credential | None
    ) -> None:
        self._source = source
        self._token = token
        self._session = Session(source, settings, client, token, cookie="m_session_id")
        self._reader = ModelScope(source, settings, client, token)

    def identity(self) -> Identity | None:
        return self._reader.identity()

    def check(self, wish: Wish, who: Identity) -> None:
        """A token that may only read is known by the login that it is refused."""
        assert self._token is not None
        sender = Sender(self._session, lambda amount: None)
        url = f"{self._source.endpoint}/api/v1/login"
        reply = sender.json(url, {"AccessToken": self._token.secret.reveal()})
        if reply.status in (400, 401, 403) or self._code(reply) not in (200, None):
            said = words(reply)
            raise may_not_write(
                "modelscope",
                Text(
                    f"the token of {who.name} may not write: {said}",
                    f"{who.name} 的 Token 没有写权限：{said}",
                ),
            )
        read(self._session, reply, "the login")
        owner = wish.repo_id.partition("/")[0]
        if not self._exists(wish) and owner != who.name and who.orgs and owner not in who.orgs:
            raise foreign("modelscope", wish, who)

    def _exists(self, wish: Wish) -> bool:
        url = f"{self._source.endpoint}/api/v1/models/{wish.repo_id}"
        return self._session.follow("GET", url).status == 200

    def prepare(self, wish: Wish) -> bool:
        if self._exists(wish):
            return False
        owner, _, name = wish.repo_id.partition("/")
        asked = {
            "Path": owner,
            "Name": name,
            "Visibility": _PRIVATE if wish.private else _PUBLIC,
            "License": "Apache-2.0",
        }
        sender = Sender(self._session, lambda amount: None)
        self._opened(sender.json(f"{self._source.endpoint}/api/v1/models", asked), wish.repo_id)
        return True

    def listing(self, wish: Wish) -> Mapping[str, RepoFile]:
        try:
            files = self._reader.manifest(wish.repo_id, self._branch(wish)).files
        except NotFound as error:
            if error.code != "GATE408":  # an empty repository
                raise
            files = ()
        return {file.path: file for file in files}

    def store(self, wish: Wish, parcels: Sequence[Parcel], progress: Progress) -> str:
        sender = Sender(self._session, lambda amount: progress.advance(TASK, amount))
        large = [parcel for parcel in parcels if is_large(parcel)]
        for start in range(0, len(large), _AT_ONCE):
            self._send(wish, large[start : start + _AT_ONCE], sender)
        actions = [self._action(parcel) for parcel in parcels]
        asked = {"commit_message": wish.message, "actions": actions}
        url = f"{self._repo(wish)}/commit/{quoted_revision(self._branch(wish))}"
        data = self._opened(sender.json(url, asked, slow=True), "the commit")
        progress.advance(TASK, sum(parcel.size for parcel in parcels if not is_large(parcel)))
        commit = data.get("oid") or data.get("CommitId") or data.get("Id")
        return str(commit or self._branch(wish))

    def _send(self, wish: Wish, parcels: Sequence[Parcel], sender: Sender) -> None:
        """The hub answers about the objects that it lacks; what it does not mention is there."""
        by_hash = {parcel.sha256: parcel for parcel in parcels}
        objects = [{"oid": oid, "size": parcel.size} for oid, parcel in by_hash.items()]
        url = f"{self._repo(wish)}/info/lfs/objects/batch"
        asked = {"operation": "upload", "objects": objects}
        data = self._opened(sender.json(url, asked), "the large files")
        places = {}
        for entry in data.get("objects") or []:
            href = ((entry.get("actions") or {}).get("upload") or {}).get("href")
            if isinstance(href, str):
                places[entry.get("oid")] = href
        for oid, parcel in by_hash.items():
            if oid not in places:
                sender.there_already(parcel.size)
                continue
            headers = self._headers(places[oid])
            reply = sender.put(places[oid], parcel, 0, parcel.size, headers)
            if self._code(reply) not in (200, None):
                raise refused(self._session, reply, parcel.path)

    def _headers(self, url: str) -> dict[str, str]:
        """To the hub's own host of large files goes the token, to a storage's signed address none."""
        host = (urlsplit(url).hostname or "").lower()
        sibling = host.removeprefix("lfs.")
        official = f"https://{sibling}"
        own = host != sibling and url.startswith("https://") and is_official("modelscope", official)
        return self._session.headers(official if own else url)

    @staticmethod
    def _action(parcel: Parcel) -> dict[str, Any]:
        large = is_large(parcel)
        return {
            "action": "create",
            "path": parcel.path,
            "type": "lfs" if large else "normal",
            "size": parcel.size,
            "sha256": parcel.sha256 if large else "",
            "content": "" if large else base64.b64encode(parcel.read()).decode("ascii"),
            "encoding": "" if large else "base64",
        }

    def _opened(self, reply: Reply, what: str) -> dict[str, Any]:
        """What is in the envelope. Raises Refused HUB226, also for a refusal of status 200."""
        envelope = read(self._session, reply, what)
        if not isinstance(envelope, dict):
            raise nonsense(self._source, "no envelope", "响应缺少外层结构")
        if self._code(reply) not in (200, None) or envelope.get("Success") is False:
            raise refused(self._session, reply, what)
        data = envelope.get("Data", envelope)
        return data if isinstance(data, dict) else {}

    @staticmethod
    def _code(reply: Reply) -> object:
        import json

        try:
            envelope = json.loads(reply.body)
        except ValueError:
            return None
        code = envelope.get("Code") if isinstance(envelope, dict) else None
        return int(code) if isinstance(code, str) and code.isdigit() else code

    def page(self, wish: Wish) -> str:
        return f"{self._source.endpoint}/models/{wish.repo_id}"

    def _repo(self, wish: Wish) -> str:
        return f"{self._source.endpoint}/api/v1/repos/models/{wish.repo_id}"

    @staticmethod
    def _branch(wish: Wish) -> str:
        return wish.revision or DEFAULT_BRANCH


def is_large(parcel: Parcel) -> bool:
    name = PurePosixPath(parcel.path)
    if name.name.lower() in _NEVER_LARGE:
        return False
    return parcel.size > _LARGE_FROM or name.suffix.lower() in _ALWAYS_LARGE
