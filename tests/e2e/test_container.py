"""Inside a root of its own: an overlay as docker makes it, 64 MiB of /dev/shm, `/.dockerenv`; nothing is said of it.

Only root may make one; the limits of control groups are played in tests/doctor/test_container.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.road import Done, Road
from tests.e2e.test_healthy import HF_ONLY, MS_ONLY, well
from tests.hub import worlds

pytestmark = pytest.mark.e2e

# $1: an empty folder; $2: the size of /dev/shm; $3: where to go; then the command. Gone with the last process.
ENTER = r"""
set -e
base=$1 shm=$2 folder=$3; shift 3
mount -t tmpfs none "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
for each in proc sys dev; do mount --rbind "/$each" "$base/root/$each"; done
mount -t tmpfs -o "size=$shm" shm "$base/root/dev/shm"
touch "$base/root/.dockerenv"
exec chroot "$base/root" sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""


def inside(way: Road, *command: str, shm: str = "64m", **environ: str) -> Done:
    base = way.project.parent / "container"
    base.mkdir(exist_ok=True)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(base), shm, str(way.project), *command],
        env=way.environment(environ),
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def docker(way: Road) -> Road:
    if shutil.which("unshare") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("a mount namespace wants unshare and root")
    tried = inside(way, str(way.python), "-c", "print(open('/.dockerenv').read() == '')")
    if tried.stdout != "True\n":
        pytest.skip(f"no overlay over the root here: {tried.stderr.strip()}")
    return way


def doctor(way: Road, *arguments: str, shm: str = "64m", **environ: str) -> Done:
    words = (str(way.python), "-m", "qtune", "doctor", "--format", "json", *arguments)
    return inside(way, *words, shm=shm, **environ)


@pytest.mark.parametrize("lines", [HF_ONLY, MS_ONLY], ids=["huggingface", "modelscope"])
def test_a_container_is_healthy_for_a_download(docker: Road, lines: tuple[str, ...]) -> None:
    docker.env(*lines)
    done = doctor(docker, "--for", "download", "-vv")
    well(done)
    place = done.report["facts"]["disk"]["known"]["cache"]
    assert place["volume"]["kind"] == "overlay"


def test_so_it_is_for_a_training_on_the_cpu(docker: Road) -> None:
    docker.env(*MS_ONLY, "QTUNE_DEVICE=cpu")
    docker.config(worlds.QWEN)
    done = doctor(docker, "sft.yaml", "--no-speed", "--skip", "PKG")
    assert (done.codes, done.code) == ([], 0), done.report["findings"]
    accelerator = done.report["facts"]["accelerator"]["known"]
    assert accelerator["around"]["container"] == "docker"


def test_a_cache_on_a_shm_that_is_too_small_is_told(docker: Road) -> None:
    docker.env(*MS_ONLY)
    small = doctor(docker, "--for", "download", "--no-speed", shm="64k", HF_HOME="/dev/shm/hf")
    assert (small.codes, small.code) == (["DSK600"], 1)
    well(doctor(docker, "--for", "download", "--no-speed", HF_HOME="/dev/shm/hf"))


def test_what_happens_in_it_stays_in_it(docker: Road) -> None:
    """Else the tests would write to the machine's own root."""
    inside(docker, "sh", "-c", "touch /qtune-was-here here")
    assert not Path("/qtune-was-here").exists()
    assert not (docker.project / "here").exists()
