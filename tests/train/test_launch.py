"""The parent's half: listening, passing signals on, and telling a crash from an error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qtune.train import job as jobs
from qtune.train import launch as launching
from qtune.train.child import begun
from qtune.train.events import Event, Failed, Log
from qtune.train.job import Job
from qtune.train.launch import Ended, launch
from tests.train.runs import environ, make_job, metrics, run_child

LONG = ("training.num_train_epochs=500", "training.logging_steps=1", "training.save_steps=1000")

# A parent in a process of its own, as `qtune run` is: prints each event's kind, then the ending.
PARENT = """\
import os, sys
from pathlib import Path
from qtune.train import job as jobs
from qtune.train.launch import launch
def tell(event):
    print(type(event).__name__, getattr(event, "step", ""), flush=True)
ended = launch(jobs.read(Path(sys.argv[1])), os.environ, tell)
print("ended", ended.code, ended.error.code if ended.error else None, flush=True)
sys.exit(ended.code)
"""


# One that has begun a child and has nothing for it yet: prints the child's number, and waits.
EARLY = """\
import os, time
from qtune.train.child import begun
with begun(os.environ) as child:
    print(child.process.pid, child.folder, flush=True)
    time.sleep(60)
"""


def listen(job: Job, environment: dict[str, str]) -> tuple[Ended, list[Event], list[str]]:
    events: list[Event] = []
    noise: list[str] = []
    ended = launch(job, environment, events.append, noise.append)
    return ended, events, noise


def site(environment: dict[str, str], code: str) -> None:
    """Have the child's Python run this before anything else."""
    path = Path(environment["PYTHONPATH"]) / "sitecustomize.py"
    path.write_text(path.read_text() + code)


def parent(job: Job, folder: Path) -> subprocess.Popen[str]:
    path = folder / "given.json"
    jobs.write(job, path)
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path)],
        env=environ(folder),
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_step(running: subprocess.Popen[str], step: int) -> None:
    assert running.stdout is not None
    for line in running.stdout:
        if line.split() == ["Step", str(step)]:
            return
    pytest.fail("the training ended before it was stopped")


def test_the_parents_half_imports_nothing_heavy() -> None:
    code = (
        "import sys; import qtune.train.launch, qtune.train.job, qtune.train.data;"
        "import qtune.train.plan, qtune.train.quickstart;"
        "import qtune.train.checkpoints, qtune.train.rundir;"
        "print({'torch', 'transformers', 'peft', 'tokenizers', 'huggingface_hub', 'numpy'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_job_is_private_and_reads_back_to_itself(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", tmp_path, "training.max_steps=3", "enable_thinking=false")
    path = tmp_path / "job.json"
    jobs.write(job, path)
    assert jobs.read(path) == job
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        jobs.write(job, path)


