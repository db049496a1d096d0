"""DAT906: rows that are fine, and for another method of training than the run's."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import BadRow, Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import findings
from qtune.doctor.rules.dat.words import DETECT, LEFT_OUT
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import joined, prose

_METHODS = {"is-text": "pt", "is-preference": "dpo", "is-judged": "kto", "is-answer": "sft"}


def _judge(facts: Facts) -> Iterable[Finding]:
    return findings("DAT906", tuple(_METHODS), facts, _mend)


def _mend(row: BadRow) -> Fix | None:
    method = _METHODS[row.kind]
    return manual(
        f"Write method: {method} in the run config, or name other data",
        f"请在训练配置里写 method: {method}，或换一份数据",
    )


RULE = Rule(
    "DAT906",
    "dataset-of-another-method",
    Severity.ERROR,
    Text("The data is for another method of training", "数据属于另一种训练方法"),
    Page(
        what=prose(
            """
            Rows are fine, and not what `method:` of the run config learns from:

            | method | rows |
            |---|---|
            | sft | conversations, instructions with output, a prompt with its completion |
            | pt | plain text, and all that sft learns from, read from end to end |
            | dpo, reward | two answers to the same prompt: chosen and rejected |
            | kto | one answer with a label, or pairs, each taken as two |
            """,
            """
            数据本身没有问题，但不是训练配置里的 `method:` 能学的：

            | method | 数据 |
            |---|---|
            | sft | 对话、带答案的指令、prompt 与 completion |
            | pt | 纯文本，以及 sft 能用的数据（从头到尾学习） |
            | dpo、reward | 同一问题的两个回答：chosen 与 rejected |
            | kto | 带标签的回答；成对数据会拆成两条 |
            """,
        ),
        why=joined(
            prose(
                "Another method would learn something else from them, or nothing.",
                "换一种方法，要么学到别的东西，要么什么也学不到。",
            ),
            LEFT_OUT,
        ),
        detect=DETECT,
        mend=prose(
            """
            Write the method that fits the data:

            ```yaml
            method: dpo
            ```

            A row with `messages` and a label is read as a conversation, its label unheeded, with
            `format: messages`.
            """,
            """
            改成与数据对应的训练方法：

            ```yaml
            method: dpo
            ```

            带标签的 `messages` 数据写上 `format: messages`，就忽略标签、按对话读取。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune data data/train.jsonl
            ```

            says which method the rows fit.
            """,
            """
            ```bash
            qtune data data/train.jsonl
            ```

            会说明数据适合哪种方法。
            """,
        ),
        sources=("https://huggingface.co/docs/trl/dataset_formats",),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
