"""What a file system cannot do: real ones in a private mount, recorded ones where no such disk is at hand."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qtune.doctor.facts import Disk, Facts, Known, Place, Volume
from qtune.doctor.finding import Severity
from qtune.doctor.probes import disk, mounts
from qtune.doctor.probes.longpaths import long_paths
from qtune.doctor.probes.volume import Asks
from qtune.doctor.rules.dsk import dsk603, dsk604, dsk605, dsk607
from tests.commands.conftest import Shell
from tests.doctor.build import healthy
from tests.doctor.examining import Machine, at_loopback, codes, only
from tests.doctor.probes.looking import NOTHING, looking
from tests.doctor.rules.judging import findings
from tests.doctor.rules.judging import only as sole
from tests.doctor.rules.roads import told
from tests.hub import Hub, worlds

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs a private mount")
POSIX = pytest.mark.skipif(os.name == "nt", reason="a shell script stands for a program")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Hub([worlds.qwen3()]) as hub:
        (tmp_path / "disk").mkdir()
        (tmp_path / "project").mkdir()
        at = {"HF_ENDPOINT": hub.hf_url, "MODELSCOPE_ENDPOINT": hub.ms_url}
        yield Shell(tmp_path / "project", {**at, "HF_HOME": str(tmp_path / "disk")})


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    project = tmp_path / "project"
    project.mkdir()
    with at_loopback(project, HF_HUB_CACHE=str(tmp_path / "hub")) as machine:
        yield machine


def mounted(shell: Shell, prepare: str, code: str) -> list[dict[str, Any]]:
    """What the doctor says of `code` where `prepare` has been mounted, for it alone."""
    look = shell.command(
        "doctor", "--for", "download", "--no-speed", "--only", code, "--format", "json"
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"({prepare}) || exit 99; exec {shlex.join(look)}"],
        cwd=shell.folder,
        env=shell.environment({"DISK": str(shell.folder.parent / "disk")}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    if not done.stdout.startswith("{"):
        pytest.skip(f"this machine lets nobody mount that: {done.stderr[-200:]}")
    found = json.loads(done.stdout)["findings"]
    assert isinstance(found, list)
    return found


# --- DSK601, DSK602, DSK603: real mounts --------------------------------------------------------------


@LINUX
@pytest.mark.triggers("DSK601")
@pytest.mark.spares("DSK601")
def test_a_disk_that_takes_no_more_files(shell: Shell) -> None:
    mount = "mount -t tmpfs -o size=1g,nr_inodes={} none $DISK"
    (finding,) = mounted(shell, mount.format(24), "DSK601")
    assert (finding["code"], finding["severity"]) == ("DSK601", "error")
    assert "can hold" in finding["message"] and "more files" in finding["message"]
    assert mounted(shell, mount.format(400), "DSK601") == []


@LINUX
@pytest.mark.triggers("DSK602")
@pytest.mark.spares("DSK602")
def test_a_folder_of_one_model_that_may_not_be_written_to(shell: Shell) -> None:
    blobs = shell.folder.parent / "disk/hub/models--Qwen--Qwen3-4B/blobs"
    blobs.mkdir(parents=True)
    bind = f"mount --bind {blobs} {blobs}"
    (finding,) = mounted(shell, f"{bind} && mount -o remount,bind,ro {blobs}", "DSK602")
    assert (finding["code"], finding["severity"]) == ("DSK602", "error")
    assert str(blobs) in finding["message"]
    assert mounted(shell, bind, "DSK602") == []


@LINUX
@pytest.mark.triggers("DSK603")
@pytest.mark.spares("DSK603")
def test_blobs_on_a_disk_whose_links_cannot_be_followed(shell: Shell) -> None:
    blobs = "$DISK/hub/models--Qwen--Qwen3-4B/blobs"
    fill = f"mkdir -p {blobs} && truncate -s 200000000 {blobs}/aa"
    mount = "mount -t tmpfs -o size=1g{} none $DISK"
    (finding,) = mounted(shell, f"{mount.format(',nosymfollow')} && {fill}", "DSK603")
    assert (finding["code"], finding["severity"]) == ("DSK603", "warning")
    assert "200.0 MB" in finding["message"] or "200 MB" in finding["message"]
    assert mounted(shell, f"{mount.format('')} && {fill}", "DSK603") == []
    assert mounted(shell, mount.format(",nosymfollow"), "DSK603") == []  # nothing is stored twice


def test_what_would_be_stored_twice_and_does_not_fit_is_an_error() -> None:
    facts = healthy()
    model = facts.model
    assert isinstance(model, Known)
    place = Place("/cache", 3 * 10**9, True, 1, volume=Volume(links=False))
    facts = replace(
        facts,
        disk=Known(Disk(place, None)),
        model=Known(replace(model.value, exists=True, blobs=8 * 10**9)),
    )
    assert sole(dsk603.RULE, facts).severity is Severity.ERROR


# --- DSK604 -------------------------------------------------------------------------------------------

# Mounts a file system whose server never answers, and runs the command meanwhile.
SILENT = """
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
handle = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={handle},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"server:/home", os.environ["DISK"].encode(), b"fuse.sshfs", 0, options):
    sys.exit(99)
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


