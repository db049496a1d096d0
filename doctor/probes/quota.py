"""What a quota leaves to the user, as the system's own `quota` tells it; free space knows nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qtune.doctor.facts import Quota
from qtune.doctor.probes.program import find, run

_SECONDS = 2.0
_BLOCK = 1024  # what `quota` counts in
_COLUMNS = 9  # file system; blocks, quota, limit, grace; files, quota, limit, grace


def left(environ: Mapping[str, str], root: Path) -> tuple[Quota, ...]:
    """() where there is no such program, no quota, or a server that does not answer."""
    program = find("quota", environ, root)
    if program is None:
        return ()
    # -w: one line each, however long the name; -p: a number for the grace time, so that no column is empty.
    return read(run([program, "-w", "-p"], {**environ, "LC_ALL": "C"}, _SECONDS).out)


def read(out: str) -> tuple[Quota, ...]:
    rows = (line.split() for line in out.splitlines())
    return tuple(
        quota
        for row in rows
        if len(row) == _COLUMNS and (quota := _quota(row[0], row[1:])) is not None
    )


def _quota(source: str, cells: list[str]) -> Quota | None:
    """A `*` behind a number says that it is over its limit. A limit of 0 is none."""
    try:
        blocks, _, block_limit, _, files, _, file_limit, _ = (
            int(cell.rstrip("*")) for cell in cells
        )
    except ValueError:
        return None
    return Quota(
        source,
        max(0, block_limit - blocks) * _BLOCK if block_limit else None,
        max(0, file_limit - files) if file_limit else None,
    )
