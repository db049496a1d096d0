"""What the server writes to stderr: nothing for a client's mistake, a traceback for ours, never a secret."""

from __future__ import annotations

import logging
import sys

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError

from qtune.core.secret import redact

_OWN = "qtune.lsp"


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def to_stderr() -> None:
    """pygls' own log shows whole messages of the client: with the text of its documents, and the secrets in it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("qtune lsp: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)


def told(error: Exception, source: object) -> None:
    """`source` is JsonRpcException for what could not be read as a message at all."""
    ours = isinstance(error, JsonRpcInternalError) or not isinstance(error, JsonRpcException)
    if source is JsonRpcException or not ours:
        return
    _error(getattr(error, "data", None), f"{type(error).__name__}: {error}")


def bug(error: types.ResponseError) -> None:
    """What the client is told of only in a word."""
    _error(error.data, error.message)


def _error(data: object, words: str) -> None:
    lines = data.get("traceback", []) if isinstance(data, dict) else []
    logging.getLogger(_OWN).error("%s%s", "".join(lines), words)
