"""GPU501: an NVIDIA GPU is built in, and no driver makes it usable."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.state import told_elsewhere
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or seen.gpus or not seen.pci or wants_no_cuda(facts):
        return
    if told_elsewhere(seen) or (build is not None and build.available):
        return
    yield Finding(
        "GPU501",
        severity(facts, Severity.WARNING),
        _message(seen),
        (in_both(seen.error),) if seen.error else (),
        fix=_fix(seen),
    )


def _without_library(seen: Accelerator) -> bool:
    """The kernel's part of the driver is there and the programs' is not: usual in a container."""
    return bool(seen.driver) and seen.how == "none"


def _message(seen: Accelerator) -> Text:
    if _without_library(seen):
        return Text(
            f"An NVIDIA GPU is built in and driver {seen.driver} is loaded, but its libraries are not here: "
            "training would run on the CPU",
            f"本机有 NVIDIA GPU，也加载了驱动 {seen.driver}，但这里没有它的库文件：训练将在 CPU 上进行",
        )
    if seen.driver:
        return Text(
            f"An NVIDIA GPU is built in and driver {seen.driver} is installed, but it does not answer",
            f"本机有 NVIDIA GPU，也装了驱动 {seen.driver}，但驱动没有响应",
        )
    return Text(
        "An NVIDIA GPU is built in, but no driver is loaded: training would run on the CPU",
        "本机有 NVIDIA GPU，但没有加载驱动：训练将在 CPU 上进行",
    )


def _fix(seen: Accelerator) -> Fix:
    if _without_library(seen):
        return manual(
            "In a container: start it with --gpus all; else install the libraries of this very driver version",
            "在容器中：用 --gpus all 启动；否则请安装与该驱动版本一致的库",
            url="https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html",
        )
    if seen.driver:
        return manual(
            "Restart the machine; if it still does not answer, install the driver again",
            "重启机器；如果仍没有响应，请重新安装驱动",
        )
    return manual(
        "Install NVIDIA's driver, then restart the machine",
        "安装 NVIDIA 驱动，然后重启",
        command="sudo ubuntu-drivers install",
        url="https://www.nvidia.com/drivers",
    )


RULE = Rule(
    code="GPU501",
    name="no-driver",
    severity=Severity.WARNING,
    title=Text("The GPU has no working driver", "GPU 没有可用的驱动"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The PCI bus shows an NVIDIA device, but its driver is not loaded or does not answer. Without it
            no program can use the GPU.
            """,
            """
            PCI 总线上有 NVIDIA 设备，但驱动没有加载或没有响应。没有驱动，任何程序都用不了 GPU。
            """,
        ),
        why=prose(
            """
            torch says only `torch.cuda.is_available() == False`, which looks like a wrong torch. Installing
            another torch does not help here.
            """,
            """
            torch 只会告诉你 `torch.cuda.is_available() == False`，看起来像是 torch 装错了。
            但这种情况重装 torch 没有用。
            """,
        ),
        detect=prose(
            """
            Devices of vendor 10de on the bus, against what NVIDIA's library (NVML) or `nvidia-smi` says.
            When these say something, it is quoted. Where there is a closer cause, that one is told instead:
            driver and library of two versions (GPU502), a card that fell out (GPU509), a container without
            the GPU (GPU513), WSL (GPU514).
            """,
            """
            对照总线上厂商号为 10de 的设备，与 NVIDIA 的 NVML 库或 `nvidia-smi` 的回答；有原话时会一并给出。
            如果有更直接的原因，则只报告那个原因：驱动与库版本不一致（GPU502）、显卡掉线（GPU509）、
            容器没有 GPU（GPU513）、WSL（GPU514）。
            """,
        ),
        mend=prose(
            """
            Ubuntu:

            ```bash
            sudo ubuntu-drivers install
            sudo reboot
            ```

            Other systems: https://www.nvidia.com/drivers. After that:

            - **Secure Boot** refuses unsigned modules: enrol the key that the installer offers (MOK), or
              switch Secure Boot off.
            - **nouveau**, the open driver, holds the card: the distribution's package blocks it, the `.run`
              installer needs that done by hand.
            - **A container**: the host's driver counts. Start with `--gpus all`.
            - **WSL**: install the driver in Windows only, never in WSL.
            """,
            """
            Ubuntu：

            ```bash
            sudo ubuntu-drivers install
            sudo reboot
            ```

            其他系统见 https://www.nvidia.com/drivers 。如果仍不行：

            - **安全启动（Secure Boot）** 会拒绝未签名的模块：按安装程序的提示注册密钥（MOK），或关闭安全启动。
            - **nouveau** 开源驱动占用了显卡：发行版的驱动包会自动禁用它，用 `.run` 安装则需要手动禁用。
            - **容器**：取决于宿主机的驱动，用 `--gpus all` 启动。
            - **WSL**：只在 Windows 中安装驱动，不要在 WSL 里安装。
            """,
        ),
        verify=prose(
            """
            The first command should show a table, not an error:

            ```bash
            nvidia-smi
            qtune doctor --only GPU501
            ```
            """,
            """
            第一条命令应当显示表格，而不是报错：

            ```bash
            nvidia-smi
            qtune doctor --only GPU501
            ```
            """,
        ),
        sources=("https://docs.nvidia.com/cuda/wsl-user-guide/index.html",),
    ),
)
