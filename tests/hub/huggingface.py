"""The Hugging Face Hub's own origin: routes, refusals, rate-limit headers, who am I."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from tests.hub import hf_pushing
from tests.hub.access import ANONYMOUS, Caller, Refusal, caller, readable, visible, writable
from tests.hub.hf_content import resolve, resolve_cache, xet_read_token
from tests.hub.hf_listing import refs, repo_info, tree
from tests.hub.http import Request, Response, json_response, text_response
from tests.hub.site import Site

Handler = Callable[[Site, Request, Caller, dict[str, str]], Response]


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
    for pattern, handler in PUSHES if request.method == "POST" else ():
        match = pattern.fullmatch(request.raw_path)
        if match:
            groups = {name: unquote(value or "") for name, value in match.groupdict().items()}
            return handler(site, request, who, groups)
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


def auth_check(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    repo = visible(site.world, who, path)
    if path["write"]:
        writable(who, repo)
    else:
        readable(who, repo)
    return json_response(200, {})


def front_page(site: Site, request: Request, who: Caller, path: dict[str, str]) -> Response:
    page = "<!DOCTYPE html><html><head><title>Hugging Face</title></head><body></body></html>"
    return text_response(200, page, content_type="text/html; charset=utf-8")


_KIND, _ID = r"(?P<kind>models|datasets)", r"(?P<id>[^/]+(?:/[^/]+)?)"


def _compiled(*routes: tuple[str, Handler]) -> tuple[tuple[re.Pattern[str], Handler], ...]:
    return tuple(
        (re.compile(pattern.replace("{kind}", _KIND).replace("{id}", _ID)), handler)
        for pattern, handler in routes
    )


PUSHES = _compiled(
    (r"/api/repos/create", hf_pushing.create),
    (r"/api/{kind}/{id}/branch/(?P<rev>[^/]+)", hf_pushing.branch),
    (r"/api/{kind}/{id}/preupload/(?P<rev>[^/]+)", hf_pushing.preupload),
    (r"/api/{kind}/{id}/commit/(?P<rev>[^/]+)", hf_pushing.commit),
    (r"/api/complete/(?P<sha256>[0-9a-f]{64})", hf_pushing.complete),
    (r"/(?P<kind>datasets/)?{id}\.git/info/lfs/objects/batch", hf_pushing.batch),
    (r"/(?P<kind>datasets/)?{id}\.git/info/lfs/verify", hf_pushing.verify),
)

ROUTES = _compiled(
    (r"/", front_page),
    (r"/api/whoami-v2", whoami),
    (r"/api/agent-harnesses", agent_harnesses),
    (r"/api/{kind}/{id}/auth-check(?P<write>/write)?", auth_check),
    (r"/api/{kind}/{id}/refs", refs),
    (r"/api/{kind}/{id}/revision/(?P<rev>[^/]+)", repo_info),
    (r"/api/{kind}/{id}/tree/(?P<rev>[^/]+)(?:/(?P<path>.+))?", tree),
    (r"/api/{kind}/{id}/xet-read-token/(?P<rev>[^/]+)", xet_read_token),
    (r"/api/{kind}/{id}", repo_info),
    (r"/api/resolve-cache/{kind}/{id}/(?P<rev>[0-9a-f]{40})/(?P<path>.+)", resolve_cache),
    (r"/(?P<kind>datasets/)?{id}/resolve/(?P<rev>[^/]+)/(?P<path>.+)", resolve),
)
