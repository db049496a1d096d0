"""Models of 45 GB, files above 4 GiB and above 5 GB: planned, fetched in part, right at every offset, in little memory.

No such content exists: the local hub computes it by offset, and on the disk the parts not fetched are holes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.download.downloading import CHILD, ROOT, at, finished, repo_folder
from tests.core.download.segments import HF_ALONE, MIB, journal, partials, sent
from tests.hub import Fault, Hub, Repo, Sparse, worlds

GB, GIB = 10**9, 1 << 30
MOST_MEMORY = 150 * 10**6  # bytes, at any size
BORDERS = (2 * GIB, 4 * GIB, 5 * GB)  # where 31 and 32 bits end, and what S3 takes in one piece

# 45 GB in all; its first file lies across every border.
SHARDS = {f"model-{n}.safetensors": Sparse(6 * GB + n, seed=n) for n in range(7)}
MODEL = Repo(
    worlds.QWEN, {"config.json": b"{}\n"}, sparse={**SHARDS, "last.safetensors": Sparse(3 * GB)}
)

# `head -c 5368709121 /dev/zero | sha256sum`: 5 GiB and one byte, all zero.
ZEROS = Sparse(
    5 * GIB + 1, sha256="edcddf01fc829bf06be2b5393a9793cdd43598a0fd483c57f41a9b58183f6e33"
)

# A disk with room for everything, whatever there is, on which nothing is reserved; at the end, the most
# memory ever used.
MEASURED = f"""
import atexit, os, shutil
def peak():  # ru_maxrss begins with what the parent had
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    print("PEAK", line.split()[1], flush=True)
import qtune.core.download.engine.part as part
part.preallocate = os.ftruncate
shutil.disk_usage = lambda path: shutil._ntuple_diskusage(10**14, 0, 10**14)
atexit.register(peak)
{CHILD}
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="counts on holes in files and /proc"
)


def _child(hub: Hub, home: Path, repo: Repo, **changes: str) -> subprocess.Popen[str]:
    environ = {value.setting.key: value.text for value in at(hub, home, **changes) if value.text}
    return subprocess.Popen(
        [sys.executable, "-c", MEASURED, json.dumps({"repo": repo.id, "environ": environ})],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def _peak(output: str) -> int:
    """Bytes; the system counts KiB."""
    return int(output.rpartition("PEAK ")[2].split()[0]) * 1024


def _wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _pretend(home: Path, repo: Repo, path: str, missing: list[tuple[int, int]]) -> Path:
    """As if all but these stretches had come in an earlier run: the journal says so, the bytes are holes."""
    file = repo.entries[path]
    part = partials(home, repo) / f"{file.etag}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as stream:
        stream.truncate(file.size)
    lines, at_ = [json.dumps({"path": path, "size": file.size, "sha256": file.sha256})], 0
    for start, end in [*missing, (file.size, file.size)]:
        if start > at_:
            lines.append(f"{at_} {start} huggingface")
        at_ = end
    part.with_suffix(".done").write_text("\n".join(lines) + "\n")
    return part


def _taken(path: Path) -> int:
    """Bytes on the disk, without the holes."""
    return path.stat().st_blocks * 512


def test_45_gigabytes_are_planned_and_fetched_in_part_in_little_memory(tmp_path: Path) -> None:
    with Hub([MODEL]) as hub:
        assert MODEL.size > 45 * GB
        process = _child(hub, tmp_path, MODEL, **HF_ALONE)
        _wait_until(lambda: sent(hub, "cdn") > 256 * MIB, process)
        process.send_signal(signal.SIGINT)
        output = finished(process)
        assert "KeyboardInterrupt" in output
        assert _peak(output) <= MOST_MEMORY
        kept = 0
        for part in partials(tmp_path, MODEL).glob("*.part"):
            (content,) = (c for c in MODEL.sparse.values() if c.sha256 == part.stem)
            assert part.stat().st_size == content.size
            stretches = journal(part)
            kept += sum(end - start for start, end, _ in stretches)
            assert _taken(part) <= sum(end - start for start, end, _ in stretches) + 64 * MIB
            _assert_right(part, content)
        assert kept > 128 * MIB


def test_bytes_behind_every_border_land_where_they_belong(tmp_path: Path) -> None:
    path, content = next(iter(SHARDS.items()))
    repo = Repo(worlds.QWEN, {}, sparse={path: content})
    around = [(border - MIB, border + 2 * MIB) for border in BORDERS]
    missing = [*around, (content.size - MIB, content.size)]
    part = _pretend(tmp_path, repo, path, missing)
    with Hub([repo]) as hub:
        # The last byte never comes, so the file stays as it is, to be looked into.
        hub.fault(Fault("slow", "cdn", "*", "GET", bytes_per_second=4 * MIB))
        process = _child(hub, tmp_path, repo, **HF_ALONE, QTUNE_CONNECTIONS="1")

        def there() -> bool:
            return sum(end - start for start, end, _ in _fetched(part, missing)) > 9 * MIB

        _wait_until(there, process)
        process.kill()
        finished(process)
    stretches = _fetched(part, missing)
    assert {border for border in BORDERS for a, b, _ in stretches if a <= border < b} == {*BORDERS}
    with part.open("rb") as stream:
        for start, end, _ in stretches:
            stream.seek(start)
            assert stream.read(end - start) == content.read(start, end), f"at {start}"


def _fetched(part: Path, missing: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """What has come of the missing stretches, cut to them."""
    return [
        (max(start, first), min(end, last), source)
        for start, end, source in journal(part)
        for first, last in missing
        if max(start, first) < min(end, last)
    ]


@pytest.mark.slow
def test_a_file_above_5_gigabytes_is_verified_whole_and_published(tmp_path: Path) -> None:
    """All but its ends lies here already, as holes, which are the zeros that they should be."""
    repo = Repo(worlds.QWEN, {"config.json": b"{}\n"}, sparse={"zeros.safetensors": ZEROS})
    missing = [(0, MIB), (4 * GIB - MIB, 4 * GIB + MIB), (ZEROS.size - MIB, ZEROS.size)]
    _pretend(tmp_path, repo, "zeros.safetensors", missing)
    with Hub([repo]) as hub:
        output = finished(_child(hub, tmp_path, repo, **HF_ALONE))
        assert "DONE" in output, output
        assert _peak(output) <= MOST_MEMORY
        assert sent(hub, "cdn") == sum(end - start for start, end in missing)
    blob = repo_folder(tmp_path, repo.id) / "blobs" / ZEROS.sha256
    assert blob.stat().st_size == ZEROS.size


def _assert_right(part: Path, content: Sparse) -> None:
    with part.open("rb") as stream:
        for start, end, _ in journal(part):
            for at_ in range(start, end, 8 * MIB):
                stream.seek(at_)
                stop = min(end, at_ + 8 * MIB)
                assert stream.read(stop - at_) == content.read(at_, stop), f"at {at_}"
