"""Tells jupyter-lsp how to start the language server, and for which languages; nothing where pygls is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

KEY = "qtune-ls"  # in /lsp/ws/qtune-ls, and in the settings where JupyterLab ranks its servers
# JupyterLab connects one server to a language and no other: Python stays with the user's own, whom the
# plugin for pylsp joins. `plain` is what it calls a `.env`.
LANGUAGES = ("yaml", "toml", "plain")


def spec(manager: object) -> dict[str, dict[str, Any]]:
    """The entry point `jupyter_lsp_spec_v1`; the interpreter is the one that Jupyter runs in."""
    if find_spec("pygls") is None:
        return {}
    return {
        KEY: {
            "version": 2,
            # -P: it is started in the folder of the notebooks, and no file there is to be imported.
            "argv": [sys.executable, "-P", "-m", "qtune", "lsp"],
            "languages": list(LANGUAGES),
            "mime_types": ["text/x-yaml", "text/yaml", "text/x-toml", "text/plain"],
            "display_name": "qtune",
            "install": {"pip": "pip install 'qtune[jupyter]'"},
            "requires_documents_on_disk": False,
        }
    }
