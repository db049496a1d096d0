"""The `.env` files that qtune does not read, though somebody may think so: do they hold a token?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from qtune.core import envfile
from qtune.core.secret import Secret
from qtune.core.table import BY_NAME
from qtune.doctor.context import Context
from qtune.doctor.facts import Dotenvs, Facts, Known, TokenLine
from qtune.doctor.facts.tokens import Hub

_ABOVE = 8  # folders
_LARGEST = 1 << 18  # bytes; a `.env` is far smaller
_HUBS: Mapping[str, Hub] = {"HF_TOKEN": "huggingface", "MODELSCOPE_API_TOKEN": "modelscope"}


def probe(context: Context, seen: Facts) -> Known[Dotenvs]:
    return Known(Dotenvs(tuple(line for path in _places(context) for line in _tokens(path))))


def _places(context: Context) -> Iterator[Path]:
    """The nearest first, and never the one that counts."""
    document = context.settings.envfile
    own = {(document.path if document else context.root / ".env").resolve()}
    folders = [context.root, *list(context.root.resolve().parents)[:_ABOVE]]
    if context.goal.run_config:
        folders.insert(0, (context.root / context.goal.run_config).parent)
    for folder in folders:
        path = (folder / ".env").resolve()
        if path not in own:
            own.add(path)
            yield path


def _tokens(path: Path) -> Iterator[TokenLine]:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return
        document = envfile.read(path, {})
    except (OSError, ValueError):
        return
    for entry in document.entries:
        row = BY_NAME.get(entry.key)
        if row is not None and row.key in _HUBS and entry.value.strip():
            Secret(entry.value.strip())
            yield TokenLine(_HUBS[row.key], entry.key, str(path), entry.line)
