"""PKG707: the run wants 4-bit weights, and would not train on an NVIDIA GPU."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.mem.place import on_cpu
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    run = facts.goal.training
    if run is None or run.tuning != "qlora" or not on_cpu(facts):
        return
    wanted = facts.setting("QTUNE_DEVICE").value
    why = (
        Text(f"QTUNE_DEVICE is {wanted}", f"QTUNE_DEVICE 是 {wanted}")
        if wanted in ("cpu", "mps")
        else Text("this machine has none", "这台机器没有")
    )
    yield Finding(
        "PKG707",
        Severity.ERROR,
        Text(
            f"tuning: qlora needs an NVIDIA GPU, and {why.en}",
            f"tuning: qlora 需要 NVIDIA GPU，而{why.zh}",
        ),
        fix=manual(
            "Write tuning: lora: the same adapter beside whole weights",
            "改用 tuning: lora：同样的适配器，基座权重不压缩",
        ),
    )


RULE = Rule(
    code="PKG707",
    name="qlora-without-cuda",
    severity=Severity.ERROR,
    title=Text("QLoRA without an NVIDIA GPU", "没有 NVIDIA GPU，无法使用 QLoRA"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The run config says `tuning: qlora`, and the training would run on the CPU or on Apple's GPU. The
            4-bit weights are bitsandbytes' work, and qtune trains on them with CUDA alone.
            """,
            """
            训练配置写了 `tuning: qlora`，而训练会在 CPU 或苹果 GPU 上进行。4 位权重由 bitsandbytes 实现，
            qtune 只在 CUDA 上使用它训练。
            """,
        ),
        why=prose(
            """
            The run would refuse before it loads the model (TRN070), after the model was downloaded.
            """,
            """
            训练会在加载模型之前报错退出（TRN070），而那时模型已经下载完了。
            """,
        ),
        detect=prose(
            """
            Only for a run with `tuning: qlora`: `QTUNE_DEVICE` is `cpu` or `mps`, or it is `auto` and neither
            the driver nor torch knows of a GPU. A GPU that is there and that torch does not see is another
            finding (GPU500 to GPU504), and this rule is silent then.
            """,
            """
            仅当训练配置为 `tuning: qlora` 时检查：`QTUNE_DEVICE` 是 `cpu` 或 `mps`，或者是 `auto` 而驱动和
            torch 都没有发现 GPU。机器有 GPU 而 torch 看不到时属于另外的问题（GPU500 到 GPU504），这里不作判断。
            """,
        ),
        mend=prose(
            """
            The nearest that works here is plain LoRA. `lora:` stays as it is; the weights take about four
            times the memory in 16 bits, eight times in 32, so a smaller model may be needed:

            ```yaml
            model: Qwen/Qwen3-0.6B
            tuning: lora
            ```
            """,
            """
            最接近的替代是普通 LoRA，`lora:` 部分不用改；基座权重用 16 位时占用约四倍内存，32 位约八倍，
            可能需要换更小的模型：

            ```yaml
            model: Qwen/Qwen3-0.6B
            tuning: lora
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor run.yaml --only PKG707,MEM950,MEM951
            ```
            """,
            """
            用以下命令确认：

            ```bash
            qtune doctor run.yaml --only PKG707,MEM950,MEM951
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/bitsandbytes/main/en/installation",),
    ),
)
