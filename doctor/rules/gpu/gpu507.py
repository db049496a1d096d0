"""GPU507: the GPU is cut into MIG instances, and the training would not get the right one."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import gib
from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Gpu, Slice, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.chosen import KEY, chosen, listed
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose

_LARGER = 1.5  # times the memory: below that a choice is a matter of taste


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or seen.how != "nvml" or wants_no_cuda(facts):
        return
    cut = [gpu for gpu in seen.gpus if gpu.mig]
    if not cut:
        return
    available = build is not None and build.available
    if not available and not any(gpu.slices or not gpu.mig for gpu in seen.gpus):
        yield _without_instances(facts, cut[0])
    if not (listed(facts, seen) or "").startswith("MIG-"):
        yield from _smaller_one(facts, cut)


def _without_instances(facts: Facts, gpu: Gpu) -> Finding:
    return Finding(
        "GPU507",
        severity(facts, Severity.WARNING),
        Text(
            f"MIG is on for the {gpu.name}, and it has no instance: no program can use it",
            f"{gpu.name} 开启了 MIG，但没有创建任何实例：任何程序都无法使用它",
        ),
        fix=manual(
            "Switch MIG off, or create an instance (both as root)",
            "关闭 MIG，或创建一个实例（都需要 root 权限）",
            command=f"sudo nvidia-smi -i {gpu.index} -mig 0",
        ),
    )


def _smaller_one(facts: Facts, cut: list[Gpu]) -> Iterable[Finding]:
    card = chosen(facts)
    if card is None or not card.mig or not card.slices:
        return
    whole = next((gpu for gpu in cut if gpu.index == card.index), None)
    if whole is None:
        return
    best = max(whole.slices, key=lambda part: part.memory_free)
    if best.memory_free < _LARGER * card.memory_free or not best.uuid:
        return
    yield Finding(
        "GPU507",
        Severity.WARNING,
        Text(
            f"Training would take the first MIG instance, {_size(card.slices[0])}; {_size(best)} is there too",
            f"训练会使用第一个 MIG 实例 {_size(card.slices[0])}；另有 {_size(best)}",
        ),
        fix=Fix(
            Text(f"Take the instance {_size(best)}", f"使用实例 {_size(best)}"),
            Applicability.UNSAFE,
            patch=EnvPatch({KEY: best.uuid}),
        ),
    )


def _size(part: Slice) -> str:
    return f"{part.name} ({gib(part.memory_free)})"


RULE = Rule(
    code="GPU507",
    name="mig",
    severity=Severity.WARNING,
    title=Text("The GPU is cut into MIG instances", "GPU 被划分为 MIG 实例"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            MIG (Multi-Instance GPU) cuts a large card into smaller ones with memory of their own. A process
            can use one instance, and takes the first unless `CUDA_VISIBLE_DEVICES` names another. MIG that is
            switched on without any instance leaves nothing to use.
            """,
            """
            MIG（多实例 GPU）把一块大显卡划分为几个各有独立显存的小实例。一个进程只能使用一个实例，
            `CUDA_VISIBLE_DEVICES` 没有指定时使用第一个。开启了 MIG 却没有创建实例时，什么都用不了。
            """,
        ),
        why=prose(
            """
            `nvidia-smi` shows the whole card with 80 GiB, and training runs out of memory in an instance of
            10. Instances cannot be joined: several of them do not make a larger one for one training.
            """,
            """
            `nvidia-smi` 显示整块 80 GiB 的显卡，训练却在 10 GiB 的实例里爆显存。
            实例之间不能合并：几个实例加起来也不能给同一个训练用。
            """,
        ),
        detect=prose(
            """
            NVML is asked whether MIG is on, and for the instances with their memory. A note comes where
            another instance has one and a half times as much free, a rule of thumb; an instance that was named
            is left alone. The memory that a training needs (MEM950) is held against the instance, not the card.

            Proved with recorded answers of NVML, not on hardware.
            """,
            """
            通过 NVML 查询是否开启 MIG，以及各实例的显存。当另一个实例的可用显存达到 1.5 倍以上时提示（经验值）；
            已明确指定实例的不再提示。训练所需显存（MEM950）按实例而不是整卡比较。

            用真实记录的 NVML 输出回放验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            Name the instance, as `nvidia-smi -L` lists it:

            ```
            CUDA_VISIBLE_DEVICES=MIG-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
            ```

            To have the whole card, switch MIG off (as root; it must be idle):

            ```bash
            sudo nvidia-smi -i 0 -mig 0
            ```
            """,
            """
            指定实例（名称见 `nvidia-smi -L`）：

            ```
            CUDA_VISIBLE_DEVICES=MIG-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
            ```

            想使用整卡，请关闭 MIG（需要 root，且显卡空闲）：

            ```bash
            sudo nvidia-smi -i 0 -mig 0
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            nvidia-smi -L
            qtune doctor --only GPU507
            ```
            """,
            """
            执行：

            ```bash
            nvidia-smi -L
            qtune doctor --only GPU507
            ```
            """,
        ),
        sources=(
            "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/mig-device-names.html",
            "https://github.com/pytorch/pytorch/issues/130181",
        ),
    ),
)
