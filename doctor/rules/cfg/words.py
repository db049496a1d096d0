"""What several pages about run configs say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

DETECT = prose(
    """
    qtune reads the whole run config before anything is downloaded, and reports every error at once, each with
    its line and column. `qtune doctor sft.yaml` shows the same.
    """,
    """
    在下载任何东西之前，qtune 会先读完整个训练配置，一次报出所有错误，每个都带行号和列号。
    `qtune doctor sft.yaml` 的结果相同。
    """,
)

EXAMPLE = prose(
    """
    A run config that works:

    ```yaml
    model: Qwen/Qwen3-4B
    data: data/train.jsonl
    method: sft
    tuning: lora
    lora: {r: 8, lora_alpha: 16, target_modules: all-linear}
    training: {num_train_epochs: 3, learning_rate: 1.0e-4}
    max_length: 2048
    ```
    """,
    """
    一份可用的训练配置：

    ```yaml
    model: Qwen/Qwen3-4B
    data: data/train.jsonl
    method: sft
    tuning: lora
    lora: {r: 8, lora_alpha: 16, target_modules: all-linear}
    training: {num_train_epochs: 3, learning_rate: 1.0e-4}
    max_length: 2048
    ```
    """,
)

STARTER = prose(
    "`qtune init` writes a commented run config to start from.",
    "`qtune init` 会生成一份带注释的训练配置，可以在此基础上修改。",
)

PATHS = prose(
    """
    Relative paths start at the folder in which you run qtune, not at the folder of the run config.
    """,
    "相对路径以你运行 qtune 的文件夹为起点，而不是训练配置所在的文件夹。",
)

VERIFY = prose(
    """
    ```bash
    qtune run sft.yaml --dry-run
    ```

    prints the plan instead of the error, and downloads nothing.
    """,
    """
    ```bash
    qtune run sft.yaml --dry-run
    ```

    会打印训练计划而不再报错，也不会下载任何东西。
    """,
)
