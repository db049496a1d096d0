"""What the server writes to stderr: one line for a client's mistake, a traceback for ours, never a secret."""

from __future__ import annotations

import logging
import sys

from pygls.exceptions import JsonRpcException, JsonRpcInternalError

from qtune.core.secret import redact


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, JsonRpcException) and not isinstance(error, JsonRpcInternalError):
            record.exc_info = None
            return redact(f"qtune lsp: {type(error).__name__}: {error}")
        return redact(super().format(record))


def to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("qtune lsp: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
