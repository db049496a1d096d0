"""What qtune asks of a hub, whichever hub it is, and what it gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from qtune.core.sources import Source

RepoType = Literal["model", "dataset"]

# The one small file that a repository of this kind nearly always has.
USUAL_FILE: Mapping[RepoType, str] = {"model": "config.json", "dataset": "README.md"}


@dataclass(frozen=True)
class RepoFile:
    """A file as a hub lists it. `size` in bytes; at least one of the two hashes is known.

    `sha256` is of the content; `git_sha1` of git's blob object, which HF uses for small files. `lfs`
    files have their sha256 as blob name in the Hugging Face cache, the others their git sha1. `xet_hash`
    is another way to ask for the same content, and no part of what the file is.
    """

    path: str
    size: int
    sha256: str | None = None
    git_sha1: str | None = None
    lfs: bool = False
    xet_hash: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Manifest:
    """Every file of one revision. `commit` is HF's commit, or, for a listing of ModelScope, the sha1 of
    the sorted manifest (40 hex digits either way)."""

    repo_id: str
    revision: str
    commit: str
    files: tuple[RepoFile, ...]
    listed_by: Source
    repo_type: RepoType = "model"

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class AccessState(StrEnum):
    GRANTED = "granted"
    GATED_NO_TOKEN = "gated_no_token"  # GATE401
    NOT_ACCEPTED = "not_accepted"  # GATE402
    PENDING = "pending"  # GATE403
    REJECTED = "rejected"  # GATE404
    TOKEN_CANNOT_SEE_GATED = "token_cannot_see_gated"  # GATE405
    MISSING_OR_PRIVATE = "missing_or_private"  # GATE400
    BAD_TOKEN = "bad_token"  # TOK303
    DISABLED = "disabled"  # GATE407
    REGION = "region"  # GATE406
    NO_REVISION = "no_revision"  # GATE408
    RATE_LIMITED = "rate_limited"  # HUB208
    UNCLEAR = "unclear"  # a refusal none of the above explains


@dataclass(frozen=True)
class Access:
    """May these credentials read this repository's files? `message`: the server's own words, redacted."""

    state: AccessState
    status: int
    message: str = ""
    sent_token: bool = False


@dataclass(frozen=True)
class Grant:
    """What a fine-grained token may do with one account, organisation or repository."""

    entity: str
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Whose token it is. `role`: read, write, fineGrained, oauth or "" where the hub does not say.

    `can_read_gated` is None unless the token is fine-grained; `scopes` are the names it is limited to,
    `grants` say what it may do with each of them. `orgs` are the account's organisations.
    """

    valid: bool
    name: str = ""
    role: str = ""
    can_read_gated: bool | None = None
    scopes: tuple[str, ...] = ()
    message: str = ""
    grants: tuple[Grant, ...] = ()
    orgs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Location:
    """Where a file's bytes really come from, after the hub's redirects. `url` may be signed: a secret.

    `headers` belong to this url alone (the token, where it may go there).
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    size: int | None
    commit: str | None = None
    accepts_ranges: bool | None = None


@dataclass(frozen=True)
class RateLimit:
    """What the hub says is left: `remaining` requests of `quota` until `reset_s` seconds from now."""

    remaining: int
    reset_s: int
    quota: int | None = None


class Hub(Protocol):
    """One hub at one address. Errors are those of core.errors: HubError and its kinds.

    A model and a dataset of the same id are two repositories.
    """

    @property
    def source(self) -> Source: ...

    @property
    def rate_limit(self) -> RateLimit | None:
        """As the last answer said."""

    def manifest(
        self, repo_id: str, revision: str | None = None, *, repo_type: RepoType = "model"
    ) -> Manifest:
        """All files with sizes and hashes. `revision` None: the hub's own default branch."""

    def identity(self) -> Identity | None:
        """Whose token would be sent; None when no token may go to this hub."""

    def access(
        self,
        repo_id: str,
        revision: str | None = None,
        path: str | None = None,
        *,
        repo_type: RepoType = "model",
    ) -> Access:
        """The answer that a real download would get, by asking for a real file (`path`)."""

    def address(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """Where the first request for one file goes, and with which headers; sends nothing.

        Redirects are the caller's to follow: `headers` belong to this address alone.
        """

    def locate(
        self, repo_id: str, commit: str, path: str, *, repo_type: RepoType = "model"
    ) -> Location:
        """Follows the redirects to the bytes of one file."""
