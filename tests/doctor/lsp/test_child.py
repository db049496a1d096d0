"""The doctor in a child process: heard while it looks, believed in the end, and gone when it is not wanted any more."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qtune.doctor.lastreports import report
from qtune.doctor.lsp import child
from qtune.doctor.lsp.child import Outcome, Step, run
from tests.hub import Fault, Hub
from tests.hub.worlds import LLAMA, QWEN

pytestmark = pytest.mark.skipif(os.name != "posix", reason="looks for processes as POSIX has them")


@pytest.fixture
def root(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Path:
    hosts = [url.removeprefix("http://") for url in (hub.hf_url, hub.ms_url)]
    for key, value in {
        "HF_ENDPOINT": hub.hf_url,
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "QTUNE_TRUSTED_HOSTS": ",".join(hosts),
        "NO_PROXY": "127.0.0.1,localhost",
    }.items():
        monkeypatch.setenv(key, value)
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def script(code: str) -> tuple[str, ...]:
    """Stands in the place of `python -m qtune`; its arguments are those of the doctor."""
    return (sys.executable, "-c", code)


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def test_each_check_is_heard_of_and_the_report_comes_in_the_end(root: Path) -> None:
    steps: list[Step] = []
    outcome = asyncio.run(run(root, LLAMA, steps.append))
    assert (outcome.exit, outcome.message) == (1, None)
    assert outcome.report is not None
    assert outcome.report["goal"]["model"] == LLAMA
    finished = [step for step in steps if step.finished]
    assert len({step.total for step in steps}) == 1
    assert [step.done for step in finished] == list(range(1, steps[0].total + 1))
    assert {check["check"] for check in outcome.report["checks"]} <= {s.check for s in finished}
    assert any(not step.finished and step.check == "reach.huggingface" for step in steps)


def test_it_leaves_its_report_for_the_editor(root: Path) -> None:
    outcome = asyncio.run(run(root, "", lang="zh"))
    last = report(root, QWEN)
    assert last is not None and outcome.report is not None
    told = [finding["code"] for finding in outcome.report["findings"]]
    assert [finding.code for finding in last.findings] == told
    texts = [finding["message"] for finding in outcome.report["findings"]]
    assert [finding.message.zh for finding in last.findings] == texts


@pytest.mark.parametrize("target", ["--fix", "--save=x.json", "a b", "no/such.yaml", "-"])
def test_a_target_is_never_an_option(root: Path, target: str) -> None:
    (root / ".env").write_text("USE_MODELSCOP=True\n")
    outcome = asyncio.run(run(root, target))
    assert outcome.report is not None
    assert outcome.report["findings"]
    assert (root / ".env").read_text() == "USE_MODELSCOP=True\n"
    assert sorted(path.name for path in root.iterdir()) == [".env"]


@pytest.mark.parametrize("name", ["json.py", "qtune.py", "sitecustomize.py", "click.py"])
def test_no_file_of_the_project_is_run(root: Path, name: str) -> None:
    (root / name).write_text("open('run', 'w').close()\n")
    outcome = asyncio.run(run(root, "--no-model--"))
    assert outcome.report is not None
    assert not (root / "run").exists()


def test_a_cancelled_one_is_gone_with_all_that_it_started(root: Path, hub: Hub) -> None:
    hub.fault(Fault("silent", "*"))
    steps: list[Step] = []

    async def cancel() -> None:
        task = asyncio.create_task(run(root, QWEN, steps.append))
        while not hub.requests:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(cancel())
    assert steps and time.monotonic() - began < 20
    assert subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "qtune doctor"]).returncode == 1
    assert report(root) is None


FAMILY = """
import subprocess, sys, time, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
other = subprocess.Popen([sys.executable, "-c", "import signal, time; "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"],
    stdout=subprocess.PIPE)
other.stdout.readline()
print(f'{{"event": "progress", "check": "{other.pid}", "finished": true, "done": 1, "total": 2}}',
      file=sys.stderr, flush=True)
"""


def test_whoever_does_not_listen_is_killed_and_its_children_too(root: Path) -> None:
    steps: list[Step] = []

    async def cancel() -> None:
        task = asyncio.create_task(
            run(root, "", steps.append, command=script(FAMILY + "time.sleep(60)"))
        )
        while not steps:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert until(lambda: not lives(int(steps[0].check)))


def test_one_that_hangs_is_ended_and_said(root: Path) -> None:
    steps: list[Step] = []
    hung = script(FAMILY + "time.sleep(60)")
    began = time.monotonic()
    outcome = asyncio.run(run(root, "", steps.append, limit_s=1.5, command=hung))
    assert outcome.report is None and outcome.exit is None
    assert outcome.message is not None and "did not end within" in outcome.message.en
    assert time.monotonic() - began < 15
    assert until(lambda: not lives(int(steps[0].check)))


def test_what_a_child_left_behind_ends_with_it(root: Path) -> None:
    steps: list[Step] = []
    answer = FAMILY + "print('{\"findings\": []}', flush=True)"
    began = time.monotonic()
    outcome = asyncio.run(run(root, "", steps.append, command=script(answer)))
    assert outcome == Outcome({"findings": []}, 0)
    assert until(lambda: not lives(int(steps[0].check)))
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [
        ("import sys; print('Traceback', file=sys.stderr); 1/0", 1, "division by zero"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, "code -9"),
        ("print('half {')", 0, "no report"),
        ("print('[' * 200000)", 0, "no report"),
        ("print('[1]')", 0, "no report"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", 0, "no report"),
        ("import sys; sys.stderr.write('x' * 500000 + '\\n' + '{\"event\": \"progress\"}\\n')", 0, "no"),
        (f"import sys; sys.exit('boom hf_{'Aa' * 17}')", 1, "hf_…"),
    ],
)  # fmt: skip
def test_a_crash_is_one_message(root: Path, code: str, exit_code: int, words: str) -> None:
    outcome = asyncio.run(run(root, "", command=script(code)))
    assert (outcome.report, outcome.exit) == (None, exit_code)
    assert outcome.message is not None and words in outcome.message.en
    assert "\n" not in outcome.message.en and len(outcome.message.en) < 500
    assert "Aa" * 5 not in outcome.message.en + outcome.message.zh


def test_a_report_without_end_is_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_LARGEST", 1000)
    long = script("print('{\"findings\": [], \"x\": \"' + 'y' * 300000 + '\"}')")
    assert asyncio.run(run(root, "", command=long)).report is None


def test_a_folder_or_a_program_that_is_not_there(root: Path) -> None:
    gone = asyncio.run(run(root / "gone", ""))
    missing = asyncio.run(run(root, "", command=("/no/such/python",)))
    for outcome in (gone, missing):
        assert outcome.report is None and outcome.message is not None
        assert outcome.message.en.startswith("cannot start the doctor: ")


def test_nothing_reaches_the_stdout_of_this_process(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(run(root, "", command=script("print('loud'); import sys; sys.stdin.read()")))
    assert capfd.readouterr() == ("", "")


def test_one_that_went_away_holds_nothing_up(root: Path) -> None:
    steps: list[Step] = []
    away = FAMILY.replace(
        "stdout=subprocess.PIPE)", "stdout=subprocess.PIPE, start_new_session=True)"
    )
    answer = away + "print('{\"findings\": []}', flush=True)"
    began = time.monotonic()
    outcome = asyncio.run(run(root, "", steps.append, command=script(answer)))
    assert outcome == Outcome({"findings": []}, 0)
    assert time.monotonic() - began < 15
    os.kill(int(steps[0].check), signal.SIGKILL)
