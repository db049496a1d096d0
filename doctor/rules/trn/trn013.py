"""TRN013: the tokenizer does not fit the model. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN013",
    "tokenizer-unfit",
    Severity.ERROR,
    Text("The tokenizer does not fit the model", "分词器与模型不匹配"),
    Page(
        what=prose(
            """
            The tokenizer has no end-of-text token, or more tokens than the model has embeddings.
            """,
            """
            分词器没有结束符，或词元数比模型的词嵌入还多。
            """,
        ),
        why=prose(
            """
            Without an end token a model learns never to stop. With too many tokens the first row that uses
            one would crash the GPU kernel.
            """,
            """
            没有结束符，模型就学不会停下来。词元过多时，第一条用到多出词元的数据就会让 GPU 内核崩溃。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Use tokenizer and model from the same repository. If you added tokens to a local copy, take
                the original again:

                ```bash
                qtune download Qwen/Qwen3-4B
                ```
                """,
                """
                请使用同一仓库里的分词器和模型。如果你在本地副本里加过词元，请换回原版：

                ```bash
                qtune download Qwen/Qwen3-4B
                ```
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://github.com/huggingface/trl/issues/1623",),
    ),
)
