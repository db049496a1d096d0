"""Programs of the system are run for a bounded time, and none outlives qtune."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qtune.doctor.probes import program

SLEEP = "import time; print('up', flush=True); time.sleep(60)"


def test_output_is_text_whatever_the_bytes() -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff ok'); sys.stderr.write('why'); sys.exit(3)"
    done = program.run([sys.executable, "-c", code], os.environ, 30)
    assert (done.status, done.out, done.err) == (3, "\ufffd ok", "why")


def test_one_that_takes_too_long_is_killed() -> None:
    began = time.monotonic()
    done = program.run([sys.executable, "-c", SLEEP], os.environ, 0.5)
    assert done.status is None
    assert "TimeoutExpired" in done.err
    assert time.monotonic() - began < 20


def test_one_that_is_not_there_is_an_outcome() -> None:
    assert program.run(["/no/such/program"], os.environ, 5).status is None


@pytest.mark.skipif(os.name == "nt", reason="os.kill(pid, 0) ends a process there")
def test_none_outlives_the_process_that_waits_for_it(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    child = f"import os, time; open({str(said)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    parent = (
        "import os, sys, threading, time\n"
        "from pathlib import Path\n"
        "from qtune.doctor.probes import program\n"
        f"argv = [sys.executable, '-c', {child!r}]\n"
        "threading.Thread(target=program.run, args=(argv, os.environ, 60), daemon=True).start()\n"
        f"while not (Path({str(said)!r}).exists() and Path({str(said)!r}).read_text()):\n"
        "    time.sleep(0.05)\n"
        "raise KeyboardInterrupt\n"
    )
    subprocess.run([sys.executable, "-c", parent], capture_output=True, timeout=60)
    assert _gone(int(said.read_text()))


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True  # dead, and nobody has asked for its exit code yet
        time.sleep(0.1)
    return False
