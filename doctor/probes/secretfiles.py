"""The files in which logins keep tokens: may other users of this machine read them?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from qtune.core.locations import token_file
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, SecretFile, SecretFiles
from qtune.doctor.facts.tokens import Hub


def probe(context: Context, seen: Facts) -> Known[SecretFiles]:
    if os.name == "nt":
        return Known(SecretFiles())  # no such bits; a profile is its owner's anyway
    kinds = {source.kind for source in context.sources}
    files: list[SecretFile] = []
    if "huggingface" in kinds:
        token = token_file(context.settings)
        files += _looked_at("huggingface", (token, token.parent / "stored_tokens"))
    if "modelscope" in kinds:
        folder = _credentials(context)
        files += _looked_at("modelscope", (folder / "git_token", folder / "cookies"))
    return Known(SecretFiles(tuple(files)))


def _credentials(context: Context) -> Path:
    """As ModelScope's client finds it."""
    environ = context.environ
    home = environ.get("MODELSCOPE_HOME") or "~/.modelscope"
    return Path(environ.get("MODELSCOPE_CREDENTIALS_PATH") or f"{home}/credentials").expanduser()


def _looked_at(hub: Hub, paths: tuple[Path, ...]) -> Iterator[SecretFile]:
    for path in paths:
        try:
            seen = path.stat()
            if stat.S_ISREG(seen.st_mode) and seen.st_size:
                mode = stat.S_IMODE(seen.st_mode)
                yield SecretFile(hub, str(path), mode, _exposed(path, mode))
        except (OSError, ValueError):
            continue


def _exposed(path: Path, mode: int) -> bool:
    """Readable by its bits, and no folder above keeps others out: a closed home protects what is in it."""
    above = [folder.stat().st_mode for folder in path.resolve().parents]
    return any(
        mode & read and all(bits & enter for bits in above)
        for read, enter in ((stat.S_IRGRP, stat.S_IXGRP), (stat.S_IROTH, stat.S_IXOTH))
    )
