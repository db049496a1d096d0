"""Files that Python would take for a package of the stack: `torch.py` in a folder of PYTHONPATH."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from qtune.doctor.facts import Shadow


def found(names: Iterable[str], environ: Mapping[str, str]) -> Iterator[Shadow]:
    """The training child is told to leave the working folder out, but PYTHONPATH goes before what is installed.

    A folder that pip installed into (it has the package's metadata, or the package is a link to its sources)
    is meant to be found there.
    """
    for entry in environ.get("PYTHONPATH", "").split(os.pathsep):
        folder = Path(entry or ".")
        for name in names:
            for path in (folder / f"{name}.py", folder / name / "__init__.py"):
                if path.is_file() and not _installed(folder, name):
                    yield Shadow(name, str(path), entry or ".")


def _installed(folder: Path, name: str) -> bool:
    """Installed with `pip install --target`, or the checkout of the package itself."""
    metadata = (f"{name}-*.dist-info", f"{name}-*.egg-info", f"{name}.egg-info")
    if any(next(folder.glob(pattern), None) for pattern in metadata):
        return True
    return any(
        (above / "pyproject.toml").is_file() or (above / "setup.py").is_file()
        for above in (folder, folder.parent)
        if (folder / name / "__init__.py").is_file()
    )
