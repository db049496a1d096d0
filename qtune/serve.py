"""`qtune lsp` without click: an editor waits for the first answer."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import NoReturn

from qtune.speech import say

MISSING = 2


def main() -> NoReturn:
    if find_spec("pygls") is None:
        print(
            say(
                "error: the language server needs pygls\n  Fix: pip install 'qtune[lsp]'",
                "错误：语言服务器需要 pygls\n  解决：pip install 'qtune[lsp]'",
            ),
            file=sys.stderr,
        )
        sys.exit(MISSING)
    from qtune.doctor.lsp.server import main as serve

    serve()