@pytest.mark.triggers("TRN004")
@pytest.mark.slow
def test_garbage_on_stdout_is_log_and_an_error_is_an_event(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("not json\n")
    text = f"model: quickstart\ndata: {rows}\n"
    job = make_job(tmp_path / "run", tmp_path / "cache", text=text)
    environment = environ(
        tmp_path, HF_TOKEN="hf_" + "x" * 30, MODELSCOPE_API_TOKEN="ms-secret-token"
    )
    site(
        environment,
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe{\\n{\"event\": 1}\\n\\n'); sys.stdout.flush()\n"
        "print('chatter', os.environ.get('HF_TOKEN'), os.environ.get('MODELSCOPE_API_TOKEN'),"
        " os.environ['HF_HUB_OFFLINE'], file=sys.stderr)\n",
    )
    before = dict(os.environ)
    ended, events, noise = listen(job, environment)
    assert ended.code == 1
    assert ended.error is not None and ended.error.code == "TRN004"
    assert str(rows) in ended.error.message.en and ended.error.fix is not None
    garbage = [e.text.en for e in events if isinstance(e, Log)][:3]
    assert garbage == ["\ufffd\ufffd{", '{"event": 1}', ""]
    assert [e.code for e in events if isinstance(e, Failed)] == ["TRN004"]
    assert noise[0] == "chatter None None 1"
    assert ended.tail[0] == "chatter None None 1"
    assert dict(os.environ) == before


@pytest.mark.triggers("TRN041", "TRN042")
@pytest.mark.parametrize(
    ("death", "code"),
    [("os.kill(os.getpid(), 9)", "TRN041"), ("os._exit(7)", "TRN042"), ("os.abort()", "TRN042")],
)
def test_a_child_that_dies_without_a_word_is_an_error_with_its_last_lines(
    tmp_path: Path, death: str, code: str
) -> None:
    environment = environ(tmp_path)
    site(environment, f"import sys; print('last words', file=sys.stderr, flush=True); {death}\n")
    ended, events, _ = listen(make_job(tmp_path / "run", tmp_path), environment)
    assert (ended.code, events) == (1, [])
    assert ended.error is not None and ended.error.code == code
    assert "last words" in ended.error.message.en


@pytest.mark.spares("TRN041", "TRN042")
def test_a_bug_is_told_with_its_traceback_and_exit_code_3(tmp_path: Path) -> None:
    environment = environ(tmp_path)
    site(environment, "import json; json.loads = None\n")
    ended, _, _ = listen(make_job(tmp_path / "run", tmp_path), environment)
    assert ended.code == 3
    assert ended.error is None
    assert "TypeError: 'NoneType' object is not callable" in ended.traceback


@pytest.mark.triggers("TRN040")
def test_a_missing_library_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    environment = environ(tmp_path)
    site(environment, "import sys; sys.modules['peft'] = None\n")
    ended, _, _ = listen(make_job(tmp_path / "run", tmp_path), environment)
    assert ended.error is not None and ended.error.code == "TRN040"
    assert ended.error.fix is not None and "qtune[train]" in ended.error.fix.en


@pytest.mark.triggers("TRN043")
def test_a_child_that_is_not_offline_refuses_to_start(tmp_path: Path) -> None:
    environment = environ(tmp_path, HF_HUB_OFFLINE="0")
    outcome = run_child(make_job(tmp_path / "run", tmp_path), environment)
    assert (outcome.code, outcome.error().code) == (1, "TRN043")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_the_parent_saves_a_checkpoint_and_ends_with_its_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    job = make_job(tmp_path / "run", tmp_path / "cache", *LONG)
    with parent(job, tmp_path) as running:
        wait_for_step(running, 3)
        running.send_signal(number)
        assert running.stdout is not None
        rest = running.stdout.read().splitlines()
        assert running.wait(timeout=30) == code
    assert rest[-1] == f"ended {code} None"
    (checkpoint,) = (tmp_path / "run").glob("checkpoint-*")
    step = int(checkpoint.name.split("-")[1])
    assert f"Saved {step}" in rest
    assert metrics(tmp_path / "run")[-1]["step"] == step
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["state"] == "training"


@pytest.mark.slow
def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", tmp_path / "cache", *LONG)
    with parent(job, tmp_path) as running:
        wait_for_step(running, 2)
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 130


@pytest.mark.slow
def test_an_error_of_the_listener_takes_the_child_along(tmp_path: Path) -> None:
    def broken(event: Event) -> None:
        raise BrokenPipeError("the terminal is gone")

    job = make_job(tmp_path / "run", tmp_path / "cache", *LONG)
    with pytest.raises(BrokenPipeError):
        launch(job, environ(tmp_path), broken)
    from qtune.train import rundir

    with rundir.claim(tmp_path / "run", patience=0):
        assert not (tmp_path / "run" / "adapter_config.json").exists()


def test_a_child_with_much_to_say_is_not_waited_for_when_nobody_listens(tmp_path: Path) -> None:
    def broken(event: Event) -> None:
        raise BrokenPipeError("the terminal is gone")

    environment = environ(tmp_path)
    site(environment, "import os\nwhile True: os.write(1, b'word ' * 99 + b'\\n')\n")
    started = time.monotonic()
    with pytest.raises(BrokenPipeError):
        launch(make_job(tmp_path / "run", tmp_path), environment, broken)
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_child_whose_parent_is_killed_saves_and_ends_and_meanwhile_keeps_others_out(
    tmp_path: Path,
) -> None:
    from qtune.core.errors import TrainError
    from qtune.train import rundir

    run = tmp_path / "run"
    with parent(make_job(run, tmp_path / "cache", *LONG), tmp_path) as running:
        wait_for_step(running, 3)
        with pytest.raises(TrainError) as caught, rundir.claim(run, patience=0.1):
            pass
        assert caught.value.code == "TRN032"
        running.kill()
    deadline = time.monotonic() + 30
    while not list(run.glob("checkpoint-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    (checkpoint,) = run.glob("checkpoint-*")
    with rundir.claim(run, patience=30):  # free again once the child is gone
        assert not (run / ".saving").exists()
    assert metrics(run)[-1]["step"] == int(checkpoint.name.split("-")[1])


# --- begun before there is a job ------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_child_begun_early_imports_torch_before_its_job_comes(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", tmp_path / "cache", "training.max_steps=1")
    events: list[Event] = []
    with begun(environ(tmp_path)) as child:
        await_torch(child.process.pid)
        assert not events
        assert not (child.folder / jobs.NAME).exists()
        ended = launching.train(child, job, events.append)
    assert (ended.code, ended.error) == (0, None)
    assert metrics(tmp_path / "run")[-1]["step"] == 1
    assert not child.folder.exists()


def await_torch(pid: int) -> None:
    deadline = time.monotonic() + 60
    while "libtorch" not in Path(f"/proc/{pid}/maps").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_that_got_no_job_ends_at_once_with_what_it_was_begun_for(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), begun(environ(tmp_path)) as child:
        raise KeyboardInterrupt
    assert time.monotonic() - started < 10
    assert child.process.returncode is not None
    assert not child.folder.exists()


def test_a_child_without_a_job_does_not_outlive_its_parent(tmp_path: Path) -> None:
    with early(tmp_path) as (running, child, _):
        running.kill()
        running.wait()
        deadline = time.monotonic() + 60
        while lives(child) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not lives(child)


def test_an_interrupted_parent_leaves_neither_child_nor_folder(tmp_path: Path) -> None:
    with early(tmp_path) as (running, child, folder):
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) != 0
    assert not lives(child)
    assert not folder.exists()


@contextmanager
def early(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    with subprocess.Popen(
        [sys.executable, "-c", EARLY],
        env=environ(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        number, place = running.stdout.readline().split()
        try:
            yield running, int(number), Path(place)
        finally:
            running.kill()


def lives(pid: int) -> bool:
    """A zombie, whose parent is gone and which nobody waits for here, lives no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_that_cannot_begin_says_so_when_its_job_comes(tmp_path: Path) -> None:
    environment = environ(tmp_path)
    site(environment, "import sys\nsys.modules['torch'] = None\n")
    job = make_job(tmp_path / "run", tmp_path)
    with begun(environment) as child:
        child.process.wait(timeout=60)
        ended = launching.train(child, job, lambda event: None)
    assert ended.code == 1
    assert ended.error is not None
    assert ended.error.code == "TRN040"
