"""GPU509: the GPU itself is faulty: it was lost, or its memory has errors that could not be corrected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.text import Text, plain
from qtune.doctor.facts import Accelerator, Facts, Gpu, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.chosen import chosen, listed, visible
from qtune.doctor.rules.gpu.state import gone
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    seen = known(facts.accelerator)
    if seen is None or wants_no_cuda(facts):
        return
    evidence = tuple(plain(fault) for fault in seen.around.xids)
    if gone(seen):
        yield _lost(facts, seen, evidence)
        return
    worn = [gpu for gpu in _used(facts, seen) if not gpu.wear.ok]
    if worn:
        yield _worn(worn[0], evidence)
    elif evidence and seen.gpus:
        yield Finding(
            "GPU509",
            Severity.INFO,
            Text(
                "Since the machine was started, the kernel has written down faults of a GPU",
                "开机以来，内核记录过 GPU 硬件故障",
            ),
            evidence,
            fix=_restart(),
        )


def _used(facts: Facts, seen: Accelerator) -> tuple[Gpu, ...]:
    card = chosen(facts)
    return (card,) if card is not None else visible(listed(facts, seen), seen).cards


def _lost(facts: Facts, seen: Accelerator, evidence: tuple[Text, ...]) -> Finding:
    said = tuple(plain(words) for words in (*seen.lost, seen.error) if words)
    build = known(facts.torch)
    works = build is not None and build.available
    return Finding(
        "GPU509",
        Severity.WARNING if works else severity(facts, Severity.WARNING),
        Text(
            "A GPU of this machine no longer answers"
            + ("" if works else ": training would run on the CPU"),
            "本机有一块 GPU 已无响应" + ("" if works else "：训练将在 CPU 上进行"),
        ),
        (*said, *evidence),
        fix=_restart(),
    )


def _worn(gpu: Gpu, evidence: tuple[Text, ...]) -> Finding:
    name = f"GPU {gpu.index} ({gpu.name})"
    level = Severity.WARNING
    if gpu.wear.failed:
        message = Text(
            f"{name} has bad memory that could not be replaced by spare: it should be exchanged",
            f"{name} 有损坏的显存，且备用行已无法替换：应当更换这块显卡",
        )
    elif not gpu.wear.uncorrected:  # the card keeps away from it until then
        level = Severity.INFO
        message = Text(
            f"{name} has bad memory, in whose place a reset would put spare",
            f"{name} 有损坏的显存，重置后会换用备用显存",
        )
    else:
        message = Text(
            f"{name} has had memory errors that could not be corrected: a training can break off, or compute "
            "wrongly",
            f"{name} 出现过无法纠正的显存错误：训练可能中断或算错",
        )
    return Finding("GPU509", level, message, (*_told(gpu), *evidence), fix=_restart())


def _told(gpu: Gpu) -> Iterator[Text]:
    wear = gpu.wear
    if wear.uncorrected:
        yield Text(
            f"{wear.uncorrected} uncorrected ECC errors since the driver was loaded",
            f"驱动加载以来有 {wear.uncorrected} 个无法纠正的 ECC 错误",
        )
    if wear.pending:
        yield Text(
            "spare memory will take the bad one's place at the next reset",
            "下次重置时将用备用显存替换损坏的部分",
        )
    if wear.failed:
        yield Text("a replacement has failed", "有一次替换失败")


def _restart() -> Fix:
    return manual(
        "Restart the machine; if it comes again, have the card looked at",
        "重启机器；如果再次出现，请检修显卡",
        command="sudo reboot",
    )


RULE = Rule(
    code="GPU509",
    name="gpu-fault",
    severity=Severity.WARNING,
    title=Text("The GPU has a fault", "GPU 有硬件故障"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The card itself has a fault. Either it no longer answers ("GPU is lost", "fallen off the bus"), or
            its memory has had errors that its ECC could not correct, or there is bad memory for which a spare
            waits for the next reset.
            """,
            """
            显卡本身有故障：它不再响应（"GPU is lost"、"fallen off the bus"），
            或显存出现过 ECC 无法纠正的错误，或有损坏的显存等待下次重置时替换。
            """,
        ),
        why=prose(
            """
            A training can break off hours later with "CUDA error: uncorrectable ECC error encountered", hang,
            or go on with wrong numbers. No setting of torch mends that.
            """,
            """
            训练可能在几小时后报 "CUDA error: uncorrectable ECC error encountered" 而中断、卡死，
            或带着错误的数值继续运行。调整 torch 的任何设置都没有用。
            """,
        ),
        detect=prose(
            """
            NVML counts uncorrected errors since the driver was loaded, and tells of rows that wait for
            replacement, of replacements that failed, and of cards that are lost. Where this user may read the
            kernel's log (`/dev/kmsg`), NVIDIA's faults of hardware in it (Xid 48, 63, 64, 74, 79, 92, 94, 95,
            119, 120) are shown. Alone they are a note, as a reset since may have mended them, and so is memory that
            only waits to be replaced: the card keeps away from it. Cards without
            ECC, which most consumer cards are, tell nothing of their memory.

            Proved with recorded answers of NVML and recorded lines of the log, not on broken hardware.
            """,
            """
            NVML 会统计驱动加载以来无法纠正的错误，并报告等待替换的行、替换失败的行以及掉线的显卡。
            当前用户可以读取内核日志（`/dev/kmsg`）时，还会显示其中的硬件类故障
            （Xid 48、63、64、74、79、92、94、95、119、120）；仅有日志记录时只作提示，因为之后的重置可能已经修复；
            仅有等待替换的显存时也只作提示，因为显卡会避开它。
            没有 ECC 的显卡（多数消费级显卡）不报告显存状况。

            用真实记录的 NVML 输出和日志行回放验证，未在故障硬件上实测。
            """,
        ),
        mend=prose(
            """
            Save what runs, then restart the machine, or reset the idle card:

            ```bash
            sudo nvidia-smi --gpu-reset -i 0
            ```

            - **It comes again**: look at seating, power cables and temperature; then have it exchanged.
            - **In a cloud**: stop the instance and start it, which mostly gives other hardware.
            - **Another GPU is there**: train on it with `CUDA_VISIBLE_DEVICES`.
            """,
            """
            先保存正在运行的工作，再重启机器，或在显卡空闲时重置：

            ```bash
            sudo nvidia-smi --gpu-reset -i 0
            ```

            - **再次出现**：检查插接、供电线和温度，必要时更换显卡。
            - **云主机**：关机后再开机，通常会换到其他硬件。
            - **还有别的 GPU**：用 `CUDA_VISIBLE_DEVICES` 改用那一块。
            """,
        ),
        verify=prose(
            """
            The counts should be 0 and nothing pending:

            ```bash
            nvidia-smi -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT
            qtune doctor --only GPU509
            ```
            """,
            """
            计数应为 0，且没有等待处理的项：

            ```bash
            nvidia-smi -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT
            qtune doctor --only GPU509
            ```
            """,
        ),
        sources=(
            "https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/supported-gpus.html",
            "https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html",
        ),
    ),
)
