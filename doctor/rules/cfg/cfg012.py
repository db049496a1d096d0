"""CFG012: qtune cannot do that. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG012",
    CAUSES["CFG012"].name,
    Severity.ERROR,
    Text("qtune cannot do that", "qtune 不支持"),
    Page(
        what=prose(
            """
            The value is understood, the library knows it, and qtune does not do it; the message says why:

            - `training: {deepspeed: …}`: qtune shards a model with FSDP2, `distributed: fsdp`
            - `optim: galore_…`, `apollo_…`: they need packages of their own, and resuming such a run has not
              been proved
            - `lora: {init_lora_weights: pissa}`, `olora`, `loftq`: they change the base weights, and the
              saved adapter fits no other copy of the model; `eva` and `corda` need a pass over the data first
            - fields that take a Python object, which YAML cannot write
            - data files other than JSON, JSONL, CSV and Parquet
            """,
            """
            qtune 认得这个值，库也支持，但 qtune 不做；提示中会说明原因：

            - `training: {deepspeed: …}`：qtune 用 FSDP2 切分模型，请写 `distributed: fsdp`
            - `optim: galore_…`、`apollo_…`：需要额外的软件包，且尚未验证能否续训
            - `lora: {init_lora_weights: pissa}`、`olora`、`loftq`：它们会改动基座权重，保存的适配器无法用在
              原来的模型上；`eva` 和 `corda` 要求先过一遍数据
            - 值为 Python 对象的字段，YAML 写不出来
            - JSON、JSONL、CSV、Parquet 以外的数据文件
            """,
        ),
        why=prose(
            """
            qtune says so at once instead of training something else in its place.
            """,
            """
            qtune 会马上说明，而不会悄悄换成别的训练方式。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Use the value that the message names, or remove the field.
                """,
                """
                改用提示中给出的值，或删除该字段。
                """,
            ),
            EXAMPLE,
        ),
        verify=VERIFY,
    ),
)
