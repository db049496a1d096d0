"""ModelScope's own origin: its routes, the files, who am I."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import unquote, urlencode

from tests.hub import ms_pushing
from tests.hub.http import (
    Request,
    Response,
    json_response,
    redirect,
    text_response,
)
from tests.hub.ms_access import BAD_TOKEN, MASTER, NO_REVISION, Refused, caller, named, success
from tests.hub.ms_listing import listing, pages
from tests.hub.site import Site
from tests.hub.world import File

Handler = Callable[[Site, Request, dict[str, str]], Response]


def answer(site: Site, request: Request) -> Response:
    request_id = site.request_id()
    try:
        response = _route(site, request)
    except Refused as refused:
        envelope = {
            "Code": refused.code,
            "Message": refused.message,
            "RequestId": request_id,
            "Success": False,
        }
        response = json_response(refused.status, envelope)
    return response.having({"X-Request-Id": request_id, "Server": "Tengine"})


def _route(site: Site, request: Request) -> Response:
    for method, pattern, handler in ROUTES:
        match = pattern.fullmatch(request.raw_path)
        if match and (request.method == method or (method, request.method) == ("GET", "HEAD")):
            groups = {name: unquote(value) for name, value in match.groupdict().items()}
            return handler(site, request, groups)
    raise Refused(404, 10010000001, "page not found")


def contents(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = named(site, request, path)
    if request.query.get("Revision", MASTER) not in (MASTER, repo.commit):
        raise Refused(404, *NO_REVISION)
    file = repo.entries.get(request.query.get("FilePath", ""))
    if file is None:
        raise Refused(404, 10990101002, "获取文件失败，信息：file not found")
    if file.large:
        return redirect(302, signed_url(site, file), {"X-Linked-ETag": f'"{file.sha256}"'})
    # Files served without a redirect ignore Range (said in modelscope_hub's own source).
    headers = {"Content-Type": "application/octet-stream", "ETag": f'"{file.git_sha1}"'}
    return Response(200, tuple(headers.items()), file.data)


def signed_url(site: Site, file: File) -> str:
    path = f"/modelhub/lfs/{file.sha256}"
    expires, signature = site.signer.sign(path)
    query = {"OSSAccessKeyId": "LTAItest", "Expires": str(expires), "Signature": signature}
    return f"{site.urls['ms-cdn']}{path}?{urlencode(query)}"


def login(site: Site, request: Request, path: dict[str, str]) -> Response:
    try:
        sent = json.loads(request.body)
        value = str(sent["AccessToken"])
    except (ValueError, KeyError, TypeError):
        raise Refused(400, 10010000002, "invalid parameter") from None
    found = site.world.bearer("ms", value)
    if found is None or not found[1].can_login:
        raise Refused(400, *BAD_TOKEN)
    user, _ = found
    profile = {
        "AccessToken": f"git-{user.name}",
        "Username": user.name,
        "Email": user.email or f"{user.name}@example.org",
    }
    cookie = f"m_session_id={value}; Path=/; HttpOnly"
    return success(site, profile).having({"Set-Cookie": cookie})


def users_me(site: Site, request: Request, path: dict[str, str]) -> Response:
    found = caller(site, request)
    request_id = site.request_id()
    if found is None:
        refusal = {"code": "InvalidAuthentication", "message": "Invalid authentication token"}
        return json_response(401, {"success": False, "request_id": request_id} | refusal)
    user = found[0]
    profile = {
        "sub": f"uid-{user.name}",
        "username": user.name,
        "name": user.name,
        "preferred_username": user.name,
        "email": user.email or f"{user.name}@example.org",
    }
    return json_response(200, {"success": True, "request_id": request_id, "data": profile})


def open_repo(site: Site, request: Request, path: dict[str, str]) -> Response:
    request_id = site.request_id()
    try:
        repo = named(site, request, path, contents=False)
    except Refused as refused:
        refusal = {"code": "ResourceNotFound", "message": refused.message}
        return json_response(404, {"success": False, "request_id": request_id} | refusal)
    owner, _, name = repo.id.partition("/")
    found = {"id": repo.id, "owner": owner, "name": name, "visibility": "public"}
    return json_response(200, {"success": True, "request_id": request_id, "data": found})


def repository(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = named(site, request, path, contents=False)
    owner, _, name = repo.id.partition("/")
    data = {
        "Id": 1,
        "Name": name,
        "Path": owner,
        "Revision": MASTER,
        "StorageSize": repo.size,
        "Visibility": 1 if repo.private else 5,
        "ProtectedMode": 1 if repo.gated else 2,
    }
    return success(site, data)


def revisions(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = named(site, request, path, contents=False)
    branch = {"Revision": MASTER, "CommitId": repo.commit, "CreatedAt": 1769904000}
    return success(site, {"RevisionMap": {"Branches": [branch], "Tags": []}})


def acceleration(site: Site, request: Request, path: dict[str, str]) -> Response:
    return success(site, {"InternalRegionQueryAddress": ""})


def front_page(site: Site, request: Request, path: dict[str, str]) -> Response:
    page = "<!DOCTYPE html><html><head><title>ModelScope</title></head><body></body></html>"
    return text_response(200, page, content_type="text/html; charset=utf-8")


_KIND, _ID = r"(?P<kind>models|datasets)", r"(?P<id>[^/]+/[^/]+)"

ROUTES: tuple[tuple[str, re.Pattern[str], Handler], ...] = tuple(
    (method, re.compile(pattern.replace("{kind}", _KIND).replace("{id}", _ID)), handler)
    for method, pattern, handler in (
        ("GET", r"/", front_page),
        ("POST", r"/api/v1/login", login),
        ("GET", r"/api/v1/repos/internalAccelerationInfo", acceleration),
        ("POST", r"/api/v1/models", ms_pushing.create),
        ("POST", r"/api/v1/repos/{kind}/{id}/info/lfs/objects/batch", ms_pushing.batch),
        ("POST", r"/api/v1/repos/{kind}/{id}/commit/(?P<rev>[^/]+)", ms_pushing.commit),
        ("GET", r"/api/v1/(?P<kind>models)/{id}/repo/files", listing),
        ("GET", r"/api/v1/(?P<kind>datasets)/{id}/repo/tree", pages),
        ("GET", r"/api/v1/{kind}/{id}/repo", contents),
        ("GET", r"/api/v1/{kind}/{id}/revisions", revisions),
        ("GET", r"/api/v1/{kind}/{id}", repository),
        ("GET", r"/openapi/v1/users/me", users_me),
        ("GET", r"/openapi/v1/{kind}/{id}", open_repo),
    )
)
