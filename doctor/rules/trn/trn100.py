"""TRN100: no trained model in the folder. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN100",
    "nothing-trained",
    Severity.ERROR,
    Text(
        "No trained model in the folder",
        "文件夹里没有训练好的模型",
    ),
    Page(
        what=prose(
            """
            The folder that was named for `qtune chat`, `eval`, `export` or `push` holds neither an adapter
            (`adapter_config.json` with `adapter_model.safetensors`) nor a whole model (`config.json` with
            safetensors).
            """,
            """
            给 `qtune chat`、`eval`、`export` 或 `push` 的文件夹里，既没有适配器
            （`adapter_config.json` 和 `adapter_model.safetensors`），
            也没有完整模型（`config.json` 和 safetensors）。
            """,
        ),
        why=prose(
            """
            The path is another one, or the training was stopped before its end: what was learnt then lies in
            `checkpoint-N` only.
            """,
            """
            路径写错了，或者训练没有跑完：这时学到的内容只在 `checkpoint-N` 里。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune run sft.yaml
            qtune chat runs/sft
            ```

            The first command finishes a run that was stopped and prints its folder. A checkpoint may also be
            named itself: `qtune chat runs/sft/checkpoint-100`.
            """,
            """
            ```bash
            qtune run sft.yaml
            qtune chat runs/sft
            ```

            第一条命令会把中断的训练跑完，并打印它的文件夹。也可以直接指定某个检查点：
            `qtune chat runs/sft/checkpoint-100`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune chat RUN_DIR
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune chat RUN_DIR
            ```

            能越过这一步。
            """,
        ),
    ),
)
