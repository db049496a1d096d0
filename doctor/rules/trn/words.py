"""What several pages about training say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

AGAIN = prose(
    """
    Run the same command again: it goes on from the last checkpoint in the run directory.
    """,
    "再次运行同样的命令：会从训练目录里最后一个检查点继续。",
)

FORMATS = prose(
    """
    One JSON object a line (JSONL), or one JSON list of such objects, in UTF-8; CSV, TSV and Parquet files
    have one row each. For example a conversation, or an instruction with its output:

    ```json
    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]}
    {"instruction": "Translate into French", "input": "cat", "output": "chat"}
    ```
    """,
    """
    每行一个 JSON 对象（JSONL），或由这些对象组成的 JSON 列表，UTF-8 编码；也可以是 CSV、TSV 或 Parquet。例如对
    话格式或 alpaca 格式：

    ```json
    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]}
    {"instruction": "Translate into French", "input": "cat", "output": "chat"}
    ```
    """,
)

OTHER_FOLDER = prose(
    """
    Name another folder in the run config, or on the command line:

    ```bash
    qtune run sft.yaml output_dir=runs/second
    ```
    """,
    """
    在训练配置或命令行中换一个文件夹：

    ```bash
    qtune run sft.yaml output_dir=runs/second
    ```
    """,
)

LESS_MEMORY = prose(
    """
    In the order of what it costs you:

    ```yaml
    training:
      per_device_train_batch_size: 1
      gradient_accumulation_steps: 8
      activation_checkpointing: true
    max_length: 1024
    ```

    Then a smaller model (`Qwen/Qwen3-1.7B` in place of `Qwen/Qwen3-4B`). As a rule of thumb LoRA needs about
    two bytes a parameter for the weights, and on top of that what the batch and its length take.
    """,
    """
    按代价从小到大：

    ```yaml
    training:
      per_device_train_batch_size: 1
      gradient_accumulation_steps: 8
      activation_checkpointing: true
    max_length: 1024
    ```

    再不行就换小一点的模型（用 `Qwen/Qwen3-1.7B` 代替 `Qwen/Qwen3-4B`）。经验上，LoRA 的权重约占每参数两字节，
    此外还有批大小和序列长度带来的占用。
    """,
)

DETECT = prose(
    "The training process raises it while it runs; the doctor does not look for it.",
    "由训练进程在运行时报告；doctor 不检查这一项。",
)

VERIFY = prose(
    """
    ```bash
    qtune run sft.yaml
    ```

    gets past this point; `metrics.jsonl` in the run directory grows.
    """,
    """
    ```bash
    qtune run sft.yaml
    ```

    能越过这一步，训练目录里的 `metrics.jsonl` 不断增长。
    """,
)
