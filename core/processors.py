"""How many processor cores this process may use, which is not as many as the machine has."""

from __future__ import annotations

import os
from pathlib import Path

from qtune.core.cgroups import cpu_limit, read


def cores(root: Path = Path("/")) -> int:
    """Those it is bound to, up to the container's limit.

    Two hyper-threads of a core share the units that multiply: a second thread there only waits. Each
    counts as a core where the system does not say.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cpus = set(affinity(0)) if affinity else set(range(os.cpu_count() or 1))
    folder = root / "sys/devices/system/cpu"
    found = len({read(folder / f"cpu{n}/topology/core_cpus_list") or str(n) for n in cpus})
    return max(min(found, cpu_limit(root) or found), 1)
