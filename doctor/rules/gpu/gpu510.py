"""GPU510: QTUNE_DTYPE asks for a number format that the device does not compute in."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gpu.chosen import chosen
from qtune.doctor.rules.gpu.wheels import AMPERE, number
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose

_AUTO = Fix(
    Text("Let qtune choose the number format", "让 qtune 自动选择数值格式"),
    Applicability.SAFE,
    patch=EnvPatch({}, frozenset({"QTUNE_DTYPE"})),
)


def judge(facts: Facts) -> Iterable[Finding]:
    setting = facts.setting("QTUNE_DTYPE")
    where, span = setting.origin.describe(), span_of(setting.origin, facts)
    if setting.value == "float16" and (device := _no_gpu(facts)):
        yield Finding(
            "GPU510",
            Severity.ERROR,
            Text(
                f"QTUNE_DTYPE=float16 ({where.en}) can be trained on a CUDA GPU only; this training would run "
                f"on {device}",
                f"QTUNE_DTYPE=float16（{where.zh}）只能在 CUDA GPU 上训练，而本次训练将在 {device} 上进行",
            ),
            span=span,
            fix=_AUTO,
        )
    card = chosen(facts)
    if setting.value != "bfloat16" or card is None or not 0 < number(card.capability) < AMPERE:
        return
    yield Finding(
        "GPU510",
        Severity.WARNING,
        Text(
            f"QTUNE_DTYPE=bfloat16 ({where.en}), and the {card.name} (compute capability {card.capability}) does "
            "not compute in it: it is emulated, and slow",
            f"QTUNE_DTYPE=bfloat16（{where.zh}），但 {card.name}（计算能力 {card.capability}）不原生支持："
            "只能模拟，速度很慢",
        ),
        span=span,
        fix=_AUTO,
    )


def _no_gpu(facts: Facts) -> str:
    """The device that takes the place of a CUDA GPU; "" where there is one, or where it is not known."""
    wanted, build = facts.setting("QTUNE_DEVICE").value, known(facts.torch)
    if wanted in ("cpu", "mps"):
        return wanted
    if wanted == "cuda" or build is None or not build.installed or build.error or build.available:
        return ""
    return "mps" if build.mps else "cpu"


RULE = Rule(
    code="GPU510",
    name="number-format",
    severity=Severity.WARNING,
    title=Text("The device does not compute in this number format", "设备不支持所选的数值格式"),
    needs=("torch", "accelerator"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            `QTUNE_DTYPE` names a number format that the device cannot compute in. bfloat16 is real from
            compute capability 8.0 on (RTX 30, A100); on a V100, a T4 or an RTX 20 it is emulated. float16
            needs a CUDA GPU.
            """,
            """
            `QTUNE_DTYPE` 指定的数值格式设备不支持。bfloat16 从计算能力 8.0 起（RTX 30 系、A100）才有硬件支持，
            V100、T4、RTX 20 系只能模拟；float16 需要 CUDA GPU。
            """,
        ),
        why=prose(
            """
            Emulated bfloat16 is correct and slow; torch calls it "supported" nevertheless. float16 on the CPU
            or on a Mac is refused when the training begins (TRN014), after the whole download.
            """,
            """
            模拟的 bfloat16 结果正确但很慢，而 torch 仍称其为 “支持”。在 CPU 或 Mac 上用 float16，
            训练开始时会被拒绝（TRN014），此时模型已经全部下载完。
            """,
        ),
        detect=prose(
            """
            The setting against the compute capability of the GPU that would be used. With
            `QTUNE_DTYPE=auto`, the default, there is nothing to tell: qtune takes bfloat16 where it is real,
            and float32 elsewhere.

            Proved with recorded answers of NVML, not on hardware.
            """,
            """
            对照该设置与将要使用的 GPU 的计算能力。默认的 `QTUNE_DTYPE=auto` 不会有任何提示：
            支持 bfloat16 时用它，否则用 float32。

            用真实记录的 NVML 输出回放验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            ```
            QTUNE_DTYPE=auto
            ```

            If the model does not fit in float32 on an older GPU, `QTUNE_DTYPE=float16` halves the memory. Its
            range is small: watch the loss for nan (TRN020).
            """,
            """
            写：

            ```
            QTUNE_DTYPE=auto
            ```

            如果在较旧的 GPU 上 float32 放不下，`QTUNE_DTYPE=float16` 可把显存减半。它的数值范围小，
            请留意损失是否变成 nan（TRN020）。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only GPU510
            ```
            """,
            """
            执行：

            ```bash
            qtune doctor --only GPU510
            ```
            """,
        ),
        sources=(
            "https://github.com/unslothai/unsloth/issues/3855",
            "https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html",
        ),
    ),
)
