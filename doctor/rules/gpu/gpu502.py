"""GPU502: the loaded driver and the library that speaks to it are of two versions."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.state import library_version, mismatched
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or not mismatched(seen) or wants_no_cuda(facts):
        return
    if build is not None and build.available:
        return
    library = library_version(seen)
    loaded = seen.driver or "?"
    yield Finding(
        "GPU502",
        severity(facts, Severity.WARNING),
        Text(
            f"NVIDIA's driver was updated and the old one is still loaded (loaded {loaded}, its library "
            f"{library or 'of another version'}): training would run on the CPU",
            f"NVIDIA 驱动已更新，但加载的仍是旧版（已加载 {loaded}，库文件版本"
            f"{f' {library}' if library else '不同'}）：训练将在 CPU 上进行",
        ),
        (in_both(seen.error),) if seen.error else (),
        fix=_fix(seen),
    )


def _fix(seen: Accelerator) -> Fix:
    if seen.around.container:
        return manual(
            "Start the container anew; if that does not help, restart the host",
            "重新创建容器；如果仍不行，请重启宿主机",
            url="https://github.com/NVIDIA/nvidia-container-toolkit/issues/394",
        )
    return manual("Restart the machine", "重启机器", command="sudo reboot")


RULE = Rule(
    code="GPU502",
    name="driver-library-mismatch",
    severity=Severity.WARNING,
    title=Text("The GPU's driver and its library differ", "GPU 驱动与其库版本不一致"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            NVIDIA's driver has two parts: a module in the kernel and libraries for programs. They must be
            of the very same version. An update has replaced the libraries, and the kernel still runs the
            old module: `Failed to initialize NVML: Driver/library version mismatch`.
            """,
            """
            NVIDIA 驱动由两部分组成：内核模块和供程序使用的库，两者的版本必须完全一致。
            更新替换了库文件，而内核里运行的仍是旧模块：
            `Failed to initialize NVML: Driver/library version mismatch`。
            """,
        ),
        why=prose(
            """
            No program can use the GPU until they agree. Torch says only `is_available() == False`, so that
            many reinstall torch, which changes nothing. On Ubuntu it comes over night, from the automatic
            updates.
            """,
            """
            两者一致之前，任何程序都用不了 GPU。torch 只显示 `is_available() == False`，
            所以很多人会去重装 torch，但没有用。在 Ubuntu 上，自动更新常常在夜间造成这种情况。
            """,
        ),
        detect=prose(
            """
            NVML ends with its error 18, or `nvidia-smi` says so in words. The version of the loaded module
            is that of `/proc/driver/nvidia/version`; that of the library is read from its file's name.

            Proved against recorded answers played back by a library and a program in their place, not on a
            machine in this state.
            """,
            """
            NVML 返回错误 18，或 `nvidia-smi` 用文字说明。已加载模块的版本取自
            `/proc/driver/nvidia/version`，库的版本取自其文件名。

            用替身库和程序回放真实记录验证，未在处于此状态的机器上实测。
            """,
        ),
        mend=prose(
            """
            Restart the machine:

            ```bash
            sudo reboot
            ```

            Where that cannot be, stop every program that uses the GPU, the desktop included, and load the
            new module:

            ```bash
            sudo rmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia
            sudo modprobe nvidia
            ```

            In a container the libraries come from the host at its start: create it anew. So that it does
            not come back, hold the driver's packages (`sudo apt-mark hold`) and update them on purpose.
            """,
            """
            重启机器：

            ```bash
            sudo reboot
            ```

            不能重启时，先停止所有使用 GPU 的程序（包括桌面），再加载新模块：

            ```bash
            sudo rmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia
            sudo modprobe nvidia
            ```

            容器里的库在启动时由宿主机挂载，需要重新创建容器。为避免再次发生，可用 `sudo apt-mark hold`
            锁定驱动包，之后手动更新。
            """,
        ),
        verify=prose(
            """
            ```bash
            nvidia-smi
            qtune doctor --only GPU502
            ```
            """,
            """
            执行：

            ```bash
            nvidia-smi
            qtune doctor --only GPU502
            ```
            """,
        ),
        sources=(
            "https://github.com/oddmario/NVIDIA-Ubuntu-Driver-Guide/issues/4",
            "https://github.com/NVIDIA/deepops/issues/1186",
            "https://github.com/NVIDIA/nvidia-container-toolkit/issues/394",
        ),
    ),
)
