"""What may be put into a hub's URL: repository ids, revisions and paths, checked and quoted."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from qtune.core.errors import UsageError
from qtune.core.hub.interface import RepoType
from qtune.core.text import Text

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_-])?")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,254}")
COMMIT = re.compile(r"[0-9a-f]{40}")


def is_repo_id(text: str) -> bool:
    """Whether `text` is `owner/name` or `name` as both hubs allow."""
    parts = text.split("/")
    return (
        len(parts) <= 2
        and all(_PART.fullmatch(part) for part in parts)
        # `--` stands for the slash in the cache's folder names, so it cannot be part of a name.
        and not any(bad in text for bad in ("..", "--"))
        and not text.endswith((".git", ".ipynb"))
    )


def check_repo_id(repo_id: str) -> str:
    """The id itself. Raises UsageError HUB224 for what is none."""
    if is_repo_id(repo_id):
        return repo_id
    raise UsageError(
        "HUB224",
        Text(f"{repo_id!r} is not a repository id", f"{repo_id!r} 不是有效的仓库 id"),
        _advice(repo_id),
    )


def _advice(text: str) -> Text:
    """For somebody who pasted quotes, spaces or the page's address."""
    stripped = text.strip().strip("\"'`“”‘’ ").rstrip("/")
    try:
        path = urlsplit(stripped).path.strip("/") if "://" in stripped else stripped
    except ValueError:
        path = ""
    kind, _, rest = path.partition("/")
    named = rest if kind in ("models", "datasets") else path
    meant = "/".join(named.split("/")[:2]) if named != stripped else stripped
    if meant == text or not is_repo_id(meant) or ("://" in stripped and "/" not in path):
        return Text(
            "Write it as owner/name, for example Qwen/Qwen3-4B.",
            "请写成 owner/name 的形式，例如 Qwen/Qwen3-4B。",
        )
    if kind == "datasets":
        command = fetching(meant, "dataset")
        return Text(f"That is a dataset: `{command}`.", f"这是数据集：`{command}`。")
    return Text(f"Write {meant}.", f"请写成 {meant}。")


def fetching(repo_id: str, repo_type: RepoType) -> str:
    """The command that downloads it."""
    return f"qtune download {'' if repo_type == 'model' else '--repo-type dataset '}{repo_id}"


def check_revision(revision: str) -> str:
    """A branch, tag or commit that is safe in a URL and as a file name. Raises UsageError HUB225."""
    parts = revision.split("/")
    if (
        _REVISION.fullmatch(revision)
        and ".." not in revision
        and all(part and part[0] not in ".-" and part[-1] != "." for part in parts)
    ):
        return revision
    raise UsageError(
        "HUB225",
        Text(f"{revision!r} is not a revision", f"{revision!r} 不是有效的版本"),
        Text(
            "Give a branch, a tag or a commit of 40 hex digits.",
            "请填写分支、标签，或 40 位十六进制的 commit。",
        ),
    )


def is_commit(revision: str | None) -> bool:
    return revision is not None and COMMIT.fullmatch(revision) is not None


def in_api(repo_id: str, repo_type: RepoType) -> str:
    """`models/o/n`: how both hubs' APIs name a repository, below their prefix."""
    return f"{repo_type}s/{repo_id}"


def on_hugging_face(repo_id: str, repo_type: RepoType) -> str:
    """The path of its page, and of its files: a model has no word before its id."""
    return repo_id if repo_type == "model" else in_api(repo_id, repo_type)


def quoted(path: str) -> str:
    """A file's path as part of a URL; `#`, `?`, `%` and spaces cannot break out of it."""
    return quote(path, safe="/")


def quoted_revision(revision: str) -> str:
    return quote(revision, safe="")
