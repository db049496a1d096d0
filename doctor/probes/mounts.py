"""Which file systems are mounted where, as the system lists them; asking it touches none of them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from qtune.doctor.probes.program import run

_BSD = re.compile(r"(?P<source>.+?) on (?P<at>/.*) \((?P<kind>[^,)]+)")
_SECONDS = 1.0


@dataclass(frozen=True)
class Mount:
    source: str
    at: str
    kind: str


def mounts(root: Path = Path("/")) -> tuple[Mount, ...]:
    """() where the system does not say: Windows, or a /proc that is not mounted."""
    if sys.platform == "darwin":
        return of_bsd(run(["/sbin/mount"], {}, _SECONDS).out)
    try:
        text = (root / "proc/self/mounts").read_text("utf-8", "surrogateescape")
    except OSError:
        return ()
    return of_linux(text)


def of_linux(text: str) -> tuple[Mount, ...]:
    rows = [line.split(" ") for line in text.splitlines()]
    return tuple(Mount(_plain(row[0]), _plain(row[1]), row[2]) for row in rows if len(row) > 2)


def of_bsd(text: str) -> tuple[Mount, ...]:
    """macOS prints `/dev/disk4s1 on /Volumes/STICK (msdos, local, nodev)`."""
    found = (_BSD.match(line) for line in text.splitlines())
    return tuple(Mount(m["source"], m["at"], m["kind"]) for m in found if m)


def of(path: Path, mounted: tuple[Mount, ...]) -> Mount | None:
    """The mount that `path`, taken as it is written, lies on; of several at one place the last counts."""
    best: Mount | None = None
    for mount in mounted:
        at = PurePath(mount.at)
        deeper = best is None or len(at.parts) >= len(PurePath(best.at).parts)
        if deeper and path.is_relative_to(at):
            best = mount
    return best


def _plain(field: str) -> str:
    """Spaces and the like are written in octal: `\\040`."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
