"""Who and what exists on the hubs: repositories with their files, users with their tokens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Literal, get_args

from tests.hub.sparse import Sparse

HubName = Literal["hf", "ms"]
RepoType = Literal["model", "dataset"]
BOTH: frozenset[HubName] = frozenset(get_args(HubName))
LARGE = (
    "*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf", "*.h5", "*.onnx", "*.msgpack", "*.parquet",
)  # fmt: skip


@dataclass(frozen=True)
class File:
    path: str
    data: bytes
    large: bool  # kept as LFS: named by sha256, served by the large-file origin
    sparse: Sparse | None = None  # the content, instead of `data`

    @property
    def size(self) -> int:
        return len(self.data) if self.sparse is None else self.sparse.size

    @cached_property
    def sha256(self) -> str:
        if self.sparse is not None:
            return self.sparse.sha256
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def git_sha1(self) -> str:
        """The blob id git gives the file, or for a large one its LFS pointer."""
        content = self.pointer if self.large else self.data
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    @cached_property
    def pointer(self) -> bytes:
        return (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{self.sha256}\nsize {self.size}\n"
        ).encode()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.git_sha1

    @cached_property
    def xet_hash(self) -> str:
        return hashlib.sha256(b"xet" + self.sha256.encode()).hexdigest()


@dataclass(frozen=True)
class Repo:
    """A model, or a dataset. The same id may be two repositories, one for each hub (`on`)."""

    id: str
    files: Mapping[str, bytes]
    gated: Literal[False, "auto", "manual"] = False
    private: bool = False
    disabled: bool = False
    region_blocked: bool = False
    on: frozenset[HubName] = BOTH
    commit: str = ""  # derived from the files unless given
    large: tuple[str, ...] = LARGE  # shell patterns of the files kept as LFS
    lfs_threshold: int = 10 * 1024 * 1024  # and everything from this size on
    type: RepoType = "model"
    sparse: Mapping[str, Sparse] = field(default_factory=dict)  # large files, never in memory

    def __post_init__(self) -> None:
        if not self.commit:
            tree = sorted((file.path, file.etag) for file in self.entries.values())
            digest = hashlib.sha1(json.dumps([self.id, tree]).encode()).hexdigest()
            object.__setattr__(self, "commit", digest)

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    @property
    def page(self) -> str:
        """Its path below Hugging Face's address."""
        return self.id if self.type == "model" else f"datasets/{self.id}"

    @cached_property
    def entries(self) -> dict[str, File]:
        computed = {path: File(path, b"", True, content) for path, content in self.sparse.items()}
        return computed | {
            path: File(
                path,
                data,
                len(data) >= self.lfs_threshold
                or any(fnmatchcase(path, pattern) for pattern in self.large),
            )
            for path, data in self.files.items()
        }

    @property
    def size(self) -> int:
        return sum(file.size for file in self.entries.values())

    def only_on(self, hub: HubName, **changes: object) -> Repo:
        """This repository as that hub alone has it, with other fields changed too."""
        return replace(self, on=frozenset({hub}), **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Scope:
    """What a fine-grained token may do with one entity: a user, an org or a repository."""

    entity: str
    permissions: tuple[str, ...] = ("repo.content.read",)
    type: Literal["user", "org", "model"] = "model"


@dataclass(frozen=True)
class Token:
    value: str
    role: Literal["read", "write", "fineGrained", "oauth", "modelscope"] = "read"
    name: str = "laptop"
    can_read_gated: bool = False  # of fineGrained: "public gated repos you can access"
    scoped: tuple[Scope, ...] = ()
    expired: bool = False  # refused exactly as an unknown one
    can_login: bool = True  # of modelscope: a read-only token passes users/me but not login

    def permits(self, repo: Repo, permission: str) -> bool:
        return any(
            permission in scope.permissions and scope.entity in (repo.id, repo.owner)
            for scope in self.scoped
        )


@dataclass(frozen=True)
class User:
    name: str
    tokens: tuple[Token, ...] = ()
    accepted: frozenset[str] = frozenset()  # gated repo ids with access
    pending: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    orgs: tuple[str, ...] = ()
    fullname: str = ""
    email: str = ""
    is_pro: bool = False

    def owns(self, repo: Repo) -> bool:
        return repo.owner == self.name or repo.owner in self.orgs


@dataclass(frozen=True)
class World:
    repos: tuple[Repo, ...] = ()
    users: tuple[User, ...] = ()
    _by_sha256: dict[str, File] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        files = {f.sha256: f for repo in self.repos for f in repo.entries.values() if f.large}
        object.__setattr__(self, "_by_sha256", files)

    @classmethod
    def of(cls, repos: Iterable[Repo], users: Iterable[User]) -> World:
        return cls(tuple(repos), tuple(users))

    def repo(self, hub: HubName, repo_id: str, type_: RepoType = "model") -> Repo | None:
        found = (r for r in self.repos if (r.id, r.type) == (repo_id, type_) and hub in r.on)
        return next(found, None)

    def large_file(self, sha256: str) -> File | None:
        return self._by_sha256.get(sha256)

    def bearer(self, hub: HubName, value: str) -> tuple[User, Token] | None:
        """Whose live token this is on that hub."""
        for user in self.users:
            for token in user.tokens:
                of_this_hub = (token.role == "modelscope") == (hub == "ms")
                if of_this_hub and token.value == value and not token.expired:
                    return user, token
        return None
