"""Packages that were built against torch, imported in a child process: what they are worth, no metadata says."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version

from qtune.core.export import child_environment
from qtune.core.secret import redact
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Import, Imports, Known, Unknown
from qtune.doctor.probes import program
from qtune.doctor.probes.packages import version

CHILD = Path(__file__).with_name("imports_child.py")
SECONDS = 27.0
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN")


def probe(
    context: Context,
    seen: Facts,
    python: str = sys.executable,
    seconds: float = SECONDS,
) -> Known[Imports] | Unknown:
    wanted = touching(context)
    if not wanted or not version("torch"):
        return Known(Imports())
    environ = child_environment(context.settings, context.environ)
    for name in _TOKENS:
        environ.pop(name, None)  # no business of theirs
    # -P: a file of that name in the project is not the package, and a cloned repository's must not be run.
    argv = [python, "-P", "-X", "utf8", str(CHILD), *wanted.values()]
    done = program.run(argv, environ, seconds)
    if done.status is None and "TimeoutExpired" in done.err:
        return Unknown(
            "timeout", f"importing {', '.join(wanted.values())} took longer than {seconds:.0f} s"
        )
    told = _told(done.out)
    if told.get("torch", "died") != "":
        return Known(Imports())  # torch itself is broken, which is another check's finding
    tried: dict[str, Import] = {}
    for name, module in wanted.items():
        tried[name] = Import(version(name), told.get(module, _end(done)))
        if module not in told:
            break  # the process died of this one; those behind it were not tried
    return Known(Imports(tried))


def touching(context: Context) -> Mapping[str, str]:
    """Name and module of those that are installed and that this training would import."""
    # transformers imports it where Pillow is installed too, also for a model that sees no pictures.
    names = {"torchvision": "torchvision"} if version("pillow") else {}
    training = context.goal.training
    if training is not None and training.tuning == "qlora":
        names["bitsandbytes"] = "bitsandbytes"
    asked = any("flash-attn" in names for names in context.goal.packages.values())
    if asked or _before_5(version("transformers")):
        names["flash-attn"] = "flash_attn"  # version 5 imports it only when it is asked for
    return {name: module for name, module in names.items() if version(name)}


def _before_5(installed: str) -> bool:
    try:
        return Version(installed).major < 5
    except InvalidVersion:
        return False


def _told(out: str) -> dict[str, str]:
    """A line of JSON for each that was tried: its name and "" or the error. Libraries may print others."""
    told: dict[str, str] = {}
    for line in out.splitlines():
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict) and isinstance(answer.get("tried"), str):
            told[answer["tried"]] = redact(str(answer.get("error", "")))[:500]
    return told


def _end(done: program.Outcome) -> str:
    """What is known of the one that was being imported when the child died."""
    last = next((line for line in reversed(done.err.splitlines()) if line.strip()), "")
    return redact(f"the import ended the process (status {done.status}) {last}".strip())[:500]
