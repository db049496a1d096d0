"""What a client may say when, and what it is answered when it says something else: never silence, never a crash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol

from qtune.core.secret import redact
from qtune.doctor.lsp import log
from qtune.doctor.lsp.texts import Texts


@dataclass(frozen=True)
class _Unreadable:
    """A message whose parameters are none of its method; a request has an id, by which it is refused."""

    method: str
    id: object


class Protocol(LanguageServerProtocol):
    @property
    def ended_well(self) -> bool:
        """Was `shutdown` asked for before the end?"""
        return bool(self._shutdown)

    def read_exactly(self) -> None:
        """To be called once the client has introduced itself."""
        self._workspace = Texts.instead_of(self.workspace)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Also called for each object inside of a message."""
        if "jsonrpc" not in data:
            return data
        method = data.get("method")
        if method is not None:
            data.setdefault("params", None)  # the protocol lets them be left out
        try:
            return super().structure_message(data)
        except JsonRpcException:
            return _Unreadable(str(method or ""), data.get("id"))

    def handle_message(self, message: Any) -> None:
        if not hasattr(message, "jsonrpc") and not isinstance(message, _Unreadable):
            return
        method = getattr(message, "method", None)
        if method is not None and not isinstance(method, str):
            return
        number = getattr(message, "id", None)
        error = self._refused(method) if method else None
        if error is None and isinstance(message, _Unreadable):
            error = JsonRpcInvalidParams()
        if error is None:
            super().handle_message(message)
        elif method and isinstance(number, int | str):
            self._send_response(number, error=error.to_response_error())

    def _send_response(
        self, msg_id: int | str, result: Any = None, error: types.ResponseError | None = None
    ) -> None:
        """Of a bug of ours the client hears that it is one; the traceback is for the log, without secrets."""
        if error is not None and error.code == types.ErrorCodes.InternalError:
            log.bug(error)
            said = f"a bug in qtune: {redact(error.message)}"
            error = types.ResponseError(code=error.code, message=said)
        super()._send_response(msg_id, result, error)

    def _refused(self, method: str) -> JsonRpcException | None:
        if method == types.EXIT:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("the server was shut down")
        if method == types.INITIALIZE:
            again = self._workspace is not None
            return JsonRpcInvalidRequest("initialized already") if again else None
        return JsonRpcServerNotInitialized() if self._workspace is None else None
