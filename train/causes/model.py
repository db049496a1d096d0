"""Why model, tokenizer, or the libraries' own settings do not do."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN010": Cause(
        "model-unloadable",
        Text(
            "The model's files cannot be loaded: incomplete, not safetensors, or of a kind that "
            "the installed transformers does not know.",
            "模型文件无法加载：不完整、不是 safetensors，或已安装的 transformers 不认识这种结构。",
        ),
        Text(
            "Run qtune download again, or upgrade transformers.",
            "请重新运行 qtune download，或升级 transformers。",
        ),
    ),
    "TRN011": Cause(
        "lora-rejected",
        Text("peft does not accept the lora: section.", "peft 不接受 lora: 里的设置。"),
        Text("Correct the field that is named.", "请改正提到的字段。"),
    ),
    "TRN012": Cause(
        "arguments-rejected",
        Text(
            "transformers does not accept the training: section.",
            "transformers 不接受 training: 里的设置。",
        ),
        Text("Correct the field that is named.", "请改正提到的字段。"),
    ),
    "TRN013": Cause(
        "tokenizer-unfit",
        Text(
            "The tokenizer has no end token, or more tokens than the model has embeddings.",
            "分词器没有结束符，或词元数比模型的词嵌入还多。",
        ),
        Text("Take the tokenizer that belongs to the model.", "请使用与模型配套的分词器。"),
    ),
    "TRN014": Cause(
        "device-unavailable",
        Text(
            "QTUNE_DEVICE or QTUNE_DTYPE asks for what this machine does not have.",
            "QTUNE_DEVICE 或 QTUNE_DTYPE 要求的东西这台机器没有。",
        ),
        Text(
            "Set it to auto, and run qtune doctor to see why.",
            "请设为 auto，并运行 qtune doctor 查看原因。",
        ),
    ),
}
