"""One HTTP origin: a listener whose requests are recorded, met by faults, answered, delivered."""

from __future__ import annotations

import contextlib
import ssl
import sys
import traceback
from collections.abc import Callable
from typing import BinaryIO

from tests.hub.faults import INSTEAD, Faults, Kind
from tests.hub.http import BadRequest, Request, Response, read_request, text_response
from tests.hub.recording import Recorder
from tests.hub.server import CLOSED_BY_PEER, Connection, Listener
from tests.hub.sparse import Span
from tests.hub.spoiling import heard, instead, spoil

BLOCK = 256 * 1024
Answer = Callable[[Request], Response]


class Origin:
    def __init__(
        self,
        name: str,
        host: str,
        answer: Answer,
        recorder: Recorder,
        faults: Faults,
        context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.name = name
        self.host = host
        self._answer = answer
        self._recorder = recorder
        self._faults = faults
        self._context = context
        self._listener = Listener(host, self._serve, port)
        self.port = self._listener.port
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"

    def settle(self) -> None:
        """Refuse or listen, as the faults now switched on say."""
        if self._faults.refuses(self.name):
            self._listener.refuse()
        else:
            self._listener.resume()

    def close(self) -> None:
        self._listener.close()

    def _serve(self, connection: Connection) -> None:
        fault = self._faults.of_connection(self.name)
        if fault is not None:
            if fault.kind is Kind.HANGUP:
                connection.reset()
            else:
                connection.stopping.wait()
            return
        if self._context is not None:
            connection.secure(self._context)
        with contextlib.closing(connection.sock.makefile("rb")) as reader:
            while self._exchange(connection, reader):
                pass

    def _exchange(self, connection: Connection, reader: BinaryIO) -> bool:
        """Answer one request; whether the connection stays open for another."""
        try:
            request = read_request(reader, self.name, connection.number)
        except BadRequest as error:
            connection.send(text_response(400, f"{error}\n").head(False))
            return False
        if request is None:
            return False
        self._recorder.add(request)
        keep_alive = request.headers.get("connection", "").lower() != "close"
        try:
            return self._deliver(connection, request, self._respond(request), keep_alive)
        finally:
            self._faults.done(request)

    def _respond(self, request: Request) -> Response:
        faults = self._faults.of_request(request)
        seen = request
        for fault in faults:
            seen = heard(fault, seen)
        first = next((fault for fault in faults if fault.kind in INSTEAD), None)
        try:
            response = instead(first, request) if first else self._answer(seen)
        except Exception:  # whatever the bug: it must be seen, and not look like a fault
            traceback.print_exc(file=sys.stderr)
            response = text_response(500, "bug in tests.hub, see its standard error\n")
        for fault in faults:
            response = spoil(fault, request, response)
        return response

    def _deliver(
        self, connection: Connection, request: Request, response: Response, keep_alive: bool
    ) -> bool:
        delivery = response.delivery
        if delivery.delay:
            connection.pause(delivery.delay)
        if delivery.stop_after != -1:
            keep_alive = keep_alive and delivery.ending in ("finish", "drop")
            self._recorder.answered(request, response.status)
            connection.send(response.head(keep_alive))
            if request.method != "HEAD":
                self._send_body(connection, request, response)
        match delivery.ending:
            case "silence":
                connection.hush()
            case "reset":
                connection.reset()
            case "drop":
                return keep_alive and connection.asked_within(delivery.idle)
            case "close" | "finish":
                pass
        return keep_alive and delivery.ending == "finish"

    def _send_body(self, connection: Connection, request: Request, response: Response) -> None:
        body, delivery = response.body, response.delivery
        view = body if isinstance(body, Span) else memoryview(body)
        if delivery.stop_after is not None:
            view = view[: delivery.stop_after]
        slowest = min((pace.bytes_per_second for pace in delivery.paces), default=BLOCK * 20)
        block = max(1, min(BLOCK, slowest // 20))
        for start in range(0, len(view), block):
            if delivery.valid is not None and not delivery.valid():
                raise ConnectionAbortedError("the address has expired")
            piece = bytes(view[start : start + block])
            if delivery.allowance is not None:
                allowed = delivery.allowance.take(len(piece))
                if allowed < len(piece):
                    self._send(connection, request, response, piece[:allowed])
                    connection.reset()
                    raise ConnectionResetError("the origin has died")
            last = delivery.stop_after is None and start + block >= len(view)
            if last and self._faults.forbids_others(request):
                # Whoever has read the last byte may ask for the next range: the one before is over.
                self._send(connection, request, response, piece[:-1])
                self._faults.done(request)
                piece = piece[-1:]
            self._send(connection, request, response, piece)
            for pace in delivery.paces:
                connection.pause(pace.take(min(block, len(view) - start)))
        if delivery.framing == "chunked" and delivery.stop_after is None:
            connection.send(b"0\r\n\r\n")

    def _send(
        self, connection: Connection, request: Request, response: Response, piece: bytes
    ) -> None:
        if not piece:
            return
        # Counted first: whoever has read the body must find it counted.
        self._recorder.sent(request, len(piece))
        try:
            if response.delivery.framing == "chunked":
                connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            else:
                connection.send(piece)
        except CLOSED_BY_PEER:
            self._recorder.sent(request, -len(piece))
            raise
