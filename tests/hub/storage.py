"""The large-file origins behind both hubs: bytes for whoever brings a signed URL, no tokens."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tests.hub.http import Request, Response, file_response, text_response
from tests.hub.site import Site


def answer(site: Site, request: Request) -> Response:
    """`GET /anything/<sha256>` with the signature of either hub's redirect."""
    query = request.query
    signature = query.get("X-Amz-Signature") or query.get("Signature", "")

    def refusal() -> str | None:
        return site.signer.refusal(request.path, query.get("Expires", ""), signature)

    refused = refusal()
    if refused is not None:
        return _xml(403, "AccessDenied", refused)
    if request.method == "PUT":
        return _taken(site, request)
    if request.method not in ("GET", "HEAD"):
        return _xml(405, "MethodNotAllowed", "The specified method is not allowed.")
    file = site.world.large_file(request.path.rsplit("/", 1)[-1])
    if file is None:
        return _xml(404, "NoSuchKey", "The specified key does not exist.")
    headers = {"ETag": f'"{file.sha256}"', "X-Cache": "Miss from test", "Vary": "Origin"}
    response = file_response(request, file.sparse or file.data, headers)
    if not site.signer.cuts:
        return response
    return response.delivered(replace(response.delivery, valid=lambda: refusal() is None))


def _taken(site: Site, request: Request) -> Response:
    """A whole file, or with `partNumber` a part of one, under the sha256 that it shall have."""
    sha256, part = request.path.rsplit("/", 1)[-1], request.query.get("partNumber")
    digest = hashlib.sha256(request.body).hexdigest()
    with site.uploads.lock:
        if part is not None:
            site.uploads.parts.setdefault(sha256, {})[int(part)] = request.body
        elif digest != sha256:
            return _xml(400, "BadDigest", "The content does not have the hash it was announced by.")
        else:
            site.uploads.whole[sha256] = request.body
    return Response(200, (("ETag", f'"{digest[:32]}"'),))


def _xml(status: int, code: str, message: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return text_response(status, body, content_type="application/xml")
