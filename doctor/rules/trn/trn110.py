"""TRN110: an adapter on a local model is of no use to others. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN110",
    "base-not-named",
    Severity.ERROR,
    Text(
        "An adapter on a local model is of no use to others",
        "本机模型上的适配器对别人没有用",
    ),
    Page(
        what=prose(
            """
            The adapter names a folder of this machine as its base model. Published, it could be loaded by
            nobody, and its card would tell a path of yours.
            """,
            """
            适配器把本机的一个文件夹记为基座模型。发布后谁也无法加载，还会暴露你的本机路径。
            """,
        ),
        why=prose(
            """
            The run was made with `model: ./folder`, or with the quickstart's model.
            """,
            """
            训练配置里写的是 `model: ./文件夹`，或使用了 quickstart 的模型。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune export runs/sft
            qtune push runs/sft --merged --hub hf --repo me/my-model
            ```

            The merged model stands by itself. Or train with the base model's name on the hub: `model:
            Qwen/Qwen3-4B`.
            """,
            """
            ```bash
            qtune export runs/sft
            qtune push runs/sft --merged --hub hf --repo me/my-model
            ```

            合并后的模型可以独立使用。也可以用平台上的模型名训练：`model: Qwen/Qwen3-4B`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune push RUN_DIR --merged --hub hf --repo OWNER/NAME
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune push RUN_DIR --merged --hub hf --repo OWNER/NAME
            ```

            能越过这一步。
            """,
        ),
    ),
)
