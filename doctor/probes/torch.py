"""What torch says of itself, asked in a child process: its import takes seconds, and can crash or hang."""

from __future__ import annotations

import json
import signal
import sys
from importlib import metadata, util
from pathlib import Path

from qtune.core.export import child_environment
from qtune.core.secret import redact
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, TorchBuild, Unknown
from qtune.doctor.probes import program

CHILD = Path(__file__).with_name("torch_child.py")
SECONDS = 27.0


def probe(
    context: Context,
    seen: Facts,
    python: str = sys.executable,
    child: Path = CHILD,
    seconds: float = SECONDS,
) -> Known[TorchBuild] | Unknown:
    if not installed():
        return Known(TorchBuild(installed=False))
    # -P: a `torch.py` in the project is not torch, and a cloned repository's must not be run.
    environ = child_environment(context.settings, context.environ)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN"):
        environ.pop(name, None)  # no business of torch's
    done = program.run([python, "-P", "-X", "utf8", str(child)], environ, seconds)
    if done.status is None:
        if "TimeoutExpired" in done.err:
            return Unknown("timeout", f"import torch took longer than {seconds:.0f} s")
        return Unknown("crashed", redact(done.err))
    return Known(_build(done))


def installed() -> bool:
    try:
        return util.find_spec("torch") is not None
    except (ImportError, ValueError):
        return False


def _build(done: program.Outcome) -> TorchBuild:
    answer = _answer(done.out)
    if "error" in answer:
        return TorchBuild(True, _version(), error=redact(str(answer["error"]))[:500])
    if done.status != 0 or not answer:
        return TorchBuild(True, _version(), error=_crash(done))
    devices = answer.get("devices")
    return TorchBuild(
        installed=True,
        version=str(answer.get("version", "")),
        cuda=str(answer.get("cuda", "")),
        hip=str(answer.get("hip", "")),
        available=answer.get("available") is True,
        devices=tuple(str(name) for name in devices) if isinstance(devices, list) else (),
        bf16=answer.get("bf16") is True,
        mps=answer.get("mps") is True,
    )


def _answer(out: str) -> dict[str, object]:
    """The last line; libraries may print others before."""
    lines = [line for line in out.splitlines() if line.strip()]
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _crash(done: program.Outcome) -> str:
    assert done.status is not None
    last = next((line for line in reversed(done.err.splitlines()) if line.strip()), "")
    tail = f": {last.strip()}" if last else ""
    if done.status < 0:
        try:
            name = signal.Signals(-done.status).name
        except ValueError:
            name = f"signal {-done.status}"
        return redact(f"import torch crashed ({name}){tail}")[:500]
    return redact(f"import torch ended with status {done.status}{tail}")[:500]


def _version() -> str:
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""
