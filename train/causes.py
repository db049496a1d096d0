"""Why a training can fail: the catalogue of TRN codes."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.errors import TrainError
from qtune.core.text import Text


@dataclass(frozen=True)
class Cause:
    name: str
    text: Text
    fix: Text


# Never reuse a number.
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
    "TRN020": Cause(
        "loss-not-finite",
        Text("The loss became NaN or infinite.", "损失变成了 NaN 或无穷大。"),
        Text(
            "Lower training.learning_rate, prefer bfloat16 to float16, and look at the data.",
            "请降低 training.learning_rate，用 bfloat16 代替 float16，并检查数据。",
        ),
    ),
    "TRN021": Cause(
        "loss-zero",
        Text(
            "The loss is exactly 0, so nothing is being learnt.",
            "损失恰好为 0，说明什么也没有学到。",
        ),
        Text(
            "Set QTUNE_DTYPE=float32 once to see whether the number format is the cause.",
            "请用 QTUNE_DTYPE=float32 试一次，看是不是数值格式的问题。",
        ),
    ),
    "TRN022": Cause(
        "out-of-memory",
        Text("The memory of the device is not enough.", "设备的显存（内存）不够。"),
        Text(
            "Set training.per_device_train_batch_size=1, keep activation_checkpointing on, lower "
            "max_length, or take a smaller model.",
            "请设 training.per_device_train_batch_size=1，保持 activation_checkpointing 打开，"
            "减小 max_length，或换更小的模型。",
        ),
    ),
    "TRN023": Cause(
        "disk-full",
        Text("The disk of the run directory is full.", "训练目录所在的磁盘满了。"),
        Text(
            "Free some space and run the same command again; it resumes.",
            "请清理磁盘后再次运行同样的命令，会接着训练。",
        ),
    ),
    "TRN024": Cause(
        "output-unwritable",
        Text("The run directory cannot be written.", "训练目录无法写入。"),
        Text("Name another output_dir.", "请换一个 output_dir。"),
    ),
    "TRN030": Cause(
        "run-changed",
        Text(
            "The run directory holds a training of another configuration, model or data; going on "
            "would mix the two.",
            "训练目录里是另一份配置、模型或数据的训练，继续下去会把两者混在一起。",
        ),
        Text(
            "Name another output_dir, or take the change back.",
            "请换一个 output_dir，或撤销改动。",
        ),
    ),
    "TRN031": Cause(
        "output-not-ours",
        Text(
            "The run directory holds a model that qtune did not write; it would be overwritten.",
            "训练目录里有不是 qtune 写入的模型，继续会把它覆盖。",
        ),
        Text("Name another output_dir.", "请换一个 output_dir。"),
    ),
    "TRN032": Cause(
        "output-busy",
        Text(
            "Another process is training into the same run directory.",
            "另一个进程正在往同一个训练目录里写。",
        ),
        Text("Wait for it, or name another output_dir.", "请等它结束，或换一个 output_dir。"),
    ),
    "TRN040": Cause(
        "packages-missing",
        Text(
            "A package that training needs is not installed, or broken.",
            "缺少训练所需的包，或者它已损坏。",
        ),
        Text('Run: pip install "qtune[train]"', '请运行：pip install "qtune[train]"'),
    ),
    "TRN041": Cause(
        "killed",
        Text(
            "The training process was killed from outside, usually because memory ran out.",
            "训练进程被强行结束，多半是内存不足。",
        ),
        Text(
            "Run the same command again to resume; take a smaller batch or max_length if it "
            "happens again.",
            "再次运行同样的命令可以接着训练；如果反复出现，请减小批大小或 max_length。",
        ),
    ),
    "TRN042": Cause(
        "child-died",
        Text(
            "The training process ended without saying why.",
            "训练进程没有说明原因就退出了。",
        ),
        Text("Read its last lines below.", "请看下面的最后几行输出。"),
    ),
    "TRN043": Cause(
        "not-offline",
        Text(
            "The training process was started without HF_HUB_OFFLINE=1.",
            "训练进程启动时没有设置 HF_HUB_OFFLINE=1。",
        ),
        Text("Start it with qtune run.", "请用 qtune run 启动。"),
    ),
}


def failure(code: str, detail: Text | None = None, fix: Text | None = None) -> TrainError:
    """The error of a code: what the catalogue says, then what was found this time."""
    cause = CAUSES[code]
    message = cause.text
    if detail is not None:
        message = Text(f"{cause.text.en}\n{detail.en}", f"{cause.text.zh}\n{detail.zh}")
    return TrainError(code, message, fix or cause.fix)
