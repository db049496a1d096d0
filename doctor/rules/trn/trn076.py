"""TRN076: checkpoint-unloadable. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN076",
    "checkpoint-unloadable",
    Severity.ERROR,
    Text("A checkpoint holds what must not be loaded", "检查点里有不能加载的内容"),
    Page(
        what=prose(
            """
            A checkpoint is whole, but its optimizer's or random states hold something else than numbers.
            qtune loads them with `weights_only=True`, so that nothing in a checkpoint can run, and refused.
            """,
            """
            检查点是完整的，但其中的优化器状态或随机数状态里有数字以外的东西。qtune 用
            `weights_only=True` 加载，检查点里的任何东西都不会被执行，因此拒绝了它。
            """,
        ),
        why=prose(
            """
            Pickled files run code when they are loaded without that. A run directory from somebody else could
            do anything with your account. It also happens where other versions of torch or numpy wrote the
            checkpoint.
            """,
            """
            不这样加载的话，pickle 文件会执行代码：别人给的训练目录可以用你的账号做任何事。如果检查点
            是用其他版本的 torch 或 numpy 写的，也会出现这个错误。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Where the directory is your own, remove that one checkpoint: the run goes on from the one before.

                ```bash
                rm -r runs/mine/checkpoint-500
                qtune run runs/mine
                ```

                Where it is not, take its `run.yaml` alone and train anew:

                ```bash
                qtune run runs/theirs output_dir=runs/mine
                ```
                """,
                """
                如果目录是自己的，删掉这一个检查点，训练会从前一个继续：

                ```bash
                rm -r runs/mine/checkpoint-500
                qtune run runs/mine
                ```

                如果不是自己的，只用它的 `run.yaml` 重新训练：

                ```bash
                qtune run runs/theirs output_dir=runs/mine
                ```
                """,
            ),
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/huggingface/transformers/issues/34631",
            "https://docs.pytorch.org/docs/stable/generated/torch.load.html",
        ),
    ),
)
