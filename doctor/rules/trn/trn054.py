"""TRN054: the data is for another method. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN054",
    "data-of-another-method",
    Severity.ERROR,
    Text("The data is for another method of training", "数据属于另一种训练方法"),
    Page(
        what=prose(
            """
            The rows are fine, and not what `method:` learns from:

            | method | rows |
            |---|---|
            | sft | conversations, instructions with output, a prompt with its completion |
            | pt | plain text, and all that sft learns from, read from end to end |
            | dpo, reward | two answers to the same prompt: chosen and rejected |
            | kto | one answer with a label, or pairs, each taken as two |
            """,
            """
            数据本身没有问题，但不是 `method:` 能学的：

            | method | 数据 |
            |---|---|
            | sft | 对话、带答案的指令、prompt 与 completion |
            | pt | 纯文本，以及 sft 能用的数据（从头到尾学习） |
            | dpo、reward | 同一问题的两个回答：chosen 与 rejected |
            | kto | 带标签的回答；成对数据会拆成两条 |
            """,
        ),
        why=prose(
            """
            Another method would learn something else from them than what they were made for, or nothing.
            """,
            """
            换一种方法，要么学到的不是这份数据想教的，要么什么也学不到。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Write the method that the message names:

            ```yaml
            method: dpo
            ```

            To train on the better answers of pairs alone, make conversations of them; a row with `messages` and a
            label is read as a conversation with `format: messages`.
            """,
            """
            按提示改写训练方法：

            ```yaml
            method: dpo
            ```

            如果只想学成对数据里较好的回答，请先转成对话；带标签的 `messages` 数据写上 `format: messages` 就按对话
            读取。
            """,
        ),
        verify=VERIFY,
    ),
)
