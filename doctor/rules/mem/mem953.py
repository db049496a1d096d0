"""MEM953: rows may be longer than the model has positions for."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose


def _judge(facts: Facts) -> Iterable[Finding]:
    run, found = facts.goal.training, listing(facts)
    if run is None or found is None or found.architecture is None:
        return
    most = found.architecture.positions
    if not 0 < most < run.max_length:
        return
    yield Finding(
        "MEM953",
        Severity.WARNING,
        Text(
            f"max_length {run.max_length} is more than the {most} positions that {facts.goal.model} was made for",
            f"max_length {run.max_length} 超过了 {facts.goal.model} 支持的 {most} 个位置",
        ),
        fix=manual(f"Write max_length: {most}, or less", f"请写 max_length: {most} 或更小"),
    )


RULE = Rule(
    "MEM953",
    "length-beyond-model",
    Severity.WARNING,
    Text("max_length is beyond the model's own limit", "max_length 超过模型的上限"),
    Page(
        what=prose(
            """
            `max_length` of the run config is larger than `max_position_embeddings` in the model's
            `config.json`, the longest text that the model was made for.
            """,
            """
            训练配置的 `max_length` 大于模型 `config.json` 中的 `max_position_embeddings`，即模型所支持的最大长度。
            """,
        ),
        why=prose(
            """
            A row that is longer has positions that the model has never seen. Models with rotary positions go on
            without an error and learn noise there; models with a table of positions end with `index out of
            range`, or on a GPU with `CUDA error: device-side assert triggered`, at the first such row. GPU
            memory is reckoned for rows of `max_length`, too.
            """,
            """
            更长的数据会用到模型从未见过的位置。使用旋转位置编码的模型不会报错，但在那里学到的只是噪声；
            使用位置表的模型会在遇到第一条这样的数据时以 `index out of range`（在 GPU 上是
            `CUDA error: device-side assert triggered`）中断。显存也是按 `max_length` 估算的。
            """,
        ),
        detect=prose(
            """
            From the model's `config.json` and the run config alone. Where `rope_scaling` stretches the positions
            (YaRN, for example), the stretched number counts. A model that does not say is not judged.
            """,
            """
            只比较模型的 `config.json` 和训练配置。如果 `rope_scaling` 扩展了位置（例如 YaRN），以扩展后的数为准。
            没有写明的模型不作判断。
            """,
        ),
        mend=prose(
            """
            ```yaml
            max_length: 4096
            ```
            """,
            """
            在训练配置中写：

            ```yaml
            max_length: 4096
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor sft.yaml --only MEM953
            ```
            """,
            """
            重新检查：

            ```bash
            qtune doctor sft.yaml --only MEM953
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/transformers/model_doc/qwen3",),
    ),
    needs=("listing",),
    goals=TRAINING,
    judge=_judge,
)
