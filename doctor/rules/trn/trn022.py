"""TRN022: the memory is not enough. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import AGAIN, DETECT, LESS_MEMORY, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN022",
    "out-of-memory",
    Severity.ERROR,
    Text("The memory is not enough", "显存或内存不足"),
    Page(
        what=prose(
            """
            The GPU's memory (or, on the CPU, the machine's) was not enough for the model, the batch and its
            length.
            """,
            """
            GPU 显存（在 CPU 上则是内存）放不下模型、批次和序列长度。
            """,
        ),
        why=prose(
            """
            ```
            torch.OutOfMemoryError: CUDA out of memory
            ```

            Training stops; checkpoints written so far are kept. With sft and pt a step had been cut into single
            rows before that. The error names the lines to write, reckoned for this model and this machine.
            """,
            """
            ```
            torch.OutOfMemoryError: CUDA out of memory
            ```

            训练停止，已写入的检查点会保留。sft 和 pt 在此之前已经把每一步拆到一次只算一条数据。报错会给出针对这个模型和
            这台机器算出来的、应当写进配置的行。
            """,
        ),
        detect=DETECT,
        mend=joined(
            LESS_MEMORY,
            prose(
                """
                Look whether another program holds the memory, and let the allocator waste less:

                ```bash
                nvidia-smi
                ```

                ```
                PYTORCH_ALLOC_CONF=expandable_segments:True
                ```
                """,
                """
                看看是否有其他程序占着显存，并让分配器少浪费一些：

                ```bash
                nvidia-smi
                ```

                ```
                PYTORCH_ALLOC_CONF=expandable_segments:True
                ```
                """,
            ),
            AGAIN,
        ),
        verify=VERIFY,
        sources=("https://docs.pytorch.org/docs/stable/notes/cuda.html",),
    ),
)
