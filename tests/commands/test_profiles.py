"""`--profile` and `--network-errors` in a real process: what is looked at, and what it means for the exit code."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands.conftest import Shell
from tests.commands.test_doctor import codes, document
from tests.hub import Fault, Hub, worlds

ROW = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
CI = ("doctor", "run.yaml", "--profile", "ci")


@pytest.fixture
def project(online: Shell) -> Shell:
    """A run config with data, an example of `.env`, and no `.env`."""
    (online.folder / "data.jsonl").write_text(ROW)
    run(online, worlds.QWEN)
    (online.folder / ".env.example").write_text(
        "USE_MODELSCOPE=False\nHF_TOKEN=hf_your_token_here\n"
    )
    return online


def run(shell: Shell, model: str) -> None:
    (shell.folder / "run.yaml").write_text(f"model: {model}\ndata: data.jsonl\n")


def states(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {c["check"]: c.get("reason", c["state"]) for c in document(done)["checks"]}


# --- ci -------------------------------------------------------------------------------------------


def test_ci_looks_at_the_project_and_its_model_and_not_at_the_runner(project: Shell) -> None:
    done = project.qtune(*CI, "--format", "json")
    assert (done.returncode, codes(done)) == (0, [])
    seen = states(done)
    assert seen["gate.huggingface"] == seen["envfile"] == "ok"
    for check in ("torch", "accelerator", "disk", "packages"):
        assert seen.get(check, "--profile ci") == "--profile ci"
    assert document(done)["settings"]["USE_MODELSCOPE"]["origin"] == ".env.example line 1"


def test_ci_finds_a_misspelt_key_and_a_real_token_in_the_example(project: Shell) -> None:
    (project.folder / ".env.example").write_text(f"USE_MODELSCOP=1\nHF_TOKEN={worlds.GOOD}\n")
    subprocess.run(["git", "init", "-q", "."], cwd=project.folder, check=True)
    subprocess.run(["git", "add", ".env.example"], cwd=project.folder, check=True)
    done = project.qtune(*CI, "--format", "json")
    assert done.returncode == 1
    assert {"ENV804", "ENV807"} <= {*codes(done)}
    assert worlds.GOOD not in done.stdout


def test_ci_finds_what_is_wrong_with_config_and_data(project: Shell) -> None:
    (project.folder / "run.yaml").write_text(f"model: {worlds.QWEN}\ndata: gone.jsonl\nlorra: 1\n")
    done = project.qtune(*CI, "--format", "json")
    assert done.returncode == 1
    assert {"CFG005", "CFG009"} <= {*codes(done)}


def test_ci_takes_the_token_of_the_environment(project: Shell) -> None:
    run(project, worlds.LLAMA)
    without = project.qtune(*CI, "--format", "json")
    assert (without.returncode, codes(without)[0]) == (1, "GATE401")
    assert project.qtune(*CI, HF_TOKEN=worlds.GOOD).returncode == 0
    wrong = project.qtune(*CI, "--format", "json", HF_TOKEN=worlds.UNKNOWN)
    assert (wrong.returncode, codes(wrong)[0]) == (1, "TOK303")


def fork(folder: Path) -> dict[str, str]:
    path = folder / "event.json"
    head, base = {"full_name": "them/p", "fork": True}, {"full_name": "us/p"}
    path.write_text(json.dumps({"pull_request": {"head": {"repo": head}, "base": {"repo": base}}}))
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path)}


def test_a_pull_request_from_a_fork_is_not_blamed_for_having_no_token(
    project: Shell, tmp_path: Path
) -> None:
    run(project, worlds.LLAMA)
    for environ in (
        fork(tmp_path),
        {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8", "CI_PROJECT_ID": "7"},
    ):
        done = project.qtune(*CI, "--strict", "--format", "json", **environ)
        assert (done.returncode, codes(done)) == (0, [])
        assert states(done)["gate.huggingface"] == "a pull request from a fork has no secrets"
    text = project.qtune(*CI, **fork(tmp_path)).stdout
    assert "left out (a pull request from a fork has no secrets): " in text
    notice = project.qtune(*CI, "--format", "github", **fork(tmp_path)).stdout
    assert "::notice" in notice and "a fork has no secrets" in notice
    zh = project.qtune(*CI, QTUNE_LANG="zh", **fork(tmp_path)).stdout
    assert "来自 fork 的 pull request 拿不到密钥" in zh


def test_a_fork_is_still_told_what_no_token_would_mend(project: Shell, tmp_path: Path) -> None:
    run(project, worlds.LLAMA)
    wrong = project.qtune(*CI, "--format", "json", HF_TOKEN=worlds.UNKNOWN, **fork(tmp_path))
    assert codes(wrong)[0] == "TOK303"
    outside = project.qtune(
        "doctor", "run.yaml", "--for", "download", "--no-speed", **fork(tmp_path)
    )
    assert outside.returncode == 1, "only the ci profile excuses"


def test_ci_writes_nothing(project: Shell) -> None:
    done = project.qtune(*CI, "--fix")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--profile ci" in done.stderr


# --- network errors -------------------------------------------------------------------------------


def test_a_hub_that_cannot_be_reached_is_a_warning_in_ci(project: Shell, hub: Hub) -> None:
    hub.fault(Fault("reset", "*"))
    done = project.qtune(*CI, "--format", "json")
    found = document(done)["findings"]
    assert done.returncode == 0
    assert found and {f["severity"] for f in found} == {"warning"}
    strictly = project.qtune(*CI, "--network-errors", "error", "--format", "json")
    assert strictly.returncode == 1


def test_outside_ci_it_is_asked_for(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("reset", "*"))
    quick = ("doctor", "--for", "download", "--no-speed")
    assert online.qtune(*quick).returncode == 1
    assert online.qtune(*quick, "--network-errors", "warn").returncode == 0


def test_a_refusal_is_no_network_error(project: Shell) -> None:
    run(project, worlds.LLAMA)
    assert project.qtune(*CI, "--network-errors", "warn").returncode == 1


# --- quick ----------------------------------------------------------------------------------------


def test_quick_sends_nothing_and_takes_less_than_two_seconds(online: Shell, hub: Hub) -> None:
    online.env("USE_MODELSCOP=True")
    began = time.monotonic()
    done = online.qtune("doctor", "--profile", "quick", "--format", "json")
    took = time.monotonic() - began
    assert codes(done) == ["ENV804"]
    assert hub.requests == []
    assert states(done)["reach.huggingface"] == "--profile quick"
    assert document(done)["took_ms"] < 2000
    assert took < 10, "the rest is Python's start, on a busy machine"


def test_a_profile_that_does_not_exist_is_told(shell: Shell) -> None:
    done = shell.qtune("doctor", "--profile", "deep")
    assert done.returncode == 2
    assert "quick" in done.stderr
