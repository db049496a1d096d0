"""GPU516: torch has a GPU, and a computation on it fails; or all looks well and torch has none."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, TorchBuild, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.gpu503 import too_old
from qtune.doctor.rules.gpu.gpu505 import unsupported
from qtune.doctor.rules.gpu.gpu506 import hides_all
from qtune.doctor.rules.gpu.state import mismatched
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both

_FULL = ("out of memory", "busy or unavailable")  # words of torch and of CUDA
_MOST = 300


def judge(facts: Facts) -> Iterable[Finding]:
    build = known(facts.torch)
    if build is None or facts.setting("QTUNE_DEVICE").value == "cpu":
        return
    if build.kernel in ("failed", "hung", "crashed") and not unsupported(build):
        yield _fails(build)
    elif not wants_no_cuda(facts):
        yield from _unseen(facts, build)


def _fails(build: TorchBuild) -> Finding:
    place, _, number = build.tried.partition(" ")
    device = build.devices[0] if place == "cuda" and build.devices else place
    how = {
        "failed": Text("fails", "失败"),
        "hung": Text("does not come to an end", "没有结束"),
        "crashed": Text("crashes", "崩溃"),
    }[build.kernel or "failed"]
    return Finding(
        "GPU516",
        Severity.ERROR,
        Text(
            f"A small computation in {number} on the {device} {how.en}: training would, too",
            f"在 {device} 上用 {number} 做小规模计算{how.zh}：训练也会如此",
        ),
        (in_both(build.kernel_error[:_MOST]),) if build.kernel_error else (),
        because="GPU508" if any(word in build.kernel_error for word in _FULL) else "GPU509",
        fix=_mend(build),
    )


def _mend(build: TorchBuild) -> Fix:
    if any(word in build.kernel_error for word in _FULL):
        return manual(
            "See which program holds the GPU", "查看是哪个程序占用了 GPU", command="nvidia-smi"
        )
    return manual(
        "Restart the machine; if it still fails, install torch and the driver again",
        "重启机器；如果仍然失败，请重新安装 torch 和驱动",
        command="sudo reboot",
    )


def _unseen(facts: Facts, build: TorchBuild) -> Iterable[Finding]:
    """Driver and build suit each other, nothing hides the GPU, and torch does not get it all the same."""
    seen = known(facts.accelerator)
    if seen is None or not build.cuda or build.available or build.error or not _usable(seen):
        return
    if too_old(seen, build) or mismatched(seen) or hides_all(facts, seen):
        return
    yield Finding(
        "GPU516",
        severity(facts, Severity.WARNING),
        Text(
            f"The driver lists the {seen.gpus[0].name}, and torch {build.version} for CUDA {build.cuda} does not "
            "see it: training would run on the CPU",
            f"驱动能看到 {seen.gpus[0].name}，而 torch {build.version}（CUDA {build.cuda}）看不到：训练将在 CPU 上进行",
        ),
        (in_both(build.warning[:_MOST]),) if build.warning else (),
        because="GPU509",
        fix=manual(
            "Load the driver's module for computing, or restart the machine",
            "加载驱动的计算模块，或重启机器",
            command="sudo modprobe nvidia_uvm",
        ),
    )


def _usable(seen: Accelerator) -> bool:
    """Some card that is not cut into instances which nobody made (GPU507)."""
    return any(gpu.slices or not gpu.mig for gpu in seen.gpus)


RULE = Rule(
    code="GPU516",
    name="gpu-computes",
    severity=Severity.ERROR,
    title=Text("A computation on the GPU fails", "在 GPU 上计算失败"),
    needs=("torch", "accelerator"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The doctor computed a very small step of training on the device that would train, in the number
            format that would be used: a matrix product, forward and backward. It failed, crashed, or did not
            end. Or torch sees no GPU although driver and build suit each other.
            """,
            """
            诊断程序在将要训练的设备上、用将要使用的数值格式做了一次极小的训练步骤：矩阵乘法的前向和反向。
            它失败了、崩溃了或没有结束；或者驱动与 torch 版本相符，torch 却看不到 GPU。
            """,
        ),
        why=prose(
            """
            `torch.cuda.is_available()` asks only whether a driver is there. Whether the GPU computes is known
            after it has: otherwise the same error comes after the download and the loading of the model.
            """,
            """
            `torch.cuda.is_available()` 只说明有没有驱动。GPU 能否计算，要真正算过才知道；
            否则同样的错误会在下载并加载完模型之后才出现。
            """,
        ),
        detect=prose(
            """
            In a process of its own, which may crash or hang without harm, for 10 seconds at most. It holds some
            hundred MiB of the GPU's memory for that moment. `QTUNE_DEVICE` and `QTUNE_DTYPE` choose device and
            format as they do for the training; on the CPU nothing is tried. A missing kernel for the card is
            GPU505, a GPU in others' hands GPU508.

            The computation itself was run on the CPU and proved with a torch in its place that fails, hangs
            and crashes; it was not run on a GPU.
            """,
            """
            在独立进程中进行，崩溃或卡死都不会影响诊断，最长 10 秒，期间会占用几百 MiB 显存。
            设备和格式与训练一样由 `QTUNE_DEVICE` 和 `QTUNE_DTYPE` 决定；在 CPU 上不做尝试。
            缺少该显卡的内核属于 GPU505，被其他程序占用属于 GPU508。

            计算本身在 CPU 上运行过，并用会失败、卡死、崩溃的替身 torch 验证；未在 GPU 上运行。
            """,
        ),
        mend=prose(
            """
            In this order:

            1. After sleep, or an update of the driver: load the module anew, or restart.

            ```bash
            sudo modprobe nvidia_uvm
            ```

            2. See whether the driver itself is well: `nvidia-smi` and GPU509.
            3. Another number format, for once: `QTUNE_DTYPE=float32`.
            4. Install torch again, with the index that suits (GPU504 tells how).
            """,
            """
            按以下顺序：

            1. 休眠或更新驱动之后：重新加载模块，或重启。

            ```bash
            sudo modprobe nvidia_uvm
            ```

            2. 查看驱动本身是否正常：`nvidia-smi` 和 GPU509。
            3. 换一种数值格式试一次：`QTUNE_DTYPE=float32`。
            4. 用合适的索引重新安装 torch（方法见 GPU504）。
            """,
        ),
        verify=prose(
            """
            A number is printed, and no error:

            ```bash
            python -c "import torch; a = torch.randn(64, 64, device='cuda'); print((a @ a).sum().item())"
            qtune doctor --only GPU516
            ```
            """,
            """
            应当输出一个数，而不是报错：

            ```bash
            python -c "import torch; a = torch.randn(64, 64, device='cuda'); print((a @ a).sum().item())"
            qtune doctor --only GPU516
            ```
            """,
        ),
        sources=("https://github.com/pytorch/pytorch/issues/17966",),
    ),
)
