"""action.yml as a runner takes it: installed from its own checkout, run by bash in a clean environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ci.runner import Runner
from tests.hub import Hub, worlds

INSTALL, RUN = "Install qtune", "Run the doctor"
Job = dict[str, str]


@pytest.fixture(scope="module")
def temp(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's own folder, in which the first step has installed qtune."""
    folder = tmp_path_factory.mktemp("runner")
    done = Runner(checkout, folder, folder).steps({}, (INSTALL,))
    assert done.code == 0, done.log
    return folder


@pytest.fixture
def runner(checkout: Path, workspace: Path, temp: Path) -> Runner:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (temp / name).unlink(missing_ok=True)
    return Runner(checkout, workspace, temp)


def test_a_project_that_is_well_passes(runner: Runner, job: Job) -> None:
    done = runner.steps({"target": "sft.yaml"}, (RUN,), **job)
    assert (done.code, done.outputs) == (0, {"exit-code": "0"}), done.log
    assert "::error" not in done.log
    assert "No problems found" in done.summary
    assert not (runner.workspace / ".env").exists()


def test_findings_are_annotations_a_summary_and_a_failed_step(runner: Runner, job: Job) -> None:
    (runner.workspace / "sft.yaml").write_text(f"model: {worlds.QWEN}\ndata: gone.jsonl\n")
    done = runner.steps({"target": "sft.yaml"}, (RUN,), **job)
    assert (done.code, done.outputs) == (1, {"exit-code": "1"})
    assert "::error file=sft.yaml,line=2" in done.log
    assert "CFG009" in done.summary
    assert runner.steps({"target": "sft.yaml", "fail-on": "never"}, (RUN,), **job).code == 0


def test_the_token_of_the_job_opens_a_gate_and_is_never_shown(runner: Runner, job: Job) -> None:
    (runner.workspace / "sft.yaml").write_text(f"model: {worlds.LLAMA}\ndata: data.jsonl\n")
    closed = runner.steps({"target": "sft.yaml"}, (RUN,), **job)
    assert closed.code == 1 and "GATE401" in closed.log
    inputs = {"target": "sft.yaml", "options": "-v", "write": "json=r.json\nsarif=r.sarif\n"}
    done = runner.steps(inputs, (RUN,), **job, HF_TOKEN=worlds.GOOD)
    assert done.code == 0, done.log
    written = (runner.workspace / "r.json").read_text() + (runner.workspace / "r.sarif").read_text()
    assert worlds.GOOD not in done.log + done.summary + written
    assert json.loads((runner.workspace / "r.json").read_text())["exit"] == 0
    assert json.loads((runner.workspace / "r.sarif").read_text())["version"] == "2.1.0"


def test_a_pull_request_from_a_fork_passes_and_says_what_was_not_judged(
    runner: Runner, job: Job, tmp_path: Path
) -> None:
    (runner.workspace / "sft.yaml").write_text(f"model: {worlds.LLAMA}\ndata: data.jsonl\n")
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"head": {"repo": {"fork": true}}, "base": {"repo": {}}}}')
    done = runner.steps(
        {"target": "sft.yaml"}, (RUN,), **job, HF_TOKEN="", GITHUB_EVENT_PATH=str(event)
    )
    assert done.code == 0, done.log
    assert "a pull request from a fork has no secrets" in done.log


def test_without_a_network_it_warns(runner: Runner) -> None:
    dead = {"HF_ENDPOINT": "http://127.0.0.1:9", "MODELSCOPE_ENDPOINT": "http://127.0.0.1:9"}
    done = runner.steps({"target": "sft.yaml"}, (RUN,), **dead)
    assert done.code == 0, done.log
    assert "::warning" in done.log
    assert runner.steps({"network-errors": "error"}, (RUN,), **dead).code == 1


@pytest.mark.parametrize(
    "inputs",
    [
        {"target": '$(touch "$GITHUB_WORKSPACE/owned")'},
        {"target": '"; touch "$GITHUB_WORKSPACE/owned"; "'},
        {"options": "`touch $GITHUB_WORKSPACE/owned`"},
        {"write": "$(touch $GITHUB_WORKSPACE/owned)"},
        {"profile": "ci; touch $GITHUB_WORKSPACE/owned"},
        {"target": "--fix"},
    ],
)
def test_an_input_is_never_code(runner: Runner, job: Job, inputs: dict[str, str]) -> None:
    done = runner.steps(inputs, (RUN,), **job)
    assert done.code == 2
    assert not (runner.workspace / "owned").exists()


def test_a_folder_called_qtune_in_the_project_is_not_taken_for_it(runner: Runner, job: Job) -> None:
    (runner.workspace / "qtune").mkdir()
    (runner.workspace / "qtune/__init__.py").write_text("raise SystemExit(99)\n")
    assert runner.steps({"target": "sft.yaml"}, (RUN,), **job).code == 0


def test_another_folder(runner: Runner, job: Job, hub: Hub) -> None:
    inner = runner.workspace / "inner"
    inner.mkdir()
    (inner / "broken.yaml").write_text(f"model: {worlds.QWEN}\nlorra: 1\n")
    done = runner.steps({"target": "broken.yaml", "working-directory": "inner"}, (RUN,), **job)
    assert done.code == 1
    assert "::error file=inner/broken.yaml,line=2" in done.log
