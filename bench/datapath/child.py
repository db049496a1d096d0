"""One client fetches the file once: `python -m bench.datapath.child CLIENT URL SIZE CONNECTIONS FILE [CA]`.

Prints wall and CPU seconds and the peak of memory in MB; the import of the client is not counted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from bench.datapath.clients import CLIENTS, Job


def main() -> None:
    name, url, size, connections, file, *ca = sys.argv[1:]
    descriptor = os.open(file, os.O_RDWR)
    job = Job(url, int(size), descriptor, Path(ca[0]) if ca else None, int(connections))
    work = CLIENTS[name][1](job)
    failures: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=watched) for _ in range(job.connections)]
    began, worked = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - began, time.process_time() - worked
    os.close(descriptor)
    if failures:
        sys.exit(1)
    print(wall, cpu, _peak())


def _peak() -> float:
    """VmHWM, not ru_maxrss: the latter begins with what the parent had when it forked."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000
    return float("nan")


if __name__ == "__main__":
    main()
