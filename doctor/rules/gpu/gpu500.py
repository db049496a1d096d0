"""GPU500: there is no GPU to train on."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.state import elsewhere, told_elsewhere
from qtune.doctor.rules.gpu.wish import TRAINING, insists, severity, wants_no_cuda
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    """Not when torch has a device that NVIDIA's tools do not know of: ROCm, Apple's MPS."""
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or build is None or build.error or wants_no_cuda(facts):
        return
    if seen.gpus or seen.pci or seen.driver or build.available or build.mps or build.hip:
        return
    if told_elsewhere(seen) or elsewhere(seen) or build.xpu:
        return
    device = facts.setting("QTUNE_DEVICE")
    yield Finding(
        "GPU500",
        severity(facts, Severity.INFO),
        Text(
            "No GPU was found: training would run on the CPU, which suits small models only",
            "没有找到 GPU：训练将在 CPU 上进行，只适合小模型",
        )
        if not insists(facts)
        else Text(
            f"QTUNE_DEVICE=cuda ({device.origin.describe().en}), but no NVIDIA GPU was found",
            f"QTUNE_DEVICE=cuda（{device.origin.describe().zh}），但没有找到 NVIDIA GPU",
        ),
        (in_both(seen.error),) if seen.error else (),
        span=span_of(device.origin, facts),
        fix=Fix(
            Text("Let qtune choose the device", "让 qtune 自动选择设备"),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({"QTUNE_DEVICE"})),
        )
        if insists(facts)
        else manual(
            "Fine for a try with a small model; for a larger one take a machine with a GPU",
            "用小模型试跑没有问题；训练更大的模型请换用带 GPU 的机器",
            command="qtune run quickstart",
        ),
    )


RULE = Rule(
    code="GPU500",
    name="no-device",
    severity=Severity.INFO,
    title=Text("There is no GPU", "没有 GPU"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            No NVIDIA GPU is on this machine's bus, NVIDIA's driver is not loaded, and torch sees no other
            accelerator (AMD's ROCm, Apple's MPS).
            """,
            """
            本机总线上没有 NVIDIA GPU，也没有加载 NVIDIA 驱动，
            torch 也没有看到其他加速设备（AMD ROCm、Apple MPS）。
            """,
        ),
        why=prose(
            """
            Training on the CPU is legitimate: the quickstart does it in under two minutes. With a model of
            some billion parameters it takes days where a GPU takes hours. That is a rule of thumb, not a
            measurement of this machine.

            It is an error only with `QTUNE_DEVICE=cuda`: then you asked for what is not there.
            """,
            """
            用 CPU 训练是可以的：快速入门示例不到两分钟就能跑完。
            但数十亿参数的模型在 GPU 上要几小时的训练，在 CPU 上要几天。
            这是经验判断，并非对本机的测量。

            只有设置了 `QTUNE_DEVICE=cuda` 时才算错误：你要求的设备不存在。
            """,
        ),
        detect=prose(
            """
            NVIDIA's library (NVML) or `nvidia-smi` is asked, the PCI bus is looked at where the system
            shows it, and torch is asked in a process of its own.
            """,
            """
            询问 NVIDIA 的 NVML 库或 `nvidia-smi`，在系统允许时查看 PCI 总线，并在独立进程中询问 torch。
            """,
        ),
        mend=prose(
            """
            - Only downloading here: `qtune doctor --for download` leaves GPUs out.
            - In a container: start it with `--gpus all`; the host needs nvidia-container-toolkit.
            - On a cluster's login node: run the doctor on a node with a GPU.
            - Training on the CPU on purpose, which silences this:

            ```
            QTUNE_DEVICE=cpu
            ```
            """,
            """
            - 这台机器只用来下载：`qtune doctor --for download` 不检查 GPU。
            - 在容器里：用 `--gpus all` 启动；宿主机需要安装 nvidia-container-toolkit。
            - 在集群的登录节点：请到带 GPU 的节点上运行诊断。
            - 确实要用 CPU 训练（设置后不再提示）：

            ```
            QTUNE_DEVICE=cpu
            ```
            """,
        ),
        verify=prose(
            """
            The table of the first command lists the GPUs that there are:

            ```bash
            nvidia-smi
            qtune doctor --only GPU500
            ```
            """,
            """
            第一条命令的表格会列出现有的 GPU：

            ```bash
            nvidia-smi
            qtune doctor --only GPU500
            ```
            """,
        ),
        sources=(
            "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html",
        ),
    ),
)
