"""Xet's content-addressed store: the plan of a file, and the packs of chunks it is put together from.

What the public protocol asks of a server that is only read from. Chunks are stored uncompressed.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from tests.hub.http import Request, Response, file_response, json_response
from tests.hub.site import Site
from tests.hub.world import File, World

CHUNK = 64 * 1024
PACK = 1024 * 1024  # bytes of a file in one pack; the real store packs 64 MiB
HEADER = 8


def answer_cas(site: Site, request: Request) -> Response:
    """`/v2/reconstructions/<file>` for the bearer of a Xet token, packs for whoever brings a signed URL."""
    plan = re.fullmatch(r"/v2/reconstructions/([0-9a-f]{64})", request.path)
    if plan is not None:
        return _plan(site, request, plan.group(1))
    pack = re.fullmatch(r"/xorbs/([0-9a-f]{64})/(\d+)", request.path)
    if pack is not None:
        return _pack(site, request, pack.group(1), int(pack.group(2)))
    return json_response(404, {"error": "not found"})


def _plan(site: Site, request: Request, name: str) -> Response:
    found = _file(site.world, name)
    token = (request.authorization or "").removeprefix("Bearer ")
    if token not in {f"xet_{repo.commit}" for repo in site.world.repos}:
        return json_response(401, {"error": "unauthorized"})
    if found is None:
        return json_response(404, {"error": "file not found"})
    start, end = _wanted(request, found.size)
    if start >= end:
        return json_response(416, {"error": "range not satisfiable"})
    first, last = start // CHUNK, (end - 1) // CHUNK  # of the file's chunks
    terms: list[dict[str, Any]] = []
    packs: dict[str, Any] = {}
    per_pack = PACK // CHUNK
    for number in range(first // per_pack, last // per_pack + 1):
        low = max(first, number * per_pack) - number * per_pack
        high = min(last + 1, (number + 1) * per_pack) - number * per_pack
        chunks = {"start": low, "end": high}
        length = min(number * PACK + high * CHUNK, found.size) - (number * PACK + low * CHUNK)
        pack = f"{number:016x}{found.xet_hash[16:]}"
        terms.append({"hash": pack, "unpacked_length": length, "range": chunks})
        begins = low * (HEADER + CHUNK)
        bytes_ = {"start": begins, "end": begins + length + (high - low) * HEADER - 1}
        path = f"/xorbs/{found.xet_hash}/{number}"
        expires, signature = site.signer.sign(path)
        signed = urlencode({"Expires": expires, "X-Amz-Signature": signature})
        url = f"{site.urls['cas']}{path}?{signed}"
        packs[pack] = [{"url": url, "ranges": [{"chunks": chunks, "bytes": bytes_}]}]
    body = {"offset_into_first_range": start - first * CHUNK, "terms": terms, "xorbs": packs}
    return json_response(200, body)


def _pack(site: Site, request: Request, name: str, number: int) -> Response:
    query = request.query
    signature = query.get("X-Amz-Signature", "")
    refused = site.signer.refusal(request.path, query.get("Expires", ""), signature)
    found = _file(site.world, name)
    if refused is not None or found is None:
        return json_response(403, {"error": refused or "no such pack"})
    data = found.data[number * PACK : (number + 1) * PACK]
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    return file_response(request, b"".join(_header(len(c)) + c for c in chunks), {})


def _header(size: int) -> bytes:
    """Version, size as stored, scheme (0: as it is), size unpacked."""
    three = size.to_bytes(3, "little")
    return b"\0" + three + b"\0" + three


def _wanted(request: Request, size: int) -> tuple[int, int]:
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "bytes=0-"))
    assert match is not None, request.headers
    first, last = match.groups()
    return int(first), min(int(last) + 1, size) if last else size


def _file(world: World, name: str) -> File | None:
    files = (file for repo in world.repos for file in repo.entries.values() if file.large)
    return next((file for file in files if file.xet_hash == name), None)
