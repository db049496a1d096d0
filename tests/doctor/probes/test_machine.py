"""Packages, disk and `.env`, looked at on a real file system with a real git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.core.origin import DEFAULT
from qtune.doctor.facts import EnvFile
from qtune.doctor.probes import disk, envfile, packages
from tests.doctor.probes.looking import NOTHING, looking
from tests.hub import worlds

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
SECRET = "canary-0123456789-abcdefgh"


# --- packages ------------------------------------------------------------------------------------


def test_versions_come_from_metadata_and_nothing_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from qtune.doctor.probes.packages import version, NAMES\n"
        "print([version(name) for name in NAMES])\n"
        "print(sorted({'torch', 'transformers', 'huggingface_hub', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_installed_and_missing_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "trl-9.8.7": "Name: trl\nVersion: 9.8.7\n",
        "peft-0": "Name: peft\n",
    }.items():
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\n{text}")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert packages.version("trl") == "9.8.7"
    assert packages.version("peft") == ""  # its metadata has lost the version
    assert packages.version("torch") == ""


def test_the_packages_that_matter_are_all_told(tmp_path: Path) -> None:
    with looking(tmp_path) as context:
        fact = packages.probe(context, NOTHING).value
    assert fact.python == ".".join(str(number) for number in sys.version_info[:3])
    assert set(fact.versions) == set(packages.NAMES)
    assert fact.versions["httpx"]


# --- disk ----------------------------------------------------------------------------------------


def test_a_place_that_does_not_exist_yet_is_judged_by_the_folder_above(tmp_path: Path) -> None:
    found = disk.place(tmp_path / "a/b/c")
    assert found.path == str(tmp_path / "a/b/c")
    assert found.writable and not found.error
    assert found.device == tmp_path.stat().st_dev
    assert abs(found.free - shutil.disk_usage(tmp_path).free) < 1 << 30
    assert list(tmp_path.iterdir()) == []


def test_the_cache_and_for_training_the_output(tmp_path: Path) -> None:
    environ = {"HF_HUB_CACHE": str(tmp_path / "cache"), "QTUNE_OUTPUT_DIR": "results"}
    with looking(tmp_path, environ) as context:
        fact = disk.probe(context, NOTHING).value
        assert fact.cache.path == str(tmp_path / "cache")
        assert fact.output is not None
        assert fact.output.path == str(tmp_path / "results")
    with looking(tmp_path, environ, output_dir="elsewhere/run") as context:
        fact = disk.probe(context, NOTHING).value
        assert fact.output is not None
        assert fact.output.path == str(tmp_path / "elsewhere/run")
    with looking(tmp_path, environ, kind="download") as context:
        assert disk.probe(context, NOTHING).value.output is None
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        found = disk.place(Path("/proc/qtune"))  # root may write anywhere but here
    else:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        found = disk.place(closed / "cache")
    assert not found.writable
    assert found.error


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    found = disk.place(tmp_path / "cache/hub")
    assert not found.writable
    assert "is a file" in found.error


@POSIX
@pytest.mark.parametrize("name", ["a\0b", "n" * 5000])
def test_a_path_that_no_system_takes(tmp_path: Path, name: str) -> None:
    found = disk.place(tmp_path / name)
    assert not found.writable
    assert found.error


# --- .env ----------------------------------------------------------------------------------------


def env(root: Path, text: str = "", **environ: str) -> EnvFile:
    if text:
        (root / ".env").write_text(text, encoding="utf-8")
    with looking(root, environ) as context:
        return envfile.probe(context, NOTHING).value


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)


def test_no_file_is_a_fact_too(tmp_path: Path) -> None:
    found = env(tmp_path)
    assert not found.exists
    assert found.path == str(tmp_path / ".env")
    assert (found.mode, found.entries, found.git) == (None, (), "no_repository")


def test_lines_are_told_with_their_places_and_without_their_secrets(tmp_path: Path) -> None:
    token = worlds.GOOD
    found = env(
        tmp_path,
        "# mine\n"
        f'HF_TOKEN="{token}"\n'
        "HF_ENDPOINT=https://hf.example\n"
        f"HTTPS_PROXY=http://me:{SECRET}@proxy.example:3128\n"
        "HTTP_PROXY=http://proxy.example:3128\n"
        f"OPENAI_API_KEY={SECRET}\n"
        "SOMETHING=else\n"
        f"HF_TOKKEN={token}\n"
        "MODELSCOPE_API_TOKEN=\n"
        "HF_HOME=${NOWHERE}/hf\n"
        "HF_TOKEN_PATH=/home/me/token\n"
        "not an entry\n",
    )
    shown = {entry.key: entry.shown for entry in found.entries}
    assert shown == {
        "HF_TOKEN": "hf_…aaaa",
        "HF_ENDPOINT": "https://hf.example",
        "HTTPS_PROXY": "http://…@proxy.example:3128",
        "HTTP_PROXY": "http://proxy.example:3128",
        "OPENAI_API_KEY": "",
        "SOMETHING": "",
        "HF_TOKKEN": "",
        "MODELSCOPE_API_TOKEN": "",
        "HF_HOME": "${NOWHERE}/hf",
        "HF_TOKEN_PATH": shown["HF_TOKEN_PATH"],
    }
    secret = {entry.key for entry in found.entries if entry.looks_secret}
    assert secret == {"HF_TOKEN", "HTTPS_PROXY", "OPENAI_API_KEY", "HF_TOKKEN"}
    first = found.entries[0]
    assert (first.line, first.column, first.value_column, first.end_column) == (2, 1, 10, 49)
    assert first.quote == '"'
    home = found.last("HF_HOME")
    assert home is not None
    assert home.unexpanded == ("NOWHERE",)
    empty = found.last("MODELSCOPE_API_TOKEN")
    assert empty is not None
    assert empty.empty
    assert [(line.line, line.reason) for line in found.unparsed] == [(12, "no_equals")]
    assert token not in repr(found) and SECRET not in repr(found)
    assert DEFAULT.name == ""  # the origin that a shown value is given is nobody's


def test_a_file_in_utf_16_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("HF_TOKEN=x\r\n".encode("utf-16"))
    assert env(tmp_path).encoding == "utf-16-le"


@POSIX
def test_who_may_read_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    for mode in (0o600, 0o644):
        (tmp_path / ".env").chmod(mode)
        assert env(tmp_path).mode == mode


def test_what_git_makes_of_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    assert env(tmp_path).git == "no_repository"
    git(tmp_path, "init", "-q")
    assert env(tmp_path).git == "untracked"
    (tmp_path / ".gitignore").write_text(".env\n")
    assert env(tmp_path).git == "ignored"
    git(tmp_path, "add", "-f", ".env")
    assert env(tmp_path).git == "tracked"
    inside = tmp_path / "sub"
    inside.mkdir()
    (inside / ".env").write_text("A=1\n")
    assert env(inside).git == "ignored"


def test_variables_of_git_do_not_make_it_speak_of_another_repository(tmp_path: Path) -> None:
    other, mine = tmp_path / "other", tmp_path / "mine"
    for folder in (other, mine):
        folder.mkdir()
        git(folder, "init", "-q")
    (mine / ".env").write_text("A=1\n")
    (mine / ".gitignore").write_text(".env\n")
    elsewhere = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
    assert env(mine, **elsewhere).git == "ignored"


@POSIX
def test_a_git_that_is_missing_broken_or_slow_is_unknown(tmp_path: Path) -> None:
    project, tools = tmp_path / "project", tmp_path / "tools"
    project.mkdir()
    tools.mkdir()
    git(project, "init", "-q")
    assert env(project, "A=1\n", PATH=str(tools)).git == "unknown"
    fake = tools / "git"
    for script in ("exit 128", "exec sleep 9", "kill -9 $$"):
        fake.write_text(f"#!/bin/sh\n{script}\n")
        fake.chmod(0o755)
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        assert env(project, "A=1\n", PATH=path).git == "unknown"


@POSIX
def test_a_git_that_lies_in_the_project_is_not_run(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    fake = tmp_path / "git"
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    fake.chmod(0o755)
    assert env(tmp_path, "A=1\n", PATH=str(tmp_path)).git == "unknown"
    assert not (tmp_path / "was-run").exists()
