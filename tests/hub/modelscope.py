"""ModelScope's own origin: the listing, the files, who am I, and refusals in its envelope."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote, urlencode

from tests.hub.http import (
    Request,
    Response,
    json_response,
    redirect,
    text_response,
)
from tests.hub.site import Site
from tests.hub.world import File, Repo, Token, User

MASTER = "master"
TRUNCATED_AT = 3000  # the real listing stops here without a word

NOT_FOUND = (10010205001, "获取模型信息失败，信息：record not found")
NO_ACCESS = (10010200001, "无权限访问该模型")
NO_REVISION = (10990101004, "获取模型文件列表失败，信息：revision not exist")
BAD_TOKEN = (10010103009, "AccessToken is invalid or expired")

Handler = Callable[[Site, Request, dict[str, str]], Response]


class Refused(Exception):
    """Nearly every refusal has status 404; only the envelope's code tells them apart."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


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


def _success(site: Site, data: Any) -> Response:
    envelope = {"Code": 200, "Data": data, "Message": "success", "Success": True}
    return json_response(200, envelope | {"RequestId": site.request_id()})


def _caller(site: Site, request: Request) -> tuple[User, Token] | None:
    """From the Bearer header or the cookie. A bad token passes as nobody, as far as is known."""
    scheme, _, value = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        value = ""
    if not value:
        try:
            morsel = SimpleCookie(request.headers.get("cookie", "")).get("m_session_id")
        except CookieError:
            morsel = None
        value = morsel.value if morsel else ""
    return site.world.bearer("ms", value.strip()) if value else None


def _repo(site: Site, request: Request, repo_id: str, contents: bool = True) -> Repo:
    repo = site.world.repo("ms", repo_id)
    if repo is None:
        raise Refused(404, *NOT_FOUND)
    found = _caller(site, request)
    user = found[0] if found else None
    if user is not None and user.owns(repo):
        return repo
    accepted = user is not None and repo.id in user.accepted
    if repo.private or repo.disabled or (contents and repo.gated and not accepted):
        raise Refused(404, *NO_ACCESS)
    return repo


def listing(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = _repo(site, request, path["id"])
    revision = request.query.get("Revision", MASTER) or MASTER
    if revision not in (MASTER, repo.commit):
        if re.fullmatch(r"[0-9a-f]{40}", revision):
            return _success(site, {"Files": []})  # an unknown commit lists as an empty success
        raise Refused(404, *NO_REVISION)
    recursive = request.query.get("Recursive", "").lower() == "true"
    root = request.query.get("Root", "").strip("/")
    entries = _entries(repo, f"{root}/" if root else "", recursive)
    return _success(site, {"Files": entries[:TRUNCATED_AT]})


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


def contents(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = _repo(site, request, path["id"])
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
    return _success(site, profile).having({"Set-Cookie": cookie})


def users_me(site: Site, request: Request, path: dict[str, str]) -> Response:
    found = _caller(site, request)
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


def open_model(site: Site, request: Request, path: dict[str, str]) -> Response:
    request_id = site.request_id()
    try:
        repo = _repo(site, request, path["id"], contents=False)
    except Refused as refused:
        refusal = {"code": "ResourceNotFound", "message": refused.message}
        return json_response(404, {"success": False, "request_id": request_id} | refusal)
    owner, _, name = repo.id.partition("/")
    model = {"id": repo.id, "owner": owner, "name": name, "visibility": "public"}
    return json_response(200, {"success": True, "request_id": request_id, "data": model})


def model(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = _repo(site, request, path["id"], contents=False)
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
    return _success(site, data)


def revisions(site: Site, request: Request, path: dict[str, str]) -> Response:
    repo = _repo(site, request, path["id"], contents=False)
    branch = {"Revision": MASTER, "CommitId": repo.commit, "CreatedAt": 1769904000}
    return _success(site, {"RevisionMap": {"Branches": [branch], "Tags": []}})


def acceleration(site: Site, request: Request, path: dict[str, str]) -> Response:
    return _success(site, {"InternalRegionQueryAddress": ""})


def front_page(site: Site, request: Request, path: dict[str, str]) -> Response:
    page = "<!DOCTYPE html><html><head><title>ModelScope</title></head><body></body></html>"
    return text_response(200, page, content_type="text/html; charset=utf-8")


ROUTES: tuple[tuple[str, re.Pattern[str], Handler], ...] = tuple(
    (method, re.compile(pattern.replace("{id}", r"(?P<id>[^/]+/[^/]+)")), handler)
    for method, pattern, handler in (
        ("GET", r"/", front_page),
        ("POST", r"/api/v1/login", login),
        ("GET", r"/api/v1/repos/internalAccelerationInfo", acceleration),
        ("GET", r"/api/v1/models/{id}/repo/files", listing),
        ("GET", r"/api/v1/models/{id}/repo", contents),
        ("GET", r"/api/v1/models/{id}/revisions", revisions),
        ("GET", r"/api/v1/models/{id}", model),
        ("GET", r"/openapi/v1/users/me", users_me),
        ("GET", r"/openapi/v1/models/{id}", open_model),
    )
)
