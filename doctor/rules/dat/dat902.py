"""DAT902: rows longer than max_length, and a model without a chat template."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Lengths
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import dataset
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

_CUT = 0.01  # a rule of thumb: fewer rows than these do no harm worth a word
_STEP = 256


def _judge(facts: Facts) -> Iterable[Finding]:
    found = dataset(facts)
    if found is None:
        return
    if found.template is False and any(
        file.plain < file.usable or not file.rows for file in found.files
    ):
        yield _no_template(facts)
    lengths = found.lengths
    if lengths is not None and lengths.over > _CUT * lengths.rows:
        yield _cut(lengths)


def _no_template(facts: Facts) -> Finding:
    model = facts.goal.model
    return Finding(
        "DAT902",
        Severity.ERROR,
        Text(
            f"{model} has no chat template, so a conversation has no form in which it could be learnt",
            f"{model} 没有对话模板，无法把对话转换成训练文本",
        ),
        fix=manual(
            "Take the instruct or chat version of the model",
            "请改用该模型的 Instruct 或 Chat 版本",
        ),
    )


def _cut(lengths: Lengths) -> Finding:
    about = lengths.how == "estimate"
    count, limit = lengths.over, lengths.limit
    lost = lengths.how == "tokenizer" and lengths.hopeless == lengths.rows
    evidence = [
        Text("counted by the model's own tokenizer, without what the chat template adds",
             "由模型自己的分词器统计，未计入对话模板添加的内容")
        if not about
        else Text(
            "estimated from the number of characters: the model's tokenizer is not at hand",
            "根据字符数估算：手边没有该模型的分词器",
        )
    ]  # fmt: skip
    if lengths.hopeless:
        evidence.append(
            Text(
                f"in {'about ' if about else ''}{lengths.hopeless} of them the question alone is as long, and no "
                "answer is left to learn",
                f"其中{'约 ' if about else ' '}{lengths.hopeless} 条仅问题就占满了，没有回答可学",
            )
        )
    needed = -(-lengths.longest // _STEP) * _STEP
    return Finding(
        "DAT902",
        Severity.ERROR if lost else Severity.WARNING,
        Text(
            f"{'about ' if about else ''}{count} of {lengths.rows} rows are longer than max_length {limit}: the "
            "end of the answer is cut off",
            f"{lengths.rows} 条数据中{'约' if about else '有'} {count} 条超过 max_length {limit}，回答的结尾会被截掉",
        ),
        tuple(evidence),
        fix=manual(
            f"Shorten these rows, or raise max_length (the longest takes {'about ' if about else ''}{needed}, "
            "and more memory)",
            f"请缩短这些数据，或调大 max_length（最长的一条{'约' if about else ''}需要 {needed}，也更占显存）",
        ),
    )


RULE = Rule(
    "DAT902",
    "dataset-tokens",
    Severity.WARNING,
    Text("Rows are longer than max_length", "数据超过 max_length"),
    Page(
        what=prose(
            """
            More than one row in a hundred has more tokens than `max_length`, so that its end is cut off; or the
            model has no chat template, so that nobody knows how a conversation looks to it.
            """,
            """
            超过百分之一的数据比 `max_length` 长，结尾会被截掉；或者模型没有对话模板，无法确定对话在它眼里是什么样子。
            """,
        ),
        why=prose(
            """
            What is cut off is the end of the answer, with the token that ends it: the model learns to break off,
            or never to stop. Where the question alone fills `max_length`, the row teaches nothing at all. That
            one row in a hundred does no harm is a rule of thumb.
            """,
            """
            被截掉的是回答的结尾，包括表示结束的词元：模型会学到说一半就断，或者停不下来。如果仅问题就占满了
            `max_length`，这条数据什么也教不了。“百分之一以内无妨”是经验值。
            """,
        ),
        detect=prose(
            """
            A row of at most `max_length` bytes cannot have more tokens than that. The others are counted by the
            model's own tokenizer where its files are on this machine and the package `tokenizers` is installed
            (of many rows, a part); the tokens of the chat template come on top. Without a tokenizer the number
            is estimated from the characters, and called so: six Latin letters or two Chinese characters to a
            token, which is a rule of thumb and rather too few tokens than too many.
            """,
            """
            不超过 `max_length` 个字节的数据，词元数也不可能超过它。其余的数据，如果本机有模型文件并安装了
            `tokenizers`，就用模型自己的分词器统计（数据很多时只统计一部分），对话模板添加的词元另计。没有分词器时按
            字符数估算并注明：每个词元按 6 个拉丁字母或 2 个汉字计，这是经验值，宁少勿多。
            """,
        ),
        mend=prose(
            """
            In the run config, if the GPU has the memory for it (`qtune doctor sft.yaml` says so):

            ```yaml
            max_length: 4096
            ```

            Otherwise split or shorten the long rows. A model without a chat template is usually a base model:
            take its instruct version.
            """,
            """
            如果显存足够（`qtune doctor sft.yaml` 会给出判断），在训练配置中写：

            ```yaml
            max_length: 4096
            ```

            否则请拆分或缩短过长的数据。没有对话模板的通常是基座模型，请改用它的 Instruct 版本。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor sft.yaml --only DAT902
            ```
            """,
            """
            重新检查：

            ```bash
            qtune doctor sft.yaml --only DAT902
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/transformers/chat_templating",),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
