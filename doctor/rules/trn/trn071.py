"""TRN071: bitsandbytes-unusable. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN071",
    "bitsandbytes-unusable",
    Severity.ERROR,
    Text("bitsandbytes cannot be used", "bitsandbytes 无法使用"),
    Page(
        what=prose(
            """
            `tuning: qlora` needs the package bitsandbytes, which is not installed, or does not load: mostly
            because it has no library for the CUDA version that torch was built with.
            """,
            """
            `tuning: qlora` 需要 bitsandbytes，而它没有安装，或者加载失败：多半是它没有对应 torch 所用
            CUDA 版本的库。
            """,
        ),
        why=prose(
            """
            Without it the weights cannot be quantized, so the run would fail after the download, with a
            message that does not say why.
            """,
            """
            没有它就无法量化权重，训练会在下载之后失败，而且报错看不出原因。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                pip install -U bitsandbytes
                python -m bitsandbytes
                ```

                The second line tells whether its library fits torch's CUDA. Where it cannot be made to, plain
                LoRA needs no package more:

                ```yaml
                tuning: lora
                ```
                """,
                """
                ```bash
                pip install -U bitsandbytes
                python -m bitsandbytes
                ```

                第二行会说明它的库是否与 torch 的 CUDA 匹配。实在装不好，普通 LoRA 不需要任何额外的包：

                ```yaml
                tuning: lora
                ```
                """,
            ),
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/bitsandbytes-foundation/bitsandbytes/issues/1056",
            "https://github.com/bitsandbytes-foundation/bitsandbytes/issues/1559",
        ),
    ),
)
