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
            "Too many rows cannot be used, so the file is probably not what it should be.",
            "不可用的数据太多，文件很可能有问题。",
        ),
        Text(
            "Mend or remove the rows that are named, or raise max_unusable.",
            "请修改或删除上面列出的行，或调大 max_unusable。",
        ),
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
    "TRN050": Cause(
        "no-data-file",
        Text(
            "A folder or a dataset repository has no file to train on.",
            "文件夹或数据集仓库里没有可用于训练的文件。",
        ),
        Text(
            "Name the file itself, another split or another subset.",
            "请直接写文件名，或换一个 split、subset。",
        ),
    ),
    "TRN051": Cause(
        "data-not-table",
        Text("A CSV or TSV file cannot be read as a table.", "CSV 或 TSV 文件无法按表格读取。"),
        Text(
            "Save it again from the program that made it, as UTF-8 with quotes around long texts.",
            "请用原来的软件重新另存为 UTF-8 编码，长文本加引号。",
        ),
    ),
    "TRN052": Cause(
        "data-damaged",
        Text(
            "A Parquet or gzip file is cut off, damaged, or something else.",
            "Parquet 或 gzip 文件不完整、已损坏，或根本不是这种文件。",
        ),
        Text("Copy or download it again.", "请重新复制或下载。"),
    ),
    "TRN053": Cause(
        "pyarrow-missing",
        Text(
            "A Parquet file cannot be read: pyarrow is not installed.",
            "无法读取 Parquet 文件：没有安装 pyarrow。",
        ),
        Text('Run: pip install "qtune[train]"', '请运行：pip install "qtune[train]"'),
    ),
    "TRN054": Cause(
        "data-of-another-method",
        Text("The data is for another method of training.", "这份数据属于另一种训练方法。"),
        Text("Name the method that fits the data.", "请改成与数据对应的 method。"),
    ),
    "TRN055": Cause(
        "dataset-not-here",
        Text(
            "A dataset repository has not been downloaded.",
            "数据集仓库还没有下载。",
        ),
        Text(
            "Start the training with qtune run, which fetches it.",
            "请用 qtune run 启动训练，它会先下载。",
        ),
    ),
    "TRN056": Cause(
        "nothing-left-to-evaluate",
        Text(
            "eval_share leaves no row to train on, or none to evaluate on.",
            "按 eval_share 划分后，没有剩下可训练的数据，或没有可评估的数据。",
        ),
        Text(
            "Take another eval_share, or name eval_data.", "请换一个 eval_share，或写 eval_data。"
        ),
    ),
}
