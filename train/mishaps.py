"""Turns what the libraries raise into the errors of the catalogue; the only place that knows them."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

from qtune.core.errors import TrainError
from qtune.core.text import Text, plain
from qtune.train import reporting
from qtune.train.causes import failure

# A file system's or a shell's limit on one file (4 GB on FAT) ends a save as a full disk does.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# As safetensors and torch.save say it.
FULL_SAYS = ("No space left on device", "File too large", "PytorchStreamWriter failed")
GONE = ("Connection closed", "Connection reset", "Broken pipe", "Timed out", "Connection refused")
# What the doctor finds before a run, and may come to light only in it: words -> its code.
GPU_FAULTS = (
    ("no kernel image is available", "GPU505"),
    ("uncorrectable ECC error", "GPU509"),
    ("an illegal memory access was encountered", "GPU516"),
    ("unspecified launch failure", "GPU516"),
)


@contextmanager
def named(code: str, what: str) -> Iterator[None]:
    """What a library raises inside is the user's input being refused, under this code."""
    try:
        yield
    except Exception as error:
        # What may not be read here is the user's input: only the run directory is written to.
        known = None if isinstance(error, PermissionError) else translate(error)
        raise known or failure(code, plain(f"{what}: {_first_lines(error)}")) from error


def translate(error: BaseException) -> TrainError | None:
    """The error of the catalogue that this is, or None for a bug."""
    if isinstance(error, TrainError):
        return error
    if (refused := reporting.translated(error)) is not None:
        return refused
    if isinstance(error, OSError) and error.errno in FULL:
        return failure("TRN023", plain(str(error)))
    if isinstance(error, PermissionError) or getattr(error, "errno", None) == errno.EROFS:
        return failure("TRN024", plain(str(error)))
    if type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError):
        return failure("TRN022", plain(_first_lines(error)))
    for sign, code in GPU_FAULTS:
        if sign in str(error):
            return _of_the_gpu(code, error)
    if isinstance(error, pickle.UnpicklingError):  # torch.load with weights_only
        return failure("TRN076", plain(_first_lines(error).partition("\n")[0][:200]))
    if _is_loss_of_a_rank(error):
        return failure("TRN081", plain(_first_lines(error)))
    # torch's allocator for the CPU and safetensors' writer raise nothing more telling.
    if "can't allocate memory" in str(error):
        return failure("TRN022", plain(_first_lines(error)))
    if any(sign in str(error) for sign in FULL_SAYS):
        return failure("TRN023", plain(_first_lines(error)))
    return None


def _is_loss_of_a_rank(error: BaseException) -> bool:
    """What gloo, NCCL and the store raise when the other end is gone or says nothing."""
    if type(error).__name__ in ("DistBackendError", "DistNetworkError", "DistStoreError"):
        return True
    words = str(error)
    return "gloo" in words and any(sign in words for sign in GONE)


def _first_lines(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()][:4]
    return "\n".join(lines)[:600] or type(error).__name__


def _of_the_gpu(code: str, error: BaseException) -> TrainError:
    """A finding of the doctor's, under its code: its page says the rest."""
    what = _first_lines(error).partition("\n")[0]
    return TrainError(
        code,
        Text(f"The GPU cannot go on: {what}", f"GPU 无法继续：{what}"),
        Text(
            f"Run qtune doctor, which looks at the GPU itself; or qtune explain {code}. Checkpoints are kept.",
            f"请运行 qtune doctor 检查 GPU 本身，或查看 qtune explain {code}。检查点都还在。",
        ),
    )