@LINUX
@pytest.mark.slow
@pytest.mark.triggers("DSK604")
def test_a_network_disk_whose_server_does_not_answer(shell: Shell) -> None:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no FUSE on this machine")
    arguments = ("--for", "download", "--offline", "--only", "DSK604", "--format", "json")
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", SILENT, *shell.command("doctor", *arguments)],
        cwd=shell.folder,
        env=shell.environment({"DISK": str(shell.folder.parent / "disk")}),
        capture_output=True,
        text=True,
        timeout=40,
    )
    if not done.stdout.startswith("{"):
        pytest.skip(f"this machine lets nobody mount that: {done.stderr[-200:]}")
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["code"] == "DSK604" and "does not answer" in finding["message"]
    assert "fuse.sshfs" in finding["message"]


def over_network(root: Path, asks: Asks) -> Facts:
    """`root` as if NFS had it, by the line that Linux has for such a mount."""
    table = mounts.of_linux("server:/home / nfs4 rw,relatime,vers=4.2 0 0\n")
    with looking(root, {"HF_HUB_CACHE": str(root / "hub")}, kind="download") as context:
        return healthy(disk=disk.probe(context, NOTHING, lambda: table, asks))


@POSIX
@pytest.mark.triggers("DSK604")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'No locks available' >&2; exit 1", "No locks available"),
        ("exec sleep 9", "no answer"),
    ],
)
def test_a_network_disk_on_which_nothing_can_be_locked(
    tmp_path: Path, script: str, said: str
) -> None:
    shim = tmp_path / "python"
    shim.write_text(f"#!/bin/sh\n{script}\n")
    shim.chmod(0o755)
    finding = sole(dsk604.RULE, over_network(tmp_path, Asks(python=str(shim), seconds=0.3)))
    assert finding.severity is Severity.WARNING
    assert "nfs4, server:/home" in finding.message.en and said in told(finding)


@POSIX
@pytest.mark.spares("DSK604")
def test_a_network_disk_that_locks_is_fine(tmp_path: Path) -> None:
    facts = over_network(tmp_path, Asks())
    assert isinstance(facts.disk, Known)
    assert facts.disk.value.cache.volume.locks == "work"
    assert findings(dsk604.RULE, facts) == []
    assert list(tmp_path.iterdir()) == []


# --- DSK605: recorded answers -------------------------------------------------------------------------


def on(root: Path, row: str) -> Facts:
    table = mounts.of_linux(row)
    with looking(root, {"HF_HUB_CACHE": str(root / "hub")}, kind="download") as context:
        return healthy(disk=disk.probe(context, NOTHING, lambda: table))


def of_weight(facts: Facts, size: int) -> Facts:
    rows = {
        name: Known(replace(row.value, weight_bytes=size))
        for name, row in facts.listing.items()
        if isinstance(row, Known)
    }
    return replace(facts, listing=rows)


@POSIX
@pytest.mark.triggers("DSK605")
@pytest.mark.spares("DSK605")
def test_a_file_of_four_gigabytes_on_a_stick_with_fat(tmp_path: Path) -> None:
    stick = on(tmp_path, "/dev/sdb1 / vfat rw,nosuid,nodev,relatime,fmask=0022,utf8 0 0\n")
    finding = sole(dsk605.RULE, of_weight(stick, 1 << 32))
    assert finding.severity is Severity.ERROR and "FAT32" in finding.message.en
    assert findings(dsk605.RULE, of_weight(stick, (1 << 32) - 1)) == []
    exfat = on(tmp_path, "/dev/sdb1 / exfat rw,relatime 0 0\n")
    assert findings(dsk605.RULE, of_weight(exfat, 1 << 33)) == []


