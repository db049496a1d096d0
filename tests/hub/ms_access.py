"""Who may read what on ModelScope, and its envelope: of success, and of every refusal."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from tests.hub.http import Request, Response, json_response
from tests.hub.site import Site
from tests.hub.world import Repo, Token, User

MASTER = "master"

# The codes of models; what datasets get was not recorded, so here they get the same.
NOT_FOUND = (10010205001, "获取模型信息失败，信息：record not found")
NO_DATASET = (10010205001, "数据集不存在")  # words that its own client knows
NO_ACCESS = (10010200001, "无权限访问该模型")
NO_REVISION = (10990101004, "获取模型文件列表失败，信息：revision not exist")
BAD_TOKEN = (10010103009, "AccessToken is invalid or expired")


class Refused(Exception):
    """Nearly every refusal has status 404; only the envelope's code tells them apart."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def success(site: Site, data: Any) -> Response:
    envelope = {"Code": 200, "Data": data, "Message": "success", "Success": True}
    return json_response(200, envelope | {"RequestId": site.request_id()})


def caller(site: Site, request: Request) -> tuple[User, Token] | None:
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


def named(site: Site, request: Request, path: Mapping[str, str], contents: bool = True) -> Repo:
    """The repository that a route names."""
    dataset = path["kind"] == "datasets"
    repo = site.world.repo("ms", path["id"], "dataset" if dataset else "model")
    if repo is None:
        raise Refused(404, *(NO_DATASET if dataset else NOT_FOUND))
    found = caller(site, request)
    user = found[0] if found else None
    if user is not None and user.owns(repo):
        return repo
    accepted = user is not None and repo.id in user.accepted
    if repo.private or repo.disabled or (contents and repo.gated and not accepted):
        raise Refused(404, *NO_ACCESS)
    return repo
