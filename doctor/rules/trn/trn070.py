"""TRN070: qlora-needs-cuda. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN070",
    "qlora-needs-cuda",
    Severity.ERROR,
    Text("QLoRA needs an NVIDIA GPU", "QLoRA 需要 NVIDIA GPU"),
    Page(
        what=prose(
            """
            `tuning: qlora` keeps the base model's weights in 4 bits with bitsandbytes. That can be trained on
            NVIDIA GPUs; on a CPU or on Apple's GPU qtune refuses it before anything is loaded.
            """,
            """
            `tuning: qlora` 用 bitsandbytes 把基座模型的权重压成 4 位，只能在 NVIDIA GPU 上训练；在
            CPU 或苹果 GPU 上，qtune 会在加载任何东西之前拒绝。
            """,
        ),
        why=prose(
            """
            Going on with another tuning without saying so would train something else than what was asked for.
            """,
            """
            不声不响地换成别的微调方式，练出来的就不是想要的东西了。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                The nearest that works on the same machine is plain LoRA with the same `lora:` section:

                ```yaml
                tuning: lora
                ```

                Its weights take two to four bytes a parameter in place of a little more than half a byte; take a
                smaller model where that does not fit. Where there is an NVIDIA GPU, `qtune doctor` says why torch
                does not see it (GPU500, GPU501, GPU504).
                """,
                """
                在同一台机器上最接近的选择是普通 LoRA，`lora:` 部分不用改：

                ```yaml
                tuning: lora
                ```

                此时权重每个参数占两到四个字节，而不是半个多字节；放不下就换更小的模型。如果机器里有
                NVIDIA GPU，`qtune doctor` 会说明 torch 为什么看不到它（GPU500、GPU501、GPU504）。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://huggingface.co/docs/bitsandbytes/main/en/installation",),
    ),
)
