"""`qtune init`: files that work, and nothing overwritten."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.commands import starter
from qtune.core.envfile import parse
from qtune.core.runconfig import Defaults, load
from qtune.core.table import TABLE
from qtune.core.text import Lang
from tests.commands.conftest import Shell


def test_writes_what_the_next_commands_need(shell: Shell) -> None:
    done = shell.qtune("init")
    assert done.returncode == 0
    assert {str(p.relative_to(shell.folder)) for p in shell.folder.rglob("*") if p.is_file()} == {
        ".env", "sft.yaml", "data/train.jsonl",
    }  # fmt: skip
    assert stat.S_IMODE((shell.folder / ".env").stat().st_mode) == 0o600
    assert done.stdout.splitlines()[-1] == "Next: qtune doctor sft.yaml"
    plan = shell.qtune("run", "sft.yaml", "--dry-run")
    assert plan.returncode == 0, plan.stderr
    checked = shell.qtune("doctor", "sft.yaml", "--offline", "--only", "env,cfg")
    assert "No problems found" in checked.stdout


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_the_run_config_offers_in_comments_can_be_switched_on(
    tmp_path: Path, lang: Lang
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.jsonl").write_text("{}\n")
    text = starter.run_config("a/b", lang)
    offered = [line for line in text.splitlines() if re.match(r" *# [a-z_]+: ", line)]
    assert len(offered) >= 4
    for line in offered:
        on = text.replace(line, line.replace("# ", "", 1))
        if "preference" in line:
            on = on.replace("method: sft", "method: dpo")
        path = tmp_path / "sft.yaml"
        path.write_text(on, encoding="utf-8")
        load(path, defaults=Defaults("a/b", Path("runs"), tmp_path))


def test_overwrites_nothing(shell: Shell) -> None:
    mine = shell.env("DEFAULT_MODEL=my/model", mode=0o640)
    (shell.folder / "data").mkdir()
    (shell.folder / "data/train.jsonl").write_text("mine")
    done = shell.qtune("init")
    assert "kept     .env" in done.stdout
    assert mine.read_text() == "DEFAULT_MODEL=my/model\n"
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640
    assert (shell.folder / "data/train.jsonl").read_text() == "mine"
    assert "model: my/model" in (shell.folder / "sft.yaml").read_text()


def test_does_not_write_through_a_link(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (shell.folder / ".env").symlink_to(target)
    assert "kept     .env" in shell.qtune("init").stdout
    assert not target.exists()


def test_a_folder_that_cannot_be_written_is_one_clear_error(shell: Shell) -> None:
    (shell.folder / "data").write_text("a file where a folder should be")
    done = shell.qtune("init")
    assert done.returncode == 2
    assert done.stderr.startswith("error[ENV812]: cannot write data/train.jsonl")


@pytest.mark.skipif(sys.platform == "win32", reason="no ulimit")
def test_a_disk_that_is_full_leaves_no_half_a_file(shell: Shell) -> None:
    limited = f"ulimit -f 1; exec {shlex.join(shell.command('init'))}"  # no file beyond 1 KiB
    done = subprocess.run(
        ["bash", "-c", limited],
        cwd=shell.folder,
        env=shell.environment({}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error[ENV812]: cannot write .env: File too large")
    assert list(shell.folder.iterdir()) == []


def test_in_a_git_repository_env_is_ignored_afterwards(shell: Shell) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=shell.folder, check=True)
    first, second = shell.qtune("init"), shell.qtune("init")
    assert "added    .env to .gitignore" in first.stdout
    assert "gitignore" not in second.stdout
    assert (shell.folder / ".gitignore").read_text() == ".env\n"
    ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=shell.folder)
    assert ignored.returncode == 0


def test_a_gitignore_that_covers_it_already_is_left_alone(shell: Shell) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=shell.folder, check=True)
    (shell.folder / ".gitignore").write_text(".env*\n")
    shell.qtune("init")
    assert (shell.folder / ".gitignore").read_text() == ".env*\n"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_env_names_every_setting_and_sets_only_what_the_faq_recommends(lang: str) -> None:
    text = starter.env_file(lang)  # type: ignore[arg-type]
    document = parse(text)
    assert document.unparsed == ()
    assert {e.key: e.value for e in document.entries} == {
        "USE_MODELSCOPE": "True",
        "DEFAULT_MODEL": "Qwen/Qwen3-4B",
    }
    assert [row.key for row in TABLE if f"{row.key}={row.default}\n" not in text] == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_run_config_is_valid_and_the_data_is_its(tmp_path: Path, lang: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / starter.DATA).write_text(starter.data(lang), "utf-8")  # type: ignore[arg-type]
    path = tmp_path / starter.RUN_CONFIG
    path.write_text(starter.run_config("Qwen/Qwen3-4B", lang), "utf-8")  # type: ignore[arg-type]
    config = load(path, defaults=Defaults("x/y", tmp_path / "runs", tmp_path))
    assert config.model == "Qwen/Qwen3-4B"
    assert config.data[0].path == tmp_path / starter.DATA
    assert config.warnings == ()
