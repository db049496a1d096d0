"""GPU503: the driver is older than the CUDA that torch was built for."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text, plain
from qtune.doctor.facts import Accelerator, Facts, TorchBuild, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wheels import DRIVERS, LEAST_DRIVER, install, major_of, wheel_for
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def least(build: TorchBuild) -> int | None:
    """The oldest driver for this build; None for a version of CUDA whose needs are not known."""
    return LEAST_DRIVER.get(major_of(build.cuda) or 0)


def too_old(seen: Accelerator, build: TorchBuild) -> bool:
    needed, has = least(build), major_of(seen.driver)
    if not seen.gpus or build.available or needed is None or has is None:
        return False
    return has < needed


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or build is None or wants_no_cuda(facts) or not too_old(seen, build):
        return
    yield Finding(
        "GPU503",
        severity(facts, Severity.WARNING),
        Text(
            f"torch {build.version} is built for CUDA {build.cuda}, which needs driver {least(build)} or newer; "
            f"{seen.driver} is installed: training would run on the CPU",
            f"torch {build.version} 为 CUDA {build.cuda} 构建，需要驱动 {least(build)} 或更新，"
            f"当前驱动是 {seen.driver}：训练将在 CPU 上进行",
        ),
        (
            plain(f"torch.cuda.is_available() = False, torch.version.cuda = {build.cuda}"),
            *((in_both(build.warning),) if build.warning else ()),
        ),
        fix=_fix(seen),
    )


def _fix(seen: Accelerator) -> Fix:
    wheel = wheel_for(seen)
    where = Text(" in Windows", "（在 Windows 中）") if seen.around.wsl else Text("", "")
    if wheel is None:
        return manual(
            f"Update NVIDIA's driver{where.en}", f"更新 NVIDIA 驱动{where.zh}", url=DRIVERS
        )
    return manual(
        f"Update NVIDIA's driver{where.en}, or install the torch that suits this one ({wheel})",
        f"更新 NVIDIA 驱动{where.zh}，或安装适合当前驱动的 torch（{wheel}）",
        command=install(wheel),
        url=DRIVERS,
    )


RULE = Rule(
    code="GPU503",
    name="driver-too-old",
    severity=Severity.WARNING,
    title=Text("The GPU's driver is too old for torch", "GPU 驱动版本太旧，不支持当前 torch"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The installed torch was built for a version of CUDA that this driver does not know. Each major
            version needs a driver of its time:

            | torch.version.cuda | driver |
            |---|---|
            | 13.x | 580 or newer |
            | 12.x | 525 or newer |
            | 11.x | 450 or newer |
            """,
            """
            安装的 torch 所用的 CUDA 版本，当前驱动不支持。每个大版本都有最低驱动要求：

            | torch.version.cuda | 驱动 |
            |---|---|
            | 13.x | 580 及以上 |
            | 12.x | 525 及以上 |
            | 11.x | 450 及以上 |
            """,
        ),
        why=prose(
            """
            `torch.cuda.is_available()` becomes False with at most a warning ("The NVIDIA driver on your
            system is too old (found version 12020)"), and training goes to the CPU. The plain
            `pip install torch` brings a build for CUDA 13 since torch 2.11: an update of torch is enough to
            lose the GPU.
            """,
            """
            `torch.cuda.is_available()` 变为 False，最多只有一条警告（"The NVIDIA driver on your system is
            too old (found version 12020)"），训练随之转到 CPU。从 torch 2.11 起，直接
            `pip install torch` 装到的是 CUDA 13 版：升级一次 torch 就可能用不了 GPU。
            """,
        ),
        detect=prose(
            """
            The driver's version as NVML tells it, against `torch.version.cuda`, and only where torch does
            not see the GPU: with NVIDIA's forward-compatibility package an older driver can be enough. In
            WSL the driver is that of Windows.

            Proved with recorded answers of driver and torch, not on hardware.
            """,
            """
            对照 NVML 报告的驱动版本与 `torch.version.cuda`，并且只在 torch 看不到 GPU 时提示：
            装了 NVIDIA 的前向兼容包时，较旧的驱动也可能可用。WSL 中的驱动版本即 Windows 的驱动版本。

            用真实记录的驱动和 torch 输出回放验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            Update the driver (https://www.nvidia.com/drivers), or where you may not, install a torch for
            the driver that is there:

            ```bash
            pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu126
            ```

            The finding names the index that suits driver and card. Packages that were built against torch
            (torchvision, torchaudio, flash-attn) must be installed again beside it.
            """,
            """
            更新驱动（https://www.nvidia.com/drivers）；没有权限时，改装适合现有驱动的 torch：

            ```bash
            pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu126
            ```

            诊断结果会给出适合该驱动和显卡的索引。依赖 torch 编译的包（torchvision、torchaudio、flash-attn）
            需要一并重装。
            """,
        ),
        verify=prose(
            """
            The last word should be `True`:

            ```bash
            python -c "import torch; print(torch.version.cuda, torch.cuda.is_available())"
            qtune doctor --only GPU503
            ```
            """,
            """
            最后一项应当是 `True`：

            ```bash
            python -c "import torch; print(torch.version.cuda, torch.cuda.is_available())"
            qtune doctor --only GPU503
            ```
            """,
        ),
        sources=(
            "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html",
            "https://github.com/pytorch/pytorch/issues/30528",
            "https://github.com/pytorch/pytorch/issues/172663",
        ),
    ),
)
