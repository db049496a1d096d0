"""What a fault does to a request and to its answer."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import replace

from tests.hub.faults import PORTAL, Fault, Kind
from tests.hub.http import Body, Delivery, Request, Response, json_response, redirect
from tests.hub.pace import Pace
from tests.hub.sparse import Span, flip


def instead(fault: Fault, request: Request) -> Response:
    """The answer of a fault that keeps the request from its handler."""
    match fault.kind:
        case Kind.SILENT:
            return Response(0, delivery=Delivery(stop_after=-1, ending="silence"))
        case Kind.RESET:
            return Response(0, delivery=Delivery(stop_after=-1, ending="reset"))
        case Kind.HTML:
            headers = {"Content-Type": "text/html; charset=utf-8", **fault.headers}
            body = PORTAL if fault.body is None else fault.body
            return Response(fault.status or 200, tuple(headers.items()), body)
        case Kind.REDIRECT:
            location = fault.location or request.target
            return redirect(fault.status or 302, location, fault.headers)
        case _:
            if fault.body is None:
                answer = json_response(fault.status, {"error": f"injected {fault.status}"})
                return answer.having(fault.headers)
            return Response(fault.status, tuple(fault.headers.items()), fault.body)


def heard(fault: Fault, request: Request) -> Request:
    """The request as the handler gets to see it."""
    if fault.kind is Kind.NO_RANGE:
        seen = {name: value for name, value in request.headers.items() if name != "range"}
        return replace(request, headers=seen)
    if fault.kind is Kind.MORE:
        first, _, last = request.headers.get("range", "").removeprefix("bytes=").partition("-")
        if first and last:
            further = int(last) + (100 if fault.after is None else fault.after)
            return replace(
                request, headers={**request.headers, "range": f"bytes={first}-{further}"}
            )
    return request


def spoil(fault: Fault, request: Request, response: Response) -> Response:
    """The handler's response with this fault's change."""
    body, size = response.body, len(response.body)
    delivery = response.delivery
    middle = size // 2 if fault.after is None else min(fault.after, size)
    match fault.kind:
        case Kind.NO_RANGE:
            return response.without("accept-ranges")
        case Kind.WRONG_RANGE if response.status == 206:
            span, _, total = (response.header("content-range") or "").partition("/")
            first, _, last = span.removeprefix("bytes ").partition("-")
            moved = f"bytes {int(first) + 1}-{int(last) + 1}/{total}"
            return response.having({"Content-Range": moved})
        case Kind.WRONG_TOTAL if response.status == 206:
            span, _, total = (response.header("content-range") or "").partition("/")
            other = int(total) + (1 if fault.after is None else fault.after)
            return response.having({"Content-Range": f"{span}/{other}"})
        case Kind.FEWER if response.status == 206:
            _, _, total = (response.header("content-range") or "").partition("/")
            start = starts_at(response)
            said = {"Content-Range": f"bytes {start}-{start + middle - 1}/{total}"}
            return replace(response, body=cut(body, middle)).having(said)
        case Kind.SURPLUS if size:
            behind = bytes(100 if fault.after is None else fault.after)
            return replace(response.without("content-length"), body=bytes(body) + behind)
        case Kind.WRONG_LENGTH:
            extra = 100 if fault.after is None else fault.after
            longer = response.having({"Content-Length": str(size + extra)})
            return longer.delivered(replace(delivery, stop_after=size, ending="close"))
        case Kind.TRUNCATED:
            return replace(response.without("content-length"), body=cut(body, middle))
        case Kind.CORRUPT if size:
            return replace(response, body=flipped(body, [min(middle, size - 1)]))
        case Kind.LIE if response.status in (200, 206):
            start = starts_at(response)
            return replace(response, body=flipped(body, [at - start for at in fault.offsets]))
        case Kind.GZIP if size:
            packed = replace(response, body=gzip.compress(bytes(body), compresslevel=1))
            return packed.without("content-length").having({"Content-Encoding": "gzip"})
        case Kind.STRIPPED:
            return response.without(*fault.headers)
        case Kind.HEADERS:
            return response.having(fault.headers)
        case Kind.FOREIGN_NEXT if response.header("link"):
            return response.having({"Link": f'<{fault.location}>; rel="next"'})
        case Kind.LATENCY:
            return response.delivered(replace(delivery, delay=delivery.delay + fault.seconds))
        case Kind.SLOW:
            paces = (*delivery.paces, Pace(fault.bytes_per_second))
            return response.delivered(replace(delivery, paces=paces))
        case Kind.PACED:
            return response.delivered(replace(delivery, paces=(*delivery.paces, fault.pace)))
        case Kind.STALL:
            stop = fault.after or 0
            return response.delivered(replace(delivery, stop_after=stop, ending="silence"))
        case Kind.CUT:
            return response.delivered(replace(delivery, stop_after=middle, ending="close"))
        case Kind.CUT_RESET:
            return response.delivered(replace(delivery, stop_after=middle, ending="reset"))
        case Kind.DIES:
            return response.delivered(replace(delivery, allowance=fault.allowance))
        case Kind.NOT_KEPT:
            return response.delivered(replace(delivery, ending="close"))
        case Kind.DROPPED if delivery.ending == "finish":
            return response.delivered(replace(delivery, ending="drop", idle=fault.seconds))
        case Kind.HTTP10:
            return response.delivered(replace(delivery, ending="close", version="1.0"))
        case Kind.LENGTHLESS:
            unsaid = response.without("content-length")
            return unsaid.delivered(replace(delivery, ending="close", framing="none"))
        case Kind.CHUNKED:
            unsaid = response.without("content-length")
            return unsaid.delivered(replace(delivery, framing="chunked"))
        case _:
            return response


def starts_at(response: Response) -> int:
    """Where in the file the body begins."""
    if response.status != 206:
        return 0
    return int((response.header("content-range") or "bytes 0").split()[1].partition("-")[0])


def cut(body: Body, length: int) -> Body:
    return body[:length] if isinstance(body, Span) else memoryview(body)[:length]


def flipped(body: Body, at: Iterable[int]) -> Body:
    return body.flip(at) if isinstance(body, Span) else flip(body, at)
