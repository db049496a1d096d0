"""CFG008: qtune sets this field itself. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG008",
    CAUSES["CFG008"].name,
    Severity.ERROR,
    Text("qtune sets this field itself", "这个字段由 qtune 自己设置"),
    Page(
        what=prose(
            """
            The run config sets a library field that belongs to qtune: to a setting of `.env`, to the run
            directory, or one that would run code or send data.
            """,
            """
            训练配置里设置了一个归 qtune 管的字段：它属于 `.env` 的某个设置、属于训练目录，或会执行代码、外发
            数据。
            """,
        ),
        why=prose(
            """
            Two places for the same thing would contradict each other. And a run config is often copied from
            somewhere: it must not be able to upload your model or to write outside the project.
            """,
            """
            同一件事写在两处会互相矛盾。而且训练配置常常是从别处抄来的：不能让它上传你的模型，或往项目之外写文
            件。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Remove the field, and use what the message names:

            - `output_dir`: at the top level of the run config
            - `bf16`, `fp16`: `QTUNE_DTYPE=bfloat16` in `.env`
            - `use_cpu`: `QTUNE_DEVICE=cpu` in `.env`
            - `resume_from_checkpoint`: run the same command again, it resumes by itself
            - `push_to_hub`, `hub_token`: training uploads nothing
            """,
            """
            删除该字段，改用提示中给出的方式：

            - `output_dir`：写在训练配置的最外层
            - `bf16`、`fp16`：在 `.env` 中写 `QTUNE_DTYPE=bfloat16`
            - `use_cpu`：在 `.env` 中写 `QTUNE_DEVICE=cpu`
            - `resume_from_checkpoint`：再次运行同样的命令，会自动接着训练
            - `push_to_hub`、`hub_token`：训练过程不上传任何东西
            """,
        ),
        verify=VERIFY,
    ),
)
