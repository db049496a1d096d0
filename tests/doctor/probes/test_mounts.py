"""Lists of mounts as systems print them, and the mount that a folder is on."""

from __future__ import annotations

from pathlib import Path

from qtune.doctor.probes.mounts import Mount, mounts, of, of_bsd, of_linux

LINUX = """\
/dev/vda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
nas:/export/my\\040home /home/me nfs4 rw,vers=4.2 0 0
cut off
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk4s1 on /Volumes/MY STICK (msdos, local, nodev, nosuid, noowners, noatime, fskit)
//me@nas/share on /Volumes/share (smbfs, nodev, nosuid, mounted by me)
nonsense
"""


def test_what_linux_lists() -> None:
    found = of_linux(LINUX)
    assert found[2] == Mount("nas:/export/my home", "/home/me", "nfs4")
    assert [mount.kind for mount in found] == ["ext4", "tmpfs", "nfs4"]
    for path, kind in {"/home/me/x": "nfs4", "/home/meow": "ext4", "/tmp": "tmpfs"}.items():
        where = of(Path(path), found)
        assert where is not None and where.kind == kind


def test_the_last_of_two_mounts_at_one_place_counts() -> None:
    found = of_linux("a /x ext4 rw 0 0\nb /x xfs rw 0 0\n")
    where = of(Path("/x/y"), found)
    assert where is not None and where.source == "b"
    assert of(Path("/y"), found) is None


def test_what_macos_lists() -> None:
    found = of_bsd(MAC)
    assert [mount.kind for mount in found] == ["apfs", "msdos", "smbfs"]
    where = of(Path("/Volumes/MY STICK/hub"), found)
    assert where is not None and where.kind == "msdos"


def test_no_list_is_no_mount(tmp_path: Path) -> None:
    assert mounts(tmp_path) == ()
