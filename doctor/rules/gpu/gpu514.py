"""GPU514: Windows has NVIDIA's driver, and WSL does not get the GPU."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.state import mismatched, wsl_without_gpu
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both

_GUIDE = "https://docs.nvidia.com/cuda/wsl-user-guide/index.html"


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or not wsl_without_gpu(seen) or mismatched(seen) or wants_no_cuda(facts):
        return
    if build is not None and build.available:
        return
    yield Finding(
        "GPU514",
        severity(facts, Severity.WARNING),
        _message(seen),
        (in_both(seen.error),) if seen.error else (),
        fix=_fix(seen),
    )


def _message(seen: Accelerator) -> Text:
    around = seen.around
    if around.wsl == 1:
        return Text(
            "Windows has an NVIDIA driver, but this is WSL 1, which has no GPU: training would run on the CPU",
            "Windows 装有 NVIDIA 驱动，但这里是不支持 GPU 的 WSL 1：训练将在 CPU 上进行",
        )
    if around.linux_library:
        return Text(
            f"A Linux driver was installed inside WSL ({around.linux_library}) and hides the one that Windows "
            "lends: training would run on the CPU",
            f"WSL 里安装了 Linux 驱动（{around.linux_library}），遮住了 Windows 提供的驱动：训练将在 CPU 上进行",
        )
    if around.wsl_library:
        return Text(
            "Windows lends its NVIDIA driver to WSL, but it does not answer: training would run on the CPU",
            "Windows 已把 NVIDIA 驱动提供给 WSL，但驱动没有响应：训练将在 CPU 上进行",
        )
    return Text(
        "Windows has an NVIDIA driver, but lends no CUDA to WSL: training would run on the CPU",
        "Windows 装有 NVIDIA 驱动，但没有向 WSL 提供 CUDA：训练将在 CPU 上进行",
    )


def _fix(seen: Accelerator) -> Fix:
    around = seen.around
    if around.wsl == 1:
        return manual(
            "In Windows, turn this distribution into WSL 2",
            "在 Windows 中把这个发行版转换为 WSL 2",
            command="wsl --set-version DISTRIBUTION 2",
            url=_GUIDE,
        )
    if around.linux_library:
        return manual(
            "Remove the Linux driver from WSL, then restart WSL from Windows (wsl --shutdown)",
            "从 WSL 中删除 Linux 驱动，再在 Windows 中重启 WSL（wsl --shutdown）",
            command="sudo apt-get remove --purge 'libnvidia-compute-*' 'nvidia-driver-*'",
            url=_GUIDE,
        )
    return manual(
        "Update NVIDIA's driver in Windows and restart WSL; never install a Linux driver in WSL",
        "在 Windows 中更新 NVIDIA 驱动并重启 WSL；不要在 WSL 里安装 Linux 驱动",
        command="wsl --shutdown",
        url=_GUIDE,
    )


RULE = Rule(
    code="GPU514",
    name="wsl-without-gpu",
    severity=Severity.WARNING,
    title=Text("WSL does not get the GPU", "WSL 没有得到 GPU"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            In WSL 2 the driver is that of Windows: it lends its libraries to Linux in `/usr/lib/wsl/lib`. Here
            Windows has an NVIDIA driver and nothing of it works: this is WSL 1, the driver is too old for WSL,
            or a Linux driver was installed inside and hides it.
            """,
            """
            WSL 2 使用 Windows 的驱动，其库文件位于 `/usr/lib/wsl/lib`。这里 Windows 装有 NVIDIA 驱动，但 WSL 用不了：
            可能是 WSL 1，或驱动太旧不支持 WSL，或在 WSL 里又装了 Linux 驱动把它遮住。
            """,
        ),
        why=prose(
            """
            Torch does not see the GPU, and the usual advice for Linux, to install a driver, makes it worse: a
            Linux driver cannot work in WSL and takes the place of the one that can.
            """,
            """
            torch 看不到 GPU，而 Linux 上的常见建议“安装驱动”只会更糟：Linux 驱动在 WSL 里无法工作，还会取代原本可用的驱动。
            """,
        ),
        detect=prose(
            """
            The kernel calls itself Microsoft's. Then: `nvidia-smi.exe` in Windows' folder,
            `/usr/lib/wsl/lib/libcuda.so.1`, and any `libcuda.so` of a Linux driver in the usual folders. Where
            Windows shows no NVIDIA driver, nothing is said.

            Proved with such files in a folder that stands for the system's root, not under Windows.
            """,
            """
            内核版本中带有 Microsoft 字样；再查看 Windows 目录中的 `nvidia-smi.exe`、
            `/usr/lib/wsl/lib/libcuda.so.1`，以及常用目录中是否有 Linux 驱动的 `libcuda.so`。
            Windows 没有 NVIDIA 驱动时不提示。

            用放有这些文件的目录代替系统根目录验证，未在 Windows 上实测。
            """,
        ),
        mend=prose(
            """
            - **A Linux driver inside**: remove it,

            ```bash
            sudo apt-get remove --purge 'libnvidia-compute-*' 'nvidia-driver-*'
            ```

            - **WSL 1**: in Windows, `wsl --set-version DISTRIBUTION 2`.
            - **The driver is too old**: update it in Windows, from https://www.nvidia.com/drivers.

            After each, in Windows:

            ```powershell
            wsl --shutdown
            ```
            """,
            """
            - **WSL 里装了 Linux 驱动**：删除它，

            ```bash
            sudo apt-get remove --purge 'libnvidia-compute-*' 'nvidia-driver-*'
            ```

            - **WSL 1**：在 Windows 中执行 `wsl --set-version DISTRIBUTION 2`。
            - **驱动太旧**：在 Windows 中从 https://www.nvidia.com/drivers 更新。

            之后都要在 Windows 中执行：

            ```powershell
            wsl --shutdown
            ```
            """,
        ),
        verify=prose(
            """
            In WSL:

            ```bash
            /usr/lib/wsl/lib/nvidia-smi
            qtune doctor --only GPU514
            ```
            """,
            """
            在 WSL 中执行：

            ```bash
            /usr/lib/wsl/lib/nvidia-smi
            qtune doctor --only GPU514
            ```
            """,
        ),
        sources=(_GUIDE,),
    ),
)
