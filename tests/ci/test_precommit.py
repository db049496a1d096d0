"""The hook of .pre-commit-hooks.yaml, run by pre-commit itself on a repository that uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.runner import Runner


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
def test_it_refuses_a_commit_with_a_misspelt_setting_and_passes_a_good_one(
    runner: Runner, tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    subprocess.run(["cp", "-a", f"{runner.action}/.", str(hooks)], check=True)
    for folder in (hooks, runner.workspace):
        git(folder, "init", "-q", ".")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "first")
    environ = {**runner.environment(), "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    command = [
        sys.executable,
        "-m",
        "pre_commit",
        "try-repo",
        str(hooks),
        "qtune-check",
        "--all-files",
    ]

    def commit() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=runner.workspace, env=environ, capture_output=True, text=True, timeout=180
        )

    good = commit()
    assert good.returncode == 0, good.stdout + good.stderr
    assert "Passed" in good.stdout
    (runner.workspace / "sft.yaml").write_text("model: Qwen/Qwen3-4B\ndata: data.jsonl\nlorra: 1\n")
    git(runner.workspace, "add", "-A")
    bad = commit()
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "CFG005" in bad.stdout and "sft.yaml:3" in bad.stdout
