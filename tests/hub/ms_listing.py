"""ModelScope's listings: a model's, cut without a word, and a dataset's, which comes in pages."""

from __future__ import annotations

import re
from typing import Any

from tests.hub.http import Request, Response
from tests.hub.ms_access import MASTER, NO_REVISION, Refused, named, success
from tests.hub.site import Site
from tests.hub.world import File, Repo

TRUNCATED_AT = 3000  # the real listing of a model stops here without a word
LARGEST_PAGE = 200  # the most that its own client asks of a dataset's


def listing(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = named(site, request, path)
    if not _at_revision(repo, request):
        return success(site, {"Files": []})
    recursive = request.query.get("Recursive", "").lower() == "true"
    root = request.query.get("Root", "").strip("/")
    entries = _entries(repo, f"{root}/" if root else "", recursive)
    return success(site, {"Files": entries[:TRUNCATED_AT]})


def pages(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = named(site, request, path)
    if not _at_revision(repo, request):
        return success(site, {"Files": [], "TotalCount": 0})
    recursive = request.query.get("Recursive", "").lower() == "true"
    root = request.query.get("Root", "").strip("/")
    entries = _entries(repo, f"{root}/" if root else "", recursive)
    size = min(int(request.query.get("PageSize", "") or 10), LARGEST_PAGE)
    start = (int(request.query.get("PageNumber", "") or 1) - 1) * size
    return success(site, {"Files": entries[start : start + size], "TotalCount": len(entries)})


def _at_revision(repo: Repo, request: Request) -> bool:
    """False for an unknown commit, which lists as an empty success."""
    revision = request.query.get("Revision", MASTER) or MASTER
    if revision in (MASTER, repo.commit):
        return True
    if re.fullmatch(r"[0-9a-f]{40}", revision):
        return False
    raise Refused(404, *NO_REVISION)


def _entries(repo: Repo, prefix: str, recursive: bool) -> list[dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = {}
    for file in repo.entries.values():
        if not file.path.startswith(prefix):
            continue
        parts = file.path[len(prefix) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            folder = prefix + "/".join(parts[:depth])
            entries[folder] = _entry(repo, folder, "tree", None)
        if recursive or len(parts) == 1:
            entries[file.path] = _entry(repo, file.path, "blob", file)
    return list(entries.values())


def _entry(repo: Repo, path: str, kind: str, file: File | None) -> dict[str, Any]:
    return {
        "Id": file.git_sha1 if file else repo.commit,
        "Name": path.rsplit("/", 1)[-1],
        "Path": path,
        "Type": kind,
        "Size": file.size if file else 0,
        "Sha256": file.sha256 if file else "",
        "IsLFS": bool(file and file.large),
        "Revision": repo.commit,
        "Mode": "33188" if file else "16384",
        "CommittedDate": 1769904000,
    }