class Registry(SimpleNamespace):
    """winreg, as far as it is asked, with the one value; None: the key is not there."""

    HKEY_LOCAL_MACHINE = 0

    def OpenKey(self, root: int, path: str) -> Any:
        assert path.endswith("FileSystem")
        if self.value is None:
            raise FileNotFoundError
        return open(os.devnull, "rb")  # noqa: PTH123 (something to enter and leave)

    def QueryValueEx(self, key: object, name: str) -> tuple[int, int]:
        assert name == "LongPathsEnabled"
        return self.value, 4


def test_what_windows_says_of_long_paths() -> None:
    asked = {value: long_paths("win32", Registry(value=value)) for value in (None, 0, 1)}
    assert asked == {None: False, 0: False, 1: True}
    assert long_paths("linux", Registry(value=0)) is None


@pytest.mark.triggers("DSK605")
@pytest.mark.spares("DSK605")
def test_a_path_that_windows_does_not_take() -> None:
    def at(path: str, value: int) -> Facts:
        place = Place(path, 500 << 30, True, 1)
        may = long_paths("win32", Registry(value=value))
        return healthy(disk=Known(Disk(place, None, (), may)))

    deep = "C:\\Users\\" + "a" * 150 + "\\hub"
    finding = sole(dsk605.RULE, at(deep, 0))
    assert "259" in finding.message.en and "LongPathsEnabled" in (finding.fix or 0).command  # type: ignore[union-attr]
    assert findings(dsk605.RULE, at(deep, 1)) == []
    assert findings(dsk605.RULE, at("C:\\hf\\hub", 0)) == []


# --- DSK607 -------------------------------------------------------------------------------------------

QUOTA = """\
Disk quotas for user alice (uid 1000):
     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace
{source} {used} 500 {limit} 0 1234 0 0 0
"""


def quota(machine: Machine, used: str, limit: int, **changes: str) -> str:
    """A folder for PATH with a `quota` that answers as Linux's does."""
    where = mounts.of(machine.project.resolve(), mounts.mounts())
    assert where is not None
    tools = machine.project.parent / f"tools-{used}-{limit}"
    tools.mkdir()
    answer = QUOTA.format(source=changes.get("source", where.source), used=used, limit=limit)
    (tools / "quota").write_text(f"#!/bin/sh\ncat <<'END'\n{answer}END\nexit 1\n")
    (tools / "quota").chmod(0o755)
    return f"{tools}{os.pathsep}{os.environ['PATH']}"


@LINUX
@pytest.mark.triggers("DSK607")
@pytest.mark.spares("DSK607")
def test_a_quota_that_leaves_less_than_the_model_needs(machine: Machine) -> None:
    report = machine.examine(only=("DSK607",), PATH=quota(machine, "600*", 650))
    finding = only(report, "DSK607")
    assert finding.severity is Severity.ERROR and "51.2 kB" in finding.message.en
    assert codes(machine.examine(only=("DSK607",), PATH=quota(machine, "600*", 900_000))) == []
    assert codes(machine.examine(only=("DSK607",), PATH=quota(machine, "600", 0))) == []  # none
    elsewhere = quota(machine, "601", 650, source="other:/home")
    assert codes(machine.examine(only=("DSK607",), PATH=elsewhere)) == []


@LINUX
@pytest.mark.triggers("DSK607")
@pytest.mark.spares("DSK607")
def test_a_cache_in_memory_that_the_model_would_fill(tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK):
        pytest.skip("no /dev/shm")
    cache = shared / f"qtune-{os.getpid()}"
    try:
        with looking(tmp_path, {"HF_HUB_CACHE": str(cache)}, kind="download") as context:
            facts = healthy(disk=disk.probe(context, NOTHING))
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    assert isinstance(facts.disk, Known) and isinstance(facts.resources, Known)
    if facts.disk.value.cache.free < 8 * 10**9:
        pytest.skip("too small: DSK600's business")
    assert facts.disk.value.cache.volume.kind == "tmpfs"
    assert findings(dsk607.RULE, facts) == []  # 128 GiB of RAM
    small = replace(facts, resources=Known(replace(facts.resources.value, memory_limit=6 << 30)))
    assert sole(dsk607.RULE, small).severity is Severity.WARNING
