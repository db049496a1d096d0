"""`qtune cache`: what is there, whether it is right, and room made, as a person and a program see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from qtune.commands import cachelist
from qtune.core.cachestore.contents import Folder, Shelf
from tests.commands.conftest import QWEN, Shell
from tests.commands.terminal import begin, rest
from tests.core.download.locking import locking
from tests.hub import worlds


@pytest.fixture
def snapshot(online: Shell) -> Path:
    done = online.qtune("download", QWEN, "-q")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def weights(snapshot: Path) -> Path:
    return (snapshot / "model-00001-of-00002.safetensors").resolve()


def harm(blob: Path) -> None:
    content = bytearray(blob.read_bytes())
    content[100] ^= 1
    blob.write_bytes(content)


def test_the_list_fits_80_columns_in_both_languages(online: Shell, snapshot: Path) -> None:
    part = snapshot.parents[1] / ".qtune" / "partial" / ("a" * 64 + ".part")
    part.write_bytes(b"x" * 25)
    about = {"path": "model-00007-of-00009.safetensors", "size": 100}
    part.with_suffix(".json").write_text(json.dumps(about))
    weights(snapshot).unlink()
    long = snapshot.parents[2] / f"models--{'o' * 90}--{'n' * 90}"
    (long / "snapshots").mkdir(parents=True)
    (snapshot.parents[2] / "models--ev\x1bil--\nname").mkdir()
    for language, words in (
        (
            "en",
            (QWEN, "lacks 1 file: model-00001", "begun by qtune", "25 B of 100 B (25 %)", "free"),
        ),
        ("zh", (QWEN, "缺 1 个文件：model-00001", "qtune 未下载完", "25 B / 100 B（25%）", "剩余")),
    ):
        done = online.qtune("cache", QTUNE_LANG=language)
        assert (done.returncode, done.stderr) == (0, "")
        flat = "".join(done.stdout.split())
        for word in words:
            assert "".join(word.split()) in flat
        listed = done.stdout.splitlines()
        assert max(map(cell_len, listed[1:])) <= 80
        assert "\x1b" not in done.stdout
    assert online.qtune("cache", "list").stdout == online.qtune("cache").stdout


def test_an_empty_cache_is_no_error(shell: Shell) -> None:
    done = shell.qtune("cache")
    assert done.returncode == 0
    assert "0 B in 0 repositories" in done.stdout
    assert shell.qtune("cache", "verify").returncode == 0
    assert shell.qtune("cache", "free", "--partials").stdout == "There is nothing to free.\n"


def test_json_for_programs(online: Shell, snapshot: Path) -> None:
    done = online.qtune("cache", "--format", "json")
    document = json.loads(done.stdout)
    (repo,) = document["repositories"]
    assert document["schema"] == 1
    assert (repo["kind"], repo["id"], repo["whole"]) == ("model", QWEN, True)
    assert repo["brought_by"] == ["qtune"]
    assert Path(repo["path"]) == snapshot.parents[1].resolve()
    assert snapshot.name in {r["commit"] for r in repo["revisions"]}
    assert document["free"] > 0


def test_verify_names_what_is_wrong_and_fix_lets_the_download_mend_it(
    online: Shell, snapshot: Path
) -> None:
    right = online.qtune("cache", "verify")
    assert right.returncode == 0
    assert right.stdout == f"{len(worlds.qwen3().files)} files are as they should be (401.6 kB).\n"
    harm(weights(snapshot))
    for language, word in (("en", "another hash"), ("zh", "哈希不符")):
        wrong = online.qtune("cache", "verify", QWEN, QTUNE_LANG=language)
        assert wrong.returncode == 1
        assert "DSK606" in wrong.stderr
        assert "model-00001-of-00002.safetensors" in wrong.stderr
        assert word in wrong.stderr
    assert weights(snapshot).exists()
    assert "removed" in online.qtune("cache", "verify", "--fix").stderr
    assert not weights(snapshot).exists()
    assert online.qtune("download", QWEN, "-q").returncode == 0
    assert online.qtune("cache", "verify").returncode == 0


def test_a_file_that_a_running_download_may_use_is_not_fixed_away(
    online: Shell, snapshot: Path
) -> None:
    harm(weights(snapshot))
    with locking(snapshot.parents[1] / ".qtune"):
        done = online.qtune("cache", "verify", "--fix")
    assert done.returncode == 1
    assert "a download is under way" in done.stderr
    assert weights(snapshot).exists()


def test_an_interrupt_while_hashing_is_quick_and_quiet(online: Shell, snapshot: Path) -> None:
    large = snapshot.parents[1] / "blobs" / ("c" * 64)
    with large.open("wb") as file:
        file.truncate(1 << 40)  # days of hashing, no room on the disk
    running = online.start("cache", "verify", "-q")
    time.sleep(1.5)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = running.communicate(timeout=20)
    assert time.monotonic() - began < 3
    assert (running.returncode, out) == (130, b"")
    assert err.decode().strip() == "interrupted"
    assert large.exists()


def test_free_shows_and_removes_only_when_told_to(online: Shell, snapshot: Path) -> None:
    dry = online.qtune("cache", "free", QWEN, "--dry-run")
    assert (dry.returncode, snapshot.exists()) == (0, True)
    assert QWEN in dry.stdout and "would be freed" in dry.stdout
    unasked = online.qtune("cache", "free", QWEN)
    assert (unasked.returncode, snapshot.exists()) == (2, True)
    assert "--yes" in unasked.stderr
    done = online.qtune("cache", "free", QWEN, "--yes", QTUNE_LANG="zh")
    assert (done.returncode, snapshot.parents[1].exists()) == (0, False)
    assert "已释放" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminal")
@pytest.mark.parametrize(("answer", "stays"), [(b"\n", True), (b"n\n", True), (b"y\n", False)])
def test_on_a_terminal_it_asks(online: Shell, snapshot: Path, answer: bytes, stays: bool) -> None:
    command = online.command("cache", "free", QWEN)
    child, keyboard = begin(command, online.environment({}), online.folder)
    os.write(keyboard, answer)
    shown = rest(child, keyboard)
    assert b"[y/N]" in shown
    assert snapshot.exists() is stays


def test_a_download_under_way_is_left_alone_and_said(online: Shell, snapshot: Path) -> None:
    with locking(snapshot.parents[1] / ".qtune"):
        done = online.qtune("cache", "free", QWEN, "--yes")
    assert done.returncode == 1
    assert "a download is under way" in done.stderr
    assert (snapshot / "config.json").is_file()


def test_all_but_one_and_by_age(online: Shell, snapshot: Path) -> None:
    small = Path(online.qtune("download", worlds.SMALL, "-q").stdout.strip())
    assert online.qtune("cache", "free", "--older-than", "1d", "--yes").returncode == 0
    assert snapshot.exists() and small.exists()
    for blob in (small.parents[1] / "blobs").iterdir():
        os.utime(blob, (1_600_000_000, 1_600_000_000))
    assert online.qtune("cache", "free", "--older-than", "30d", "--yes").returncode == 0
    assert snapshot.exists() and not small.exists()
    assert online.qtune("cache", "free", "--all-but", QWEN, "--yes").returncode == 0
    assert snapshot.exists()
    online.qtune("download", worlds.SMALL, "-q")
    assert online.qtune("cache", "free", "--all-but", worlds.SMALL, "--yes").returncode == 0
    assert not snapshot.exists() and small.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("free",),
        ("free", QWEN, "--all-but", QWEN),
        ("free", "--all-but", "no/such", "--yes"),
        ("free", "../../..", "--yes"),
        ("free", "--older-than", "soon"),
        ("free", "--older-than", "²d"),
        ("verify", "no/such"),
        ("lst",),
        ("--format", "xml"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    online: Shell, snapshot: Path, arguments: tuple[str, ...]
) -> None:
    for language in ("en", "zh"):
        done = online.qtune("cache", *arguments, QTUNE_LANG=language)
        assert (done.returncode, done.stdout) == (2, "")
    assert (snapshot / "config.json").is_file()


@pytest.mark.parametrize("command", ["list", "verify", "free"])
def test_every_page_of_help_is_in_the_users_language(shell: Shell, command: str) -> None:
    english = shell.qtune("cache", command, "--help")
    chinese = shell.qtune("cache", command, "--help", QTUNE_LANG="zh")
    assert english.stdout.startswith(f"Usage: qtune cache {command}")
    assert chinese.stdout.startswith(f"用法：qtune cache {command}")
    assert max(map(cell_len, chinese.stdout.splitlines())) <= 80


def test_a_reader_that_leaves_is_no_error(online: Shell, snapshot: Path) -> None:
    done = subprocess.run(
        f"{' '.join(online.command('cache'))} | true",
        shell=True,
        cwd=online.folder,
        env=online.environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_hard_links_in_modelscopes_cache_are_told_apart(tmp_path: Path) -> None:
    own = Folder("model", QWEN, tmp_path / "ms", 1000, 20, shared=5_000_000)
    lines = cachelist.text(Shelf(tmp_path, (), ()), 0, (own,), 80)
    assert "ModelScope's own cache: 1.0 kB" in " ".join(lines)
    assert any("5.0 MB more are hard links" in line for line in lines)
    (told,) = json.loads(cachelist.document(Shelf(tmp_path, (), ()), 0, (own,)))["modelscope"]
    assert (told["size"], told["begun"], told["shared"]) == (1000, 20, 5_000_000)
