"""What git has taken is known from its index alone, as git itself would say."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from qtune.doctor.documents.env.gitindex import holds, tracked

git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

NAMES = [".env", "a/.env", "a.env", "x.env/y", "data/训练/.env", "z" * 200, "a/b/c/d/.env.local", "b.env"]  # fmt: skip


def run(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def repository(folder: Path, *options: str) -> Path:
    folder.mkdir(exist_ok=True)
    run(folder, "init", "-q", *options)
    return folder


def write(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {name}\n")
    return path


@git
@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_same_as_git_says(tmp_path: Path, options: tuple[str, ...], version: str) -> None:
    folder = repository(tmp_path / "r", *options)
    chance = random.Random(version)
    names = [*NAMES, *(f"d{n % 7}/f{n}.env" for n in range(60))]
    for name in names:
        write(folder, name)
        if chance.random() < 0.5:
            run(folder, "add", "--", name)
    if version == "3":
        write(folder, "later")
        run(folder, "add", "--intent-to-add", "later")
    run(folder, "update-index", "--index-version", version)
    told = set(run(folder, "ls-files", "-z").split("\0"))
    for name in [*names, "env", ".en", "a", "nothing"]:
        assert tracked(folder / name) is (name in told), name


@git
def test_it_is_asked_again_when_the_index_has_changed(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    path = write(folder, ".env")
    assert not tracked(path)
    run(folder, "add", ".env")
    assert tracked(path)
    run(folder, "rm", "-q", "--cached", ".env")
    assert not tracked(path)


@git
def test_in_a_worktree_of_its_own(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    write(folder, ".env")
    run(folder, "add", ".env")
    run(folder, "commit", "-q", "-m", "x")
    run(folder, "worktree", "add", "-q", str(tmp_path / "w"))
    assert tracked(tmp_path / "w" / ".env")
    assert not tracked(write(tmp_path / "w", "other.env"))


def test_no_repository(tmp_path: Path) -> None:
    assert not tracked(tmp_path / ".env")
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert not tracked(tmp_path / ".env")
    (tmp_path / ".git").unlink()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\1 .env\0")
    assert not tracked(tmp_path / ".env")


def test_an_index_of_any_bytes_never_raises(tmp_path: Path) -> None:
    chance = random.Random(5)
    (tmp_path / ".git").mkdir()
    index = tmp_path / ".git" / "index"
    for version in (2, 3, 4, 9):
        for size in (0, 4, 12, 80, 400):
            body = bytes(chance.randrange(256) for _ in range(size)) + b".env\0"
            index.write_bytes(b"DIRC" + bytes([0, 0, 0, version, 0, 0, 9, 9]) + body)
            assert tracked(tmp_path / ".env") in (True, False)
    assert not holds(b"DIRC\0\0\0\2\0\0\0\1" + b"\0" * 80 + b"sub/.env\0", b".env")
