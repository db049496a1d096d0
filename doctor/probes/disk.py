"""The folders that will be written to: how much is free, and can a file really be made there?"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from qtune.core.locations import hub_cache
from qtune.doctor.context import Context
from qtune.doctor.facts import Disk, Facts, Known, Place
from qtune.doctor.probes import quota, volume
from qtune.doctor.probes.longpaths import long_paths
from qtune.doctor.probes.mounts import Mount, mounts, of

_DENIED = (errno.EACCES, errno.EPERM)
_SECONDS = 4.0  # a file system that needs longer for one small file will not carry a model


def probe(
    context: Context,
    seen: Facts,
    table: Callable[[], tuple[Mount, ...]] = mounts,
    asks: volume.Asks = volume.ASKS,
) -> Known[Disk]:
    folders = {"cache": context.root / hub_cache(context.settings)}
    if context.goal.kind == "train":
        wanted = context.goal.output_dir or context.settings.text("QTUNE_OUTPUT_DIR")
        folders["output"] = context.root / Path(wanted).expanduser()
    mounted = table()
    places = _together({name: (path, mounted, asks) for name, path in folders.items()})
    quotas = quota.left(context.environ, context.root) if mounted else ()
    return Known(Disk(places["cache"], places.get("output"), quotas, long_paths()))


def _together(
    folders: Mapping[str, tuple[Path, tuple[Mount, ...], volume.Asks]],
) -> dict[str, Place]:
    """Each in a thread of its own: a network file system whose server is gone holds whoever asks for ever."""
    found: dict[str, Place] = {}

    def look(name: str, path: Path, mounted: tuple[Mount, ...], asks: volume.Asks) -> None:
        found[name] = place(path, mounted, asks)

    threads = [
        threading.Thread(target=look, args=(name, *rest), daemon=True)
        for name, rest in folders.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_SECONDS)
    return {
        name: found.get(name) or _mute(path, table) for name, (path, table, _) in folders.items()
    }


def _mute(path: Path, mounted: tuple[Mount, ...]) -> Place:
    where = of(Path(os.path.normpath(path)), mounted)
    said = f"no answer within {_SECONDS:.0f} s"
    return Place(str(path), 0, False, 0, said, silent=True, volume=volume.named(where))


def place(path: Path, mounted: tuple[Mount, ...] = (), asks: volume.Asks = volume.ASKS) -> Place:
    """`path` need not exist yet: what counts is the nearest folder above it that does."""
    folder = nearest(path)
    try:
        free, device = shutil.disk_usage(folder).free, folder.stat().st_dev
    except (OSError, ValueError) as error:
        return Place(str(path), 0, False, 0, _words(error))
    system = volume.look(folder, mounted)
    if not folder.is_dir():
        said = f"{folder} is a file, not a folder"
        return Place(str(path), free, False, device, said, volume=system)
    refusal = _write(folder)
    if refusal is not None:
        owner = owner_of(folder) if refusal.errno in _DENIED else ""
        return Place(str(path), free, False, device, _words(refusal), owner, volume=system)
    return Place(str(path), free, True, device, volume=volume.tried(system, folder, asks))


def nearest(path: Path) -> Path:
    for folder in (path, *path.parents):
        try:
            folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            return folder
        return folder
    return path


def owner_of(folder: Path) -> str:
    """Who owns `folder`, where that is not the one who asks; "" on Windows."""
    try:
        owner = folder.stat().st_uid
    except OSError:
        return ""
    if os.name == "nt" or owner == os.geteuid():
        return ""
    try:
        return folder.owner()
    except (KeyError, OSError, NotImplementedError):
        return str(owner)


def _write(folder: Path) -> OSError | None:
    """Make a file, rename it and take it away again; None or what the system said."""
    left: list[Path] = []
    try:
        handle, name = tempfile.mkstemp(prefix=".qtune-", dir=folder)
        left = [Path(name)]
        with os.fdopen(handle, "wb") as file:
            file.write(b"qtune\n")
            file.flush()
            os.fsync(file.fileno())
        renamed = Path(f"{name}.renamed")
        left.append(renamed)
        Path(name).replace(renamed)
    except OSError as error:
        return error
    finally:
        for path in left:
            path.unlink(missing_ok=True)
    return None


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
