"""Why the data cannot be trained on."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN001": Cause(
        "data-unreadable",
        Text("A data file cannot be opened.", "数据文件打不开。"),
        Text("Check the path and its permissions.", "请检查路径和读取权限。"),
    ),
    "TRN002": Cause(
        "data-encoding",
        Text("A data file is not UTF-8.", "数据文件不是 UTF-8 编码。"),
        Text(
            "Convert it, for example: iconv -f GBK -t UTF-8 old.jsonl > new.jsonl",
            "请转换编码，例如：iconv -f GBK -t UTF-8 old.jsonl > new.jsonl",
        ),
    ),
    "TRN003": Cause(
        "data-empty",
        Text("There is not one row to train on.", "没有任何可以训练的数据。"),
        Text("Put at least one example into the file.", "请在文件里至少放一条样本。"),
    ),
    "TRN004": Cause(
        "data-not-json",
        Text(
            "A data file is neither JSONL (one object a line) nor a JSON list.",
            "数据文件既不是 JSONL（每行一个对象），也不是 JSON 列表。",
        ),
        Text("Write one JSON object on each line.", "请每行写一个 JSON 对象。"),
    ),
    "TRN005": Cause(
        "too-many-unusable-rows",
        Text(
            "More than 1 % of the rows cannot be used, so the file is probably not what it "
            "should be.",
            "超过 1% 的数据不可用，文件很可能有问题。",
        ),
        Text("Mend or remove the rows that are named.", "请修改或删除上面列出的行。"),
    ),
    "TRN006": Cause(
        "no-chat-template",
        Text(
            "The model has no chat template, so nobody knows how a conversation looks to it.",
            "模型没有对话模板，无法知道它眼里的对话是什么样子。",
        ),
        Text(
            "Take the instruct or chat version of the model.",
            "请改用该模型的 Instruct 或 Chat 版本。",
        ),
    ),
    "TRN008": Cause(
        "nothing-to-learn",
        Text(
            "In every row the prompt alone fills max_length; no answer is left to learn.",
            "每条样本的提示词就占满了 max_length，没有剩下要学的答案。",
        ),
        Text("Raise max_length.", "请调大 max_length。"),
    ),
}
