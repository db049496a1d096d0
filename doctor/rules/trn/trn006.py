"""TRN006: the model has no chat template. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN006",
    "no-chat-template",
    Severity.ERROR,
    Text("The model has no chat template", "模型没有对话模板"),
    Page(
        what=prose(
            """
            The tokenizer of this model brings no chat template, so nobody knows how a conversation is to be
            written down for it. Base models often have none.
            """,
            """
            该模型的分词器没有对话模板，因此无法知道该怎样把对话写成它认识的形式。Base 模型常常如此。
            """,
        ),
        why=prose(
            """
            With a made-up template the trained model would not be usable in other programs, which read the
            template from the tokenizer.
            """,
            """
            如果编造一个模板，训练出的模型在其他程序里就无法正常使用，因为它们从分词器中读取模板。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Take the version of the model that was made for conversations:

                ```yaml
                model: Qwen/Qwen3-4B
                ```

                For LLaMA: the `-Instruct` or `-chat-hf` version.
                """,
                """
                改用为对话训练的版本：

                ```yaml
                model: Qwen/Qwen3-4B
                ```

                LLaMA 请用 `-Instruct` 或 `-chat-hf` 版本。
                """,
            ),
        ),
        verify=VERIFY,
        sources=(
            "https://huggingface.co/docs/transformers/chat_templating",
            "https://github.com/hiyouga/LlamaFactory/issues/7943",
        ),
    ),
)
