"""torch is asked in a child process: one that crashes, hangs or babbles does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib import util
from pathlib import Path

import pytest

from qtune.doctor.facts import Known, TorchBuild, Unknown
from qtune.doctor.probes import torch
from tests.doctor.probes.looking import NOTHING, looking
from tests.hub import worlds

SECRETS = (worlds.GOOD, worlds.MODELSCOPE)
HERE = util.find_spec("torch") is not None


def look(
    root: Path, code: str, seconds: float = 10.0, **environ: str
) -> Known[TorchBuild] | Unknown:
    child = root / "child.py"
    child.write_text(code)
    with looking(root, environ) as context:
        return torch.probe(context, NOTHING, child=child, seconds=seconds)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The children of these tests stand for torch, whether or not it is here."""
    monkeypatch.setattr(torch, "installed", lambda: True)


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="torch is not installed")
def test_the_torch_of_this_environment(tmp_path: Path) -> None:
    # A file of this name in the project is not torch, and must not be run.
    (tmp_path / "torch.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')")
    before = set(sys.modules)
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        with looking(tmp_path) as context:
            fact = torch.probe(context, NOTHING)
    finally:
        os.chdir(here)
    assert isinstance(fact, Known)
    assert fact.value.installed
    assert fact.value.version
    assert fact.value.error == ""
    assert fact.value.available == bool(fact.value.devices)
    assert "torch" not in set(sys.modules) - before
    assert not (tmp_path / "was-run").exists()


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="torch is not installed")
def test_the_small_step_is_one_that_torch_can_compute() -> None:
    """On the CPU, as there may be no GPU; what it asks of torch is the same."""
    script = (
        "import runpy, sys\nchild = runpy.run_path(sys.argv[1])\n"
        "for number in ('float32', 'bfloat16'): child['compute'](f'cpu {number}')\n"
        "try: child['compute']('meta float32')\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, str(torch.CHILD)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip()  # a device without numbers fails, and is seen to


def test_no_child_is_started_where_there_is_no_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "installed", lambda: False)
    fact = look(tmp_path, f"open({str(tmp_path / 'was-run')!r}, 'w')")
    assert fact == Known(TorchBuild(installed=False))
    assert not (tmp_path / "was-run").exists()


def test_whether_it_is_installed_is_known_without_importing_it(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom qtune.doctor.probes import torch\n"
        "torch.installed()\nprint('torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "False"


@pytest.mark.usefixtures("installed")
def test_the_answer_is_the_last_line_whatever_came_before(tmp_path: Path) -> None:
    fact = look(
        tmp_path,
        "print('a library greets'); print('{\"version\": \"0\"}')\n"
        "import json; print(json.dumps({'version': '2.9', 'cuda': '12.8', 'hip': '',"
        " 'available': True, 'devices': ['NVIDIA H100'], 'bf16': True, 'mps': False}))",
    )
    assert fact == Known(TorchBuild(True, "2.9", "12.8", "", True, ("NVIDIA H100",), True, False))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import sys; sys.exit(3)", "status 3"),
        ("raise ImportError('libcudart.so.12: cannot open shared object file')", "libcudart.so.12"),
        ("print('no json')", "status 0"),
        ("print('[1]')", "status 0"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n')", "status 0"),
        ("", "status 0"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has other words for a crash")
def test_a_broken_torch_is_a_fact_with_its_error(tmp_path: Path, code: str, words: str) -> None:
    fact = look(tmp_path, code)
    assert isinstance(fact, Known)
    assert fact.value.installed
    assert words in fact.value.error


@pytest.mark.parametrize(
    "code",
    ["raise ImportError('undefined symbol: _ZN3c10')", "raise SystemExit('undefined symbol: x')"],
)
def test_the_child_tells_what_the_import_raised(tmp_path: Path, code: str) -> None:
    (tmp_path / "torch.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-P", str(torch.CHILD)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "undefined symbol" in str(torch._answers(done.stdout)[-1]["error"])


@pytest.mark.usefixtures("installed")
def test_a_child_that_hangs_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    started = time.monotonic()
    fact = look(tmp_path, code, seconds=1.5)
    assert isinstance(fact, Unknown)
    assert (fact.reason, fact.detail) == ("timeout", "import torch took longer than 2 s")
    assert time.monotonic() - started < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.usefixtures("installed")
def test_the_child_sees_the_settings_and_no_token(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CUDA_VISIBLE_DEVICES=1\n")
    told = "','.join(k for k, v in os.environ.items() if v in " + repr([*SECRETS]) + ")"
    version = "os.environ['CUDA_VISIBLE_DEVICES']"
    code = f"import json, os; print(json.dumps({{'version': {version}, 'cuda': {told}}}))"
    fact = look(
        tmp_path,
        code,
        HF_TOKEN=worlds.GOOD,
        HUGGING_FACE_HUB_TOKEN=worlds.GOOD,
        MODELSCOPE_API_TOKEN=worlds.MODELSCOPE,
    )
    assert isinstance(fact, Known)
    assert (fact.value.version, fact.value.cuda) == ("1", "")


@pytest.mark.usefixtures("installed")
def test_a_python_that_cannot_be_started(tmp_path: Path) -> None:
    with looking(tmp_path) as context:
        fact = torch.probe(context, NOTHING, python=str(tmp_path / "no-python"))
    assert isinstance(fact, Unknown)
    assert fact.reason == "crashed"
