"""NVIDIA's management library, asked in a child process: no package and no torch is needed for it."""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from qtune.core.secret import redact
from qtune.doctor.facts import Gpu, Holder, Slice, Wear
from qtune.doctor.probes import program

CHILD = Path(__file__).with_name("nvml_child.py")
SECONDS = 4.0
_LONGEST = 200  # letters
_MOST = 32  # cards, and whatever there are several of on one
_UUID = len("GPU-8932f937")  # enough to tell the cards of a machine apart, and to name one to CUDA
_MODES = ("default", "prohibited", "exclusive")
_LARGEST = 1 << 60

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """`error` in NVML's words, with `status`, its number for them; then there are no GPUs."""

    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    library: str = ""
    lost: tuple[str, ...] = ()
    error: str = ""
    status: int = 0


def loads(names: tuple[str, ...]) -> bool:
    """Is there such a library at all? Nothing of it is called here."""
    for name in names:
        with suppress(OSError, ValueError):
            ctypes.CDLL(name)
            return True
    return False


def ask(
    names: tuple[str, ...],
    environ: Mapping[str, str],
    seconds: float = SECONDS,
    python: str = sys.executable,
) -> Answer:
    argv = [python, "-I", "-S", "-X", "utf8", str(CHILD), *names]
    done = program.run(argv, environ, seconds)
    if done.status is None:
        late = "TimeoutExpired" in done.err
        said = f"NVML gave no answer within {seconds:.0f} s" if late else done.err
        return Answer(error=redact(said)[:500])
    read = answer(done.out)
    if read is not None and done.status == 0:
        return read
    if done.status < 0:
        with suppress(ValueError):
            return Answer(error=f"NVML crashed ({signal.Signals(-done.status).name})")
    return Answer(error="NVML gave an answer that makes no sense")


def answer(out: str) -> Answer | None:
    """The child's last line; None for what is none."""
    lines = [line for line in out.splitlines() if line.strip()]
    try:
        said = json.loads(lines[-1]) if lines else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return Answer(
        gpus=_each(said.get("gpus"), _gpu),
        driver=_text(said.get("driver")),
        library=_text(said.get("library")),
        lost=_each(said.get("lost"), lambda row: _text(row) or None),
        error=_text(said.get("error")),
        status=_number(said.get("status")),
    )


def _gpu(row: object) -> Gpu | None:
    if not isinstance(row, dict):
        return None
    mode = row.get("mode")
    wear = row.get("wear")
    return Gpu(
        index=_number(row.get("index")),
        name=_text(row.get("name")),
        memory_total=_number(row.get("memory_total")),
        memory_free=_number(row.get("memory_free")),
        capability=_text(row.get("capability")),
        uuid=_text(row.get("uuid"))[:_UUID],
        mode=cast(Literal["default", "prohibited", "exclusive"], mode) if mode in _MODES else "",
        mig=row.get("mig") is True,
        slices=_each(row.get("slices"), _slice),
        holders=_each(row.get("holders"), _holder),
        wear=_wear(wear) if isinstance(wear, dict) else Wear(),
        slowed=_each(row.get("slowed"), lambda name: _text(name) or None),
    )


def _slice(row: object) -> Slice | None:
    if not isinstance(row, dict):
        return None
    return Slice(
        _text(row.get("uuid")),
        _text(row.get("name")),
        _number(row.get("memory_total")),
        _number(row.get("memory_free")),
    )


def _holder(row: object) -> Holder | None:
    if not isinstance(row, dict):
        return None
    return Holder(_number(row.get("pid")), _number(row.get("memory")))


def _wear(row: Mapping[str, Any]) -> Wear:
    return Wear(
        _number(row.get("uncorrected")), row.get("pending") is True, row.get("failed") is True
    )


def _each(rows: object, read: Callable[[object], T | None]) -> tuple[T, ...]:
    made = [read(row) for row in rows[:_MOST]] if isinstance(rows, list) else []
    return tuple(row for row in made if row is not None)


def _text(value: object) -> str:
    """On one line, without what a terminal would obey."""
    words = value[: _LONGEST * 4] if isinstance(value, str) else ""
    return redact("".join(c if c.isprintable() else " " for c in words).strip())[:_LONGEST]


def _number(value: object) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return cast(int, value) if whole and 0 <= cast(int, value) < _LARGEST else 0
