"""What torch says of itself, asked in a child process: its import takes seconds, and can crash or hang."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from importlib import metadata, util
from pathlib import Path

from qtune.core.export import child_environment
from qtune.core.secret import redact
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, TorchBuild, Unknown
from qtune.doctor.probes import program

CHILD = Path(__file__).with_name("torch_child.py")
SECONDS = 27.0
_LINES = 50
_MOST = 128


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
    wanted = [context.settings.text("QTUNE_DEVICE"), context.settings.text("QTUNE_DTYPE")]
    argv = [python, "-P", "-X", "utf8", str(child), *wanted, str(max(seconds - 2, 1))]
    done = program.run(argv, environ, seconds)
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
    answers = _answers(done.out)
    kernel = answers.pop() if len(answers) > 1 and "kernel" in answers[-1] else {}
    answer = answers[-1] if answers else {}
    if "error" in answer:
        return TorchBuild(True, _version(), error=_words(answer["error"], 500))
    tried = _words(answer.get("tried"), 40)
    if not answer or (done.status != 0 and not tried):
        return TorchBuild(True, _version(), error=_crash(done))
    build = TorchBuild(
        installed=True,
        version=_words(answer.get("version"), 80),
        cuda=_words(answer.get("cuda"), 20),
        hip=_words(answer.get("hip"), 40),
        available=answer.get("available") is True,
        devices=_each(answer.get("devices")),
        bf16=answer.get("bf16") is True,
        mps=answer.get("mps") is True,
        capabilities=_each(answer.get("capabilities")),
        uuids=tuple(_short(uuid) for uuid in _each(answer.get("uuids"))),
        archs=_each(answer.get("archs")),
        xpu=answer.get("xpu") is True,
        warning=_words(answer.get("warning"), 300),
        tried=tried,
    )
    return _computed(build, kernel, done) if tried else build


def _computed(build: TorchBuild, kernel: dict[str, object], done: program.Outcome) -> TorchBuild:
    """How the computation went that the child tried after it had told all else."""
    if kernel.get("kernel") == "ok":
        return replace(build, kernel="ok")
    if kernel:
        return replace(build, kernel="failed", kernel_error=_words(kernel.get("error"), 500))
    if "Timeout (" in done.err:  # the words of faulthandler's watch
        return replace(build, kernel="hung")
    return replace(build, kernel="crashed", kernel_error=_crash(done, "the computation"))


def _answers(out: str) -> list[dict[str, object]]:
    """The objects among the lines, up to the last one; libraries may print others before."""
    found: list[dict[str, object]] = []
    for line in [line for line in out.splitlines() if line.strip()][-_LINES:]:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            found.clear()
            continue
        found = [*found, answer] if isinstance(answer, dict) else []
    return found


def _words(value: object, most: int) -> str:
    """The first lines of what somebody said, without what a terminal would obey."""
    words = redact(str(value if value is not None else "")[: 4 * most])
    shown = "".join(c if c.isprintable() else " " for c in words)
    return " ".join(shown.split())[:most]


def _each(rows: object) -> tuple[str, ...]:
    return tuple(_words(row, 100) for row in rows[:_MOST]) if isinstance(rows, list) else ()


def _short(uuid: str) -> str:
    """As NVML's are kept: torch leaves out the GPU- before it."""
    if not uuid or uuid.startswith("MIG-"):
        return uuid
    return f"GPU-{uuid.removeprefix('GPU-')}"[:12]


def _crash(done: program.Outcome, what: str = "import torch") -> str:
    assert done.status is not None
    last = next((line for line in reversed(done.err.splitlines()) if line.strip()), "")
    tail = f": {last}" if last else ""
    if done.status < 0:
        try:
            name = signal.Signals(-done.status).name
        except ValueError:
            name = f"signal {-done.status}"
        return _words(f"{what} crashed ({name}){tail}", 500)
    return _words(f"{what} ended with status {done.status}{tail}", 500)


def _version() -> str:
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""
