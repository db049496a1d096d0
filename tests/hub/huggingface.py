"""The Hugging Face Hub's own origin: API, resolve, redirects, errors and rate-limit headers."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote, urlencode

from tests.hub.access import ANONYMOUS, Caller, Refusal, caller, readable, visible, writable
from tests.hub.http import (
    Request,
    Response,
    file_response,
    json_response,
    redirect,
    text_response,
)
from tests.hub.site import Site
from tests.hub.world import File, Repo

Handler = Callable[[Site, Request, Caller, dict[str, str]], Response]
MAIN = "main"


def answer(site: Site, request: Request) -> Response:
    try:
        who = caller(site.world, request)
        response = _route(site, request, who)
    except Refusal as refusal:
        who = Caller()
        response = _refused(request, refusal)
    headers = {"X-Request-Id": site.request_id(), "X-Powered-By": "huggingface-moon"}
    return response.having(headers | _rate_limit(request, who))


def _route(site: Site, request: Request, who: Caller) -> Response:
    for pattern, handler in ROUTES:
        match = pattern.fullmatch(request.raw_path)
        if match:
            groups = {name: unquote(value or "") for name, value in match.groupdict().items()}
            if request.method not in ("GET", "HEAD"):
                return json_response(405, {"error": "Method Not Allowed"})
            return handler(site, request, who, groups)
    return json_response(404, {"error": "Sorry, we can't find the page you are looking for."})


def _refused(request: Request, refusal: Refusal) -> Response:
    headers = {"X-Error-Message": refusal.message, **refusal.headers}
    if refusal.code:
        headers["X-Error-Code"] = refusal.code
    if request.raw_path.startswith("/api/"):
        return json_response(refusal.status, {"error": refusal.message}, headers)
    return text_response(refusal.status, refusal.message, headers)


def _rate_limit(request: Request, who: Caller) -> dict[str, str]:
    kind, limit = "pages", 100
    if "/resolve" in request.raw_path:
        kind, limit = "resolvers", 3000
    elif request.raw_path.startswith("/api/"):
        kind, limit = "api", 500
    if who.user is not None:
        limit = {"pages": 200, "resolvers": 5000, "api": 1000}[kind]
    return {
        "RateLimit": f'"{kind}";r={limit - 2};t=172',
        "RateLimit-Policy": f'"fixed window";"{kind}";q={limit};w=300',
    }


def whoami(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    user, token = who.user, who.token
    if user is None or token is None:
        raise Refusal(401, ANONYMOUS)
    profile: dict[str, Any] = {
        "type": "user",
        "id": hashlib.sha1(user.name.encode()).hexdigest()[:24],
        "name": user.name,
        "fullname": user.fullname or user.name,
        "email": user.email or f"{user.name}@example.org",
        "emailVerified": True,
        "isPro": user.is_pro,
        "orgs": [{"type": "org", "name": org, "fullname": org} for org in user.orgs],
    }
    if token.role == "oauth":
        ends = datetime.fromtimestamp(time.time() + 8 * 3600, UTC).isoformat()
        profile["auth"] = {"type": "oauth", "expiresAt": ends}
        return json_response(200, profile)
    access: dict[str, Any] = {
        "displayName": token.name,
        "role": token.role,
        "createdAt": "2026-01-05T08:00:00.000Z",
    }
    if token.role == "fineGrained":
        access["fineGrained"] = {
            "canReadGatedRepos": token.can_read_gated,
            "global": [],
            "scoped": [
                {
                    "entity": {"_id": "0" * 24, "type": scope.type, "name": scope.entity},
                    "permissions": list(scope.permissions),
                }
                for scope in token.scoped
            ],
        }
    profile["auth"] = {"type": "access_token", "accessToken": access}
    return json_response(200, profile)


def agent_harnesses(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    return json_response(200, {})


def model_info(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    _at_revision(repo, path.get("rev") or MAIN)
    siblings: list[dict[str, Any]] = []
    for file in repo.entries.values():
        sibling: dict[str, Any] = {"rfilename": file.path}
        if request.query.get("blobs", "").lower() in ("true", "1"):
            sibling |= {"size": file.size, "blobId": file.git_sha1}
            if file.large:
                sibling["lfs"] = _lfs(file) | {"sha256": file.sha256}
        siblings.append(sibling)
    info = {
        "_id": repo.commit[:24],
        "id": repo.id,
        "modelId": repo.id,
        "author": repo.owner,
        "sha": repo.commit,
        "lastModified": "2026-02-01T00:00:00.000Z",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "private": repo.private,
        "gated": repo.gated,
        "disabled": repo.disabled,
        "downloads": 0,
        "likes": 0,
        "tags": ["safetensors"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "usedStorage": repo.size,
        "siblings": siblings,
    }
    return json_response(200, info)


def tree(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    _at_revision(repo, path["rev"])
    recursive = request.query.get("recursive", "").lower() in ("true", "1")
    expand = request.query.get("expand", "").lower() in ("true", "1")
    entries = _tree_entries(repo, path.get("path", ""), recursive, expand, site.xet)
    start = int(request.query.get("cursor", "0") or 0)
    size = min(int(request.query.get("limit", site.page_size)), site.page_size)
    response = json_response(200, entries[start : start + size])
    if start + size < len(entries):
        query = urlencode(request.query | {"cursor": str(start + size)})
        following = f"{_base(site, request)}{request.raw_path}?{query}"
        response = response.having({"Link": f'<{following}>; rel="next"'})
    return response


def _tree_entries(
    repo: Repo, folder: str, recursive: bool, expand: bool, xet: bool
) -> list[dict[str, Any]]:
    prefix = f"{folder.rstrip('/')}/" if folder else ""
    entries: dict[str, dict[str, Any]] = {}
    for file in repo.entries.values():
        if not file.path.startswith(prefix):
            continue
        parts = file.path[len(prefix) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            name = prefix + "/".join(parts[:depth])
            entries[name] = {"type": "directory", "oid": repo.commit, "size": 0, "path": name}
        if not recursive and len(parts) > 1:
            continue
        entry: dict[str, Any] = {"type": "file", "oid": file.git_sha1, "size": file.size}
        if file.large:
            entry["lfs"] = _lfs(file)
            if xet:
                entry["xetHash"] = file.xet_hash
        if expand:
            date = "2026-02-01T00:00:00.000Z"
            entry["lastCommit"] = {"id": repo.commit, "title": "Upload files", "date": date}
        entries[file.path] = entry | {"path": file.path}
    return list(entries.values())


def _lfs(file: File) -> dict[str, Any]:
    return {"oid": file.sha256, "size": file.size, "pointerSize": len(file.pointer)}


def refs(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    branch = {"name": MAIN, "ref": "refs/heads/main", "targetCommit": repo.commit}
    return json_response(200, {"branches": [branch], "tags": [], "converts": []})


def auth_check(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    if path["write"]:
        writable(who, repo)
    else:
        readable(who, repo)
    return json_response(200, {})


def resolve(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    _at_revision(repo, path["rev"])
    readable(who, repo)
    file = _entry(repo, path["path"])
    if not file.large:
        cached = f"/api/resolve-cache/models/{repo.id}/{repo.commit}/{quote(file.path)}"
        query = urlencode({"etag": f'"{file.etag}"'})
        return redirect(307, f"{cached}?{query}", _file_headers(repo, file))
    headers = _file_headers(repo, file) | {
        "X-Linked-Size": str(file.size),
        "X-Linked-ETag": f'"{file.sha256}"',
        "Cache-Control": "no-store",
    }
    if site.xet:
        auth = f"{_base(site, request)}/api/models/{repo.id}/xet-read-token/{repo.commit}"
        headers |= {"X-Xet-Hash": file.xet_hash, "Link": f'<{auth}>; rel="xet-auth"'}
    return redirect(302, signed_url(site, file), headers)


def resolve_cache(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    _at_revision(repo, path["rev"])
    readable(who, repo)
    file = _entry(repo, path["path"])
    return file_response(request, file.data, _file_headers(repo, file))


def xet_read_token(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path["id"])
    _at_revision(repo, path["rev"])
    readable(who, repo)
    if not site.xet:
        raise Refusal(404, "Not Found")
    token, ends = f"xet_{repo.commit}", int(time.time()) + 3600
    headers = {
        "X-Xet-Cas-Url": site.urls["cas"],
        "X-Xet-Access-Token": token,
        "X-Xet-Token-Expiration": str(ends),
    }
    body = {"casUrl": site.urls["cas"], "accessToken": token, "exp": ends}
    return json_response(200, body, headers)


def front_page(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    page = "<!DOCTYPE html><html><head><title>Hugging Face</title></head><body></body></html>"
    return text_response(200, page, content_type="text/html; charset=utf-8")


def signed_url(site: Site, file: File) -> str:
    path = f"/xet-bridge-us/{file.git_sha1}/{file.sha256}"
    expires, signature = site.signer.sign(path)
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": signature,
        "Expires": str(expires),
        "response-content-disposition": f'inline; filename="{file.path.rsplit("/", 1)[-1]}";',
        "x-id": "GetObject",
    }
    return f"{site.urls['cdn']}{path}?{urlencode(query)}"


def _file_headers(repo: Repo, file: File) -> dict[str, str]:
    name = quote(file.path.rsplit("/", 1)[-1])
    return {
        "X-Repo-Commit": repo.commit,
        "ETag": f'"{file.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{name}",
    }


def _at_revision(repo: Repo, revision: str) -> None:
    if revision not in (MAIN, "refs/heads/main", repo.commit):
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def _entry(repo: Repo, path: str) -> File:
    file = repo.entries.get(path)
    if file is None:
        commit = {"X-Repo-Commit": repo.commit}
        raise Refusal(404, "Entry not found", "EntryNotFound", commit)
    return file


def _base(site: Site, request: Request) -> str:
    """The address the caller used, as the real hub would name itself."""
    scheme = site.urls["hf"].partition("://")[0]
    host = request.headers.get("host")
    return f"{scheme}://{host}" if host else site.urls["hf"]


ROUTES: tuple[tuple[re.Pattern[str], Handler], ...] = tuple(
    (re.compile(pattern.replace("{id}", r"(?P<id>[^/]+(?:/[^/]+)?)")), handler)
    for pattern, handler in (
        (r"/", front_page),
        (r"/api/whoami-v2", whoami),
        (r"/api/agent-harnesses", agent_harnesses),
        (r"/api/models/{id}/auth-check(?P<write>/write)?", auth_check),
        (r"/api/models/{id}/refs", refs),
        (r"/api/models/{id}/revision/(?P<rev>[^/]+)", model_info),
        (r"/api/models/{id}/tree/(?P<rev>[^/]+)(?:/(?P<path>.+))?", tree),
        (r"/api/models/{id}/xet-read-token/(?P<rev>[^/]+)", xet_read_token),
        (r"/api/models/{id}", model_info),
        (r"/api/resolve-cache/models/{id}/(?P<rev>[0-9a-f]{40})/(?P<path>.+)", resolve_cache),
        (r"/{id}/resolve/(?P<rev>[^/]+)/(?P<path>.+)", resolve),
    )
)
