"""Free memory that the machine really has, so that no client pays for being the first to touch it.

A virtual machine may give free memory back to its host after two seconds (virtio-balloon's free page reporting).
Whoever is handed such a page waits for the host: 256 MB written to the page cache took 0.7 s in place of 0.05 s
where the bench was written, and the time counts as the client's CPU. A file that is written 1 MiB at a time lies in
large folios, which are cut from other blocks than single pages: both kinds are touched. While only single pages
were, whoever writes in large steps took 1.9 s more of CPU in one profile and none in the next.
"""

from __future__ import annotations

import contextlib
import mmap
from pathlib import Path

ROUNDS = 3  # of the files: some goes back while a client runs, and pages are taken from anywhere
POPULATE_WRITE = 23  # MADV_POPULATE_WRITE, since Linux 5.14; Python does not name it
HUGE = getattr(mmap, "MADV_HUGEPAGE", None)  # Linux; elsewhere nothing is touched


def touch(size: int) -> None:
    """Takes memory for files of `size` bytes, and for the pages behind their sockets, and lets it go again."""
    amount = min(ROUNDS * size, _available() // 2)
    if HUGE is None or amount <= 0:
        return
    for advice in (HUGE, None):
        taken = mmap.mmap(-1, amount, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with taken, contextlib.suppress(OSError):  # an older kernel
            if advice is not None:
                taken.madvise(advice)
            taken.madvise(POPULATE_WRITE)


def _available() -> int:
    """Bytes; 0 where nobody says."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return 0
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) * 1024 if sizes else 0
