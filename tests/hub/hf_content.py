"""Hugging Face's file contents: resolve with its two redirects, and the xet token."""

from __future__ import annotations

import time
from urllib.parse import quote, urlencode

from tests.hub.access import Caller, Refusal, at_revision, readable, visible
from tests.hub.http import Request, Response, file_response, json_response, redirect
from tests.hub.site import Site
from tests.hub.world import File, Repo


def resolve(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    at_revision(repo, path["rev"])
    readable(who, repo)
    file = _entry(repo, path["path"])
    if not file.large:
        cached = f"/api/resolve-cache/{repo.type}s/{repo.id}/{repo.commit}/{quote(file.path)}"
        query = urlencode({"etag": f'"{file.etag}"'})
        return redirect(307, f"{cached}?{query}", _file_headers(repo, file))
    headers = _file_headers(repo, file) | {
        "X-Linked-Size": str(file.size),
        "X-Linked-ETag": f'"{file.sha256}"',
        "Cache-Control": "no-store",
    }
    if site.xet:
        base = site.base("hf", request)
        auth = f"{base}/api/{repo.type}s/{repo.id}/xet-read-token/{repo.commit}"
        headers |= {"X-Xet-Hash": file.xet_hash, "Link": f'<{auth}>; rel="xet-auth"'}
    return redirect(302, signed_url(site, file), headers)


def resolve_cache(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    at_revision(repo, path["rev"])
    readable(who, repo)
    file = _entry(repo, path["path"])
    return file_response(request, file.data, _file_headers(repo, file))


def xet_read_token(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    at_revision(repo, path["rev"])
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


def _entry(repo: Repo, path: str) -> File:
    file = repo.entries.get(path)
    if file is None:
        commit = {"X-Repo-Commit": repo.commit}
        raise Refusal(404, "Entry not found", "EntryNotFound", commit)
    return file
